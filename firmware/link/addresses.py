"""Stores the broker's address in NVS, so that a lock finds its broker after a power cut without DNS.

The value (storage/names.py) is the first 8 bytes of the host's SHA-256, then its IPv4 address in 4 bytes.
"""

from micropython import const

from storage.hmac import hashed
from storage.names import BROKER_ADDRESS, BROKER_ADDRESS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_MARK = const(8)


def remember(numbers: "Numbers", host: str, address: str) -> None:
    """Store the address of a host. Writes nothing if it is stored already; a full NVS is no error."""
    known = _mark(host) + bytes([int(part) for part in address.split(".")])
    try:
        if numbers.blob(BROKER_ADDRESS, BROKER_ADDRESS_MAX) != known:
            numbers.put_blob(BROKER_ADDRESS, known)
    except OSError:
        pass  # DNS will be asked again


def remembered(numbers: "Numbers", host: str) -> "str | None":
    """The stored address of a host, or None."""
    try:
        known = numbers.blob(BROKER_ADDRESS, BROKER_ADDRESS_MAX)
    except OSError:
        return None
    if len(known) != BROKER_ADDRESS_MAX or known[:_MARK] != _mark(host):
        return None
    return "{}.{}.{}.{}".format(*known[_MARK:])


def _mark(host: str) -> bytes:
    return hashed(host.encode())[:_MARK]
