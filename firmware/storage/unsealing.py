"""Reads one copy of a file of sealed.py, and checks its MAC."""

import struct

from micropython import const

from storage.hmac import equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.hmac import Mac

_HEAD = const(4)
_MAC = const(32)


def read(path: str, record: int, mac: "Mac") -> "tuple[int, bytearray]":
    """Sequence number and body, records of `record` bytes each; 0 and no bytes if the copy is not whole."""
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
