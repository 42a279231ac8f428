"""The broker's address over a power cut.

NVS "dns": the first 8 bytes of SHA-256 of the host, and its address of 4 bytes.
"""

import struct
from hashlib import sha256

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_KEPT = "dns"
_MARK = const(8)


def remember(numbers: "Numbers", host: str, address: str) -> None:
    """Remember where a host is. Costs nothing if that is known, and is no error where NVS has no room."""
    known = _mark(host) + bytes([int(part) for part in address.split(".")])
    try:
        if numbers.blob(_KEPT, len(known)) != known:
            numbers.set_blob(_KEPT, known)
    except OSError:
        pass  # it can be asked for again


def remembered(numbers: "Numbers", host: str) -> "str | None":
    """Where the host was."""
    try:
        known = numbers.blob(_KEPT, _MARK + 4)
    except OSError:
        return None
    if len(known) != _MARK + 4 or known[:_MARK] != _mark(host):
        return None
    return "{}.{}.{}.{}".format(*struct.unpack_from("4B", known, _MARK))


def _mark(host: str) -> bytes:
    return sha256(host.encode()).digest()[:_MARK]
