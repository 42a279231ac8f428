"""tls of the ESP32 port: dates of certificates are compared with the chip's clock, not the computer's.

mbedTLS still compares them with the computer's clock as well, and does all the rest.
"""

import tls

import machine

PROTOCOL_TLS_CLIENT, CERT_REQUIRED = tls.PROTOCOL_TLS_CLIENT, tls.CERT_REQUIRED
_UTC_TIME = b"\x17\x0d"  # tag and length of YYMMDDhhmmssZ (X.690); the first of a certificate is notBefore


class SSLContext:
    """Raises where the chip's handshake would, a little earlier."""

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
        return self._context.wrap_socket(sock, **options)
