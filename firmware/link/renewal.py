"""Puts another certificate in the place of the lock's own or of the authority's, before the old one ends.

The command that brings it is signed; the checks here prevent that a slip of the operator's takes the lock off
the network. One file changes, whole or not at all, and the lock's key stays.
"""

import tls
from micropython import const

from link.errors import TlsError
from link.tls import FOLDER, dates, parts, read
from storage import files

LOCK = "lock"
AUTHORITY = "ca"
_AUTHORITIES = const(2)
# Of the subject's public key: P-256, and a bit string with an uncompressed point (RFC 5480, 2.1.1.1 and 2.2)
_POINT = b"\x06\x08\x2a\x86\x48\xce\x3d\x03\x01\x07\x03\x42\x00\x04"
_SIZE = const(64)


def replace(name: str, der: bytes, now: int, folder: str = FOLDER) -> bool:
    """Whether `der` took the place of "lock" or "ca". OSError of the flash, TlsError without an old one.

    A lock's certificate must be for its key. There is one authority, or two while one takes the other's
    place, and one of them must be trusted already. One certificate of those given must be within its dates
    `now`, in seconds since 1970.
    """
    path = folder + name + ".crt.der"
    held = read(path)
    given = parts(der)
    try:
        if not any(_holds(one, now) for one in given):
            return False
        made = tls.SSLContext(tls.PROTOCOL_TLS_CLIENT)
        if name == LOCK:
            if len(given) != 1 or not _key(der) or _key(der) != _key(held):
                return False
            made.load_cert_chain(der, read(folder + "lock.key.der"))
        else:
            if not 0 < len(given) <= _AUTHORITIES or not any(one in parts(held) for one in given):
                return False
            for one in given:
                made.load_verify_locations(one)
    except (TlsError, ValueError):
        return False
    files.write(path, (der,))
    return True


def _holds(certificate: bytes, now: int) -> bool:
    begins, ends = dates(certificate)
    return begins <= now <= ends


def _key(certificate: bytes) -> bytes:
    """The point that is the public key of a certificate; nothing where it is no P-256."""
    at = certificate.find(_POINT)
    return certificate[at + len(_POINT) : at + len(_POINT) + _SIZE] if at >= 0 else b""
