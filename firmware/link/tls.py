"""Makes the context for mutual TLS with the operator's broker.

The files are DER (X.690): the lock's key /tls/lock.key.der (SEC 1), its certificate /tls/lock.crt.der, and
/tls/ca.crt.der, the only authority that is trusted, or two of them one behind the other while one takes the
other's place. mbedTLS checks the broker's certificate against them, the host name, and the chip's clock.
"""

import hashlib

import tls
from micropython import const

from access.clock import seconds
from link.errors import TlsError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

FOLDER = "/tls/"
HOME = "/tls/home.crt.der"
_UTC_TIME = const(0x17)  # tag of YYMMDDhhmmssZ, for dates before 2050 (RFC 5280, 4.1.2.5)
_GENERALIZED_TIME = const(0x18)  # and of YYYYMMDDhhmmssZ
_VERSION = const(0xA0)  # which certificates of version 1 have not
_LONG = const(0x80)  # and more: as many bytes of the length follow


def context(folder: str = FOLDER, made: "Any" = None) -> "Any":
    """A context for any number of sessions, one after the other: `made`, or a new one. Raises TlsError.

    It uses MicroPython's built-in module `tls`, since not every port has `ssl`, which wraps it.
    """
    made, lock, authority = _made(made), folder + "lock.crt.der", folder + "ca.crt.der"
    _load(
        lock + ", lock.key.der: a certificate and its key",
        made.load_cert_chain,
        read(lock),
        read(folder + "lock.key.der"),
    )
    for der in parts(read(authority)):
        _load(authority + ": the authority's certificate", made.load_verify_locations, der)
    return made


def trusting(path: str, sha256: bytes) -> "Any":
    """A context that trusts the one certificate in a file, and shows none. Raises TlsError.

    It is an authority's, or a broker's own that has signed itself. `sha256` is the hash of the file.
    """
    made, trusted = _made(), read(path)
    if hashlib.sha256(trusted).digest() != sha256:
        raise TlsError(path + " is not the certificate that the settings name: provision the lock again")
    _load(path + ": a certificate", made.load_verify_locations, trusted)
    return made


def _made(made: "Any" = None) -> "Any":
    made = made or tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
    made.verify_mode = tls.CERT_REQUIRED
    return made


def _load(what: str, load: "Callable[..., None]", *contents: bytes) -> None:
    """Have a context load what is in files. Raises TlsError."""
    try:
        load(*contents)
    except ValueError:
        raise TlsError(what + " in DER would be right")


def ends(folder: str = FOLDER) -> int:
    """When the lock's certificate ends, or before it the last authority; seconds since 1970. TlsError."""
    last = max([end_of(authority) for authority in parts(read(folder + "ca.crt.der"))])
    return min(end_of(read(folder + "lock.crt.der")), last)


def home_ends() -> int:
    """When the certificate that is trusted for a tenant's broker ends; 0 if nobody can tell."""
    try:
        return end_of(read(HOME))
    except TlsError:
        return 0


def parts(der: bytes) -> "list[bytes]":
    """The certificates that lie one after the other; anything else stays one piece (X.690, 8.1.3.5)."""
    found, at = [], 0
    while der[at : at + 2] == b"\x30\x82" and len(der) >= at + 4:
        end = at + 4 + int.from_bytes(der[at + 2 : at + 4], "big")
        found.append(der[at:end])
        at = end
    return found if found and at == len(der) else [der]


def end_of(certificate: bytes) -> int:
    """When a certificate ends. TlsError if it has no dates."""
    return dates(certificate)[1]


def dates(certificate: bytes) -> "tuple[int, int]":
    """The first and the last second in which a certificate holds (RFC 5280, 4.1 and 4.1.2.5). TlsError.

    They are found by the lengths of what lies before them: a serial number is random, and may look like a
    date.
    """
    try:
        at = _element(certificate, _element(certificate, 0)[0])[0]  # in what is signed
        for _ in range(4 if certificate[at] == _VERSION else 3):  # serial number, algorithm, issuer
            at = _element(certificate, at)[1]
        begins, at = _date(certificate, _element(certificate, at)[0])
        return begins, _date(certificate, at)[0]
    except (ValueError, IndexError):
        raise TlsError("a certificate without dates")


def _element(der: bytes, at: int) -> "tuple[int, int]":
    """Where the contents of the element at `at` begin and end (X.690, 8.1.3). ValueError, IndexError."""
    size, begin = der[at + 1], at + 2
    if size > _LONG:
        begin += size - _LONG
        if begin > at + 4:
            raise ValueError
        size = int.from_bytes(der[at + 2 : begin], "big")
    return begin, begin + size


def _date(certificate: bytes, at: int) -> "tuple[int, int]":
    """(seconds since 1970, where it ends) of the date at `at`. ValueError, IndexError."""
    begin, end = _element(certificate, at)
    text = certificate[begin:end].decode()
    if certificate[at] == _UTC_TIME:
        text = ("20" if text < "50" else "19") + text
    elif certificate[at] != _GENERALIZED_TIME:
        raise ValueError
    return seconds(int(text[:4]), *[int(text[n : n + 2]) for n in range(4, 14, 2)]), end


def read(path: str) -> bytes:
    """A file of /tls. TlsError where it is missing."""
    try:
        with open(path, "rb") as file:
            return file.read()
    except OSError:
        raise TlsError(path + " cannot be read: provision the lock again")
