"""tls of the ESP32 port: sessions take ESP-IDF's memory, and certificates' dates go by the chip's clock.

mbedTLS still compares them with the computer's clock as well, and does all the rest.
"""

import io
import select

import tls
from micropython import const

import machine

PROTOCOL_TLS_CLIENT, CERT_REQUIRED = tls.PROTOCOL_TLS_CLIENT, tls.CERT_REQUIRED
_UTC_TIME = b"\x17\x0d"  # tag and length of YYMMDDhhmmssZ (X.690); the first of a certificate is notBefore


_POLL = const(3)  # py/stream.h: MP_STREAM_POLL


class Session(io.IOBase):
    """What it has of the account it keeps until it is closed. One without any gets no answer."""

    def __init__(self, real, account, size: int) -> None:
        self._real, self._account, self._size, self._silent = real, account, size, not size
        self.read, self.readinto, self.readline = real.read, real.readinto, real.readline
        if size:
            self.write = real.write

    def write(self, data) -> None:
        """None: not yet."""

    def ioctl(self, request: int, argument: int) -> int:
        if request != _POLL or self._silent:
            return 0
        poller = select.poll()
        poller.register(self._real, argument)
        for _, happened in poller.ipoll(0):
            return happened
        return 0

    def close(self) -> None:
        self._account.largest += self._size
        self._size = 0
        self._real.close()


class SSLContext:
    """Raises where the chip's handshake would, a little earlier."""

    account = None

    def __init__(self, protocol: int) -> None:
        self._context = tls.SSLContext(protocol)
        self._not_before = b""
        self.load_cert_chain = self._context.load_cert_chain

    @property
    def verify_mode(self) -> int:
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        self._context.verify_mode = mode

    def load_verify_locations(self, authority: bytes) -> None:
        self._context.load_verify_locations(authority)
        start = authority.index(_UTC_TIME) + len(_UTC_TIME)
        self._not_before = authority[start : start + 13]

    def wrap_socket(self, sock, **options):
        year, month, day, _, hour, minute, second, _ = machine.RTC().datetime()
        now = b"%02d%02d%02d%02d%02d%02dZ" % (year % 100, month, day, hour, minute, second)
        if now < self._not_before:
            raise ValueError("\nThe certificate validity starts in the future\n")
        kept = self.account.session()
        try:
            return Session(self._context.wrap_socket(sock, **options), self.account, kept)
        except (OSError, ValueError):
            self.account.largest += kept
            raise
