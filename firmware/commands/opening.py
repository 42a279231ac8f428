"""Judges a message by which a resident opens from afar; access/README.md has the format. Lent for each."""

import struct
from hashlib import sha256

from micropython import const

import console
from storage.hmac import Mac, equal
from storage.names import OPENED_FROM_AFAR
from storage.purposes import GUEST_KEY_CHECK, REMOTE_OPENING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.nvs import Numbers

SIZE = const(24)  # number of the key 4, time u32, MAC 16
_LATE_S = const(60)
_EARLY_S = const(30)  # by so much may the phone's clock be ahead
_EPOCH = const(1_700_000_000)  # so that a 32-bit number lasts until 2091


def whose(
    lock: str,
    message: "bytes | bytearray",
    keys: "Iterable[tuple[int, bytes]]",
    numbers: "Numbers",
    now: "int | None",
) -> "int | None":
    """The lease whose guest key has signed this, once and within a minute; None where nobody's has.

    `keys` are (lease, guest key), `now` is seconds since 1970. When this returns a lease, the message's time
    is stored, and no message of that time or before is obeyed any more.
    """
    if now is None or len(message) != SIZE:
        return None
    number = bytes(message[:4])
    lease, key = _named(number, keys)
    time = struct.unpack_from("<I", message, 4)[0]
    if not key or not now - _LATE_S <= time <= now + _EARLY_S:
        return None
    mac = Mac(key).digest(REMOTE_OPENING, lock.encode(), message[:8])
    if not equal(mac[:16], bytes(message[8:])):
        return None
    mark = time - _EPOCH
    if mark <= numbers.get(OPENED_FROM_AFAR):
        return None
    try:
        numbers.set(OPENED_FROM_AFAR, mark)
    except OSError:
        console.error("tenant", "NVS is full: nobody opens from afar")
        return None
    return lease


def _named(number: bytes, keys: "Iterable[tuple[int, bytes]]") -> "tuple[int, bytes]":
    """The lease and key of this number."""
    for lease, key in keys:
        if equal(sha256(GUEST_KEY_CHECK + key).digest()[:4], number):
            return lease, key
    return 0, b""
