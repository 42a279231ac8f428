"""tls of the ESP32 port: sessions take ESP-IDF's memory, and certificates' dates go by the chip's clock.

mbedTLS still compares them with the computer's clock as well, and does all the rest. Both dates of each
certificate of the chain are checked in the handshake, as on the chip: of those that the other side shows, and
of the authority that signed them. Another authority that is also trusted may have ended.
"""

import io
import os
import select

import tls
from micropython import const

import machine

PROTOCOL_TLS_CLIENT, CERT_REQUIRED = tls.PROTOCOL_TLS_CLIENT, tls.CERT_REQUIRED
_UTC_TIME = const(0x17)  # tag of YYMMDDhhmmssZ (X.690); from 2050 on it is YYYYMMDDhhmmssZ
_VERSION = const(0xA0)  # tag of what may stand first in a certificate
_IN_THE_FUTURE = "\nThe certificate validity starts in the future\n"
_EXPIRED = "\nThe certificate validity has expired\n"
_REFUSED = const(-0x2700)  # MBEDTLS_ERR_X509_CERT_VERIFY_FAILED
_POLL = const(3)  # py/stream.h: MP_STREAM_POLL
_GET_FILENO = const(10)  # and MP_STREAM_GET_FILENO
_HANDSHAKE = const(37_888)  # bytes, for a moment: 36 KB were too little, and 40 enough


def wrong_dates(certificate: bytes) -> str:
    """What mbedTLS says where the chip's clock is outside a certificate's dates; else ""."""
    year, month, day, _, hour, minute, second, _ = machine.RTC().datetime()
    now = b"%04d%02d%02d%02d%02d%02dZ" % (year, month, day, hour, minute, second)
    begins, ends = _validity(certificate)
    if now < begins:
        return _IN_THE_FUTURE
    return _EXPIRED if now > ends else ""


def _validity(certificate: bytes) -> list:
    """Both dates, with four digits of the year: DER is walked, for a serial number may look like a date."""
    _, at, _ = _element(certificate, 0)  # Certificate (RFC 5280, 4.1)
    _, at, _ = _element(certificate, at)  # TBSCertificate
    tag, _, end = _element(certificate, at)
    if tag == _VERSION:
        at = end
    for _ in ("serial number", "algorithm", "issuer"):
        _, _, at = _element(certificate, at)
    _, at, _ = _element(certificate, at)
    dates = []
    for _ in ("not before", "not after"):
        tag, start, at = _element(certificate, at)
        text = bytes(certificate[start:at])
        century = b"" if tag != _UTC_TIME else b"20" if text < b"50" else b"19"
        dates.append(century + text)
    return dates


def _element(der: bytes, at: int) -> tuple:
    """(tag, where its content begins, where it ends) of the element at `at` (X.690, 8.1)."""
    length, start = der[at + 1], at + 2
    if length & 0x80:
        count = length & 0x7F
        length, start = int.from_bytes(der[start : start + count], "big"), start + count
    return der[at], start, start + length


class Session(io.IOBase):
    """Its memory is kept until it is closed; one that has no `size` never gets an answer."""

    def __init__(self, real, context, account, size: int, fd: int) -> None:
        account.take(size)
        self._fd, self._waits = fd, True
        self._real, self._context, self._account, self._size = real, context, account, size
        self._poller = select.poll() if size else None
        self.read, self.readinto, self.readline = real.read, real.readinto, real.readline

    def write(self, data):
        if not self._size:
            return None
        try:
            count = self._real.write(data)
        except (OSError, ValueError):
            if self._context.wrong:
                raise ValueError(self._context.wrong)
            raise
        self._waits = count != len(data)
        return count

    def ioctl(self, request: int, argument: int) -> int:
        """Once the handshake is done there is a descriptor to wait at: else see flag.py.

        None while something waits to be written, or is there to be read: mbedTLS knows what it waits for.
        """
        if request == _GET_FILENO:
            return -1 if self._waits or self.ioctl(_POLL, select.POLLIN) else self._fd
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
    """Raises where the chip's handshake would. `account`: set by the start of the chip."""

    account = None

    def __init__(self, protocol: int) -> None:
        self._context = tls.SSLContext(protocol)
        self._context.verify_callback = self._look
        self.wrong = ""
        self.load_cert_chain = self._context.load_cert_chain
        self.load_verify_locations = self._context.load_verify_locations

    @property
    def verify_mode(self) -> int:
        return self._context.verify_mode

    @verify_mode.setter
    def verify_mode(self, mode: int) -> None:
        self._context.verify_mode = mode

    def _look(self, certificate: bytes, depth: int) -> int:
        self.wrong = self.wrong or wrong_dates(bytes(certificate))
        return _REFUSED if self.wrong else 0

    def wrap_socket(self, sock, **options):
        self.wrong = ""
        account = self.account
        account.take(0)
        size = account.session if account.largest + account.small >= _HANDSHAKE else 0
        how = os.getenv("MENSHEN_TLS_FAILS")
        if not size and how == "memory":
            raise OSError(12)  # ENOMEM
        if not size and how != "silence":
            raise ValueError("\nThe certificate is not correctly signed by the trusted CA\n")
        return Session(self._context.wrap_socket(sock, **options), self, account, size, sock.fileno())
