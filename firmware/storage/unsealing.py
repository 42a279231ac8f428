"""Reads a file of sealed.py, of which no bit may be rotten."""

import struct

from micropython import const

from storage.hmac import equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.hmac import Mac

_HEAD = const(4)
_MAC = const(32)


def read(path: str, record: int, mac: "Mac") -> "tuple[int, bytearray]":
    """Sequence number and body, whole records of that size; 0 and nothing of a file that is not whole."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2) - _HEAD - _MAC
            if size >= 0 and size % record == 0:
                body = bytearray(size)
                file.seek(0)
                head = file.read(_HEAD)
                file.readinto(body)
                if equal(mac.digest(head, body), file.read(_MAC)):
                    return struct.unpack("<I", head)[0], body
    except OSError:
        pass
    return 0, bytearray()
