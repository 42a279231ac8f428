"""tls of the ESP32 port: sessions take ESP-IDF's memory, and certificates' dates go by the chip's clock.

mbedTLS still compares them with the computer's clock as well, and does all the rest.
"""

import io
import os
import select

import tls
from micropython import const

import machine

PROTOCOL_TLS_CLIENT, CERT_REQUIRED = tls.PROTOCOL_TLS_CLIENT, tls.CERT_REQUIRED
_UTC_TIME = b"\x17\x0d"  # tag and length of YYMMDDhhmmssZ (X.690); the first of a certificate is notBefore
_POLL = const(3)  # py/stream.h: MP_STREAM_POLL
_HANDSHAKE = const(37_888)  # bytes, for a moment: 36 KB were too little, and 40 enough


class Session(io.IOBase):
    """Its memory is kept until it is closed; one that has no `size` never gets an answer."""

    def __init__(self, real, account, size: int) -> None:
        account.take(size)
        self._real, self._account, self._size = real, account, size
        self._poller = select.poll() if size else None
        self.read, self.readinto, self.readline = real.read, real.readinto, real.readline
        self.write = real.write if size else lambda data: None

    def ioctl(self, request: int, argument: int) -> int:
        if request == _POLL and self._poller:
            self._poller.register(self._real, argument)
            for _, happened in self._poller.ipoll(0):
                return happened
        return 0

    def close(self) -> None:
        self._account.largest += self._size
        self._size = 0
        self._real.close()


class SSLContext:
    """Raises where the chip's handshake would, a little earlier. `account`: set by the start of the chip."""

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
        account = self.account
        account.take(0)
        size = account.session if account.largest + account.small >= _HANDSHAKE else 0
        how = os.getenv("MENSHEN_TLS_FAILS")
        if not size and how == "memory":
            raise OSError(12)  # ENOMEM
        if not size and how != "silence":
            raise ValueError("\nThe certificate is not correctly signed by the trusted CA\n")
        return Session(self._context.wrap_socket(sock, **options), account, size)
