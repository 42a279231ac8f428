"""socket of the ESP32 port: the computer's own, and no kinder than lwIP where a call waits.

Measured on an emulated ESP32 with stock MicroPython 1.24: a name to look up stops everything for 7 s a
server, a connect that waits takes 11 s to a dead address if it has a timeout and 59 s if it has none, and
setblocking(True) undoes an earlier settimeout. Here nobody answers such a call, and every address that
refuses is a dead one.
"""

import errno
import io
import select
import time

import usocket
from micropython import const
from usocket import *  # noqa: F403 (the module is shadowed by this one)

from bus import libc

_BROKER = "192.0.2.1"  # as the resolver of network.py says: no resolver is believed that says 127.0.0.1
_LOCALHOST = "127.0.0.1"
_POLL = const(3)  # py/stream.h: MP_STREAM_POLL,
_CLOSE = const(4)  # MP_STREAM_CLOSE
_GET_FILENO = const(10)  # and MP_STREAM_GET_FILENO
_LOOK_UP_MS = const(14_000)  # two servers, as an access point gives them
_TIMEOUT_MS = const(11_000)
_DEAD_MS = const(59_000)
_NOT_FOUND = const(-202)  # EAI_FAIL of lwIP
_INET = const(2)  # bits/socket.h: AF_INET
_is_address = libc.func("i", "inet_pton", "isp")
_number = bytearray(4)


def getaddrinfo(host, port, *more):
    """The result for a numeric address; a name takes as long as when no server answers."""
    if not _is_address(_INET, host, _number):
        time.sleep_ms(_LOOK_UP_MS)
        raise OSError(_NOT_FOUND)
    return usocket.getaddrinfo(_LOCALHOST if host == _BROKER else host, port, *more)


class socket(io.IOBase):  # noqa: N801 (the chip's name)
    """Everything that is not defined here is the computer's."""

    def __init__(self, *arguments) -> None:
        self._real = usocket.socket(*arguments)
        self._wait_ms = _DEAD_MS  # of a connect; 0: it does not wait

    def __getattr__(self, name):
        return getattr(self._real, name)

    def read(self, size: int = -1):
        return self._real.read(size)

    def readinto(self, buf):
        return self._real.readinto(buf)

    def write(self, data):
        return self._real.write(data)

    def recv(self, size: int):
        return self._real.recv(size)

    def send(self, data):
        return self._real.send(data)

    def close(self) -> None:
        self._real.close()

    def ioctl(self, request: int, argument: int) -> int:
        if request == _GET_FILENO:
            return self._real.fileno()
        if request == _CLOSE:  # by TLS
            self._real.close()
        if request != _POLL:
            return 0
        poller = select.poll()
        poller.register(self._real, argument)
        for _, happened in poller.ipoll(0):
            return happened
        return 0

    def setblocking(self, blocking) -> None:
        self.settimeout(None if blocking else 0)

    def settimeout(self, seconds) -> None:
        self._wait_ms = _DEAD_MS if seconds is None else _TIMEOUT_MS if seconds else 0
        self._real.settimeout(seconds)

    def connect(self, address) -> None:
        try:
            self._real.connect(address)
        except OSError:
            if self._wait_ms:
                time.sleep_ms(self._wait_ms)
                raise OSError(errno.ETIMEDOUT)
            raise
