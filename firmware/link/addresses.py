"""The broker's address over a power cut.

In NVS (storage/names.py) are the first 8 bytes of SHA-256 of the host, and its address of 4 bytes.
"""

import struct
from hashlib import sha256

from micropython import const

from storage.names import BROKER_ADDRESS, BROKER_ADDRESS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_MARK = const(8)


def remember(numbers: "Numbers", host: str, address: str) -> None:
    """Remember where a host is. Costs nothing if that is known, and is no error where NVS has no room."""
    known = _mark(host) + bytes([int(part) for part in address.split(".")])
    try:
        if numbers.blob(BROKER_ADDRESS, BROKER_ADDRESS_MAX) != known:
            numbers.set_blob(BROKER_ADDRESS, known)
    except OSError:
        pass  # it can be asked for again


def remembered(numbers: "Numbers", host: str) -> "str | None":
    """Where the host was."""
    try:
        known = numbers.blob(BROKER_ADDRESS, BROKER_ADDRESS_MAX)
    except OSError:
        return None
    if len(known) != BROKER_ADDRESS_MAX or known[:_MARK] != _mark(host):
        return None
    return "{}.{}.{}.{}".format(*struct.unpack_from("4B", known, _MARK))


def _mark(host: str) -> bytes:
    return sha256(host.encode()).digest()[:_MARK]
