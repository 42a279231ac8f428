"""What the list's files are, how one goes through them, and how a list is refused.

Loaded with whatever takes a list, and unloaded after.
"""

from micropython import const

from roll.credentials import Credential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

SNAPSHOTS = ("/access/a", "/access/b")
MAGIC = b"MNL2"
COUNT_MAX = 20_000
CHANGES_MAX = 32  # a signed head with these is 2.3 KB, the longest message that is held in RAM
_FRONT = const(16)  # of a snapshot: magic, count u32, two zeros
_RECORD = const(32)
_CHANGE = const(33)  # 1 put, 0 remove; the record
_DIGEST = const(16)
_WINDOW = const(512)


class ListError(Exception):
    """A list that cannot be taken; `reason` is "bad records", "flash full" or one of the lease guard's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


def each(file: "BinaryIO", laid: bytes) -> "Iterator[tuple[bytes, Credential]]":
    """The credentials of a snapshot with changes laid over it, with their digests, in order."""
    window = memoryview(bytearray(_WINDOW))
    place, at = _FRONT, 0
    while True:
        file.seek(place)
        size = file.readinto(window)
        if not size:
            break
        place += size
        for start in range(0, size - _RECORD + 1, _RECORD):
            digest = bytes(window[start : start + _DIGEST])
            while at < len(laid) and laid[at + 1 : at + 1 + _DIGEST] < digest:
                if laid[at]:
                    yield laid[at + 1 : at + 1 + _DIGEST], Credential(laid[at + 1 : at + _CHANGE])
                at += _CHANGE
            if laid[at + 1 : at + 1 + _DIGEST] != digest:
                yield digest, Credential(window[start : start + _RECORD])
    while at < len(laid):
        if laid[at]:
            yield laid[at + 1 : at + 1 + _DIGEST], Credential(laid[at + 1 : at + _CHANGE])
        at += _CHANGE
