"""The files of the list: their paths, their limits, and an iterator over their records."""

from hashlib import sha256

from micropython import const

from roll.record import (
    CHANGE,
    DIGEST,
    FRONT,
    HEAD_FRONT,
    HOLIDAY,
    HOUSE_KEY,
    LEASE,
    RECORD,
    SCHEDULE,
    STAFF_PASSAGE,
    Credential,
)
from storage.purposes import LIST_HASH

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

SNAPSHOTS = ("/access/a", "/access/b")
MAGIC = b"MNL2"
COUNT_MAX = const(20_000)
CHANGES_MAX = const(32)  # a signed head with these is 2.3 KB, the longest message that is held in RAM
_END = b"\xff" * 17  # behind every digest
_WINDOW = const(256)  # in one piece, in a heap that is nearly full


def front(count: int) -> bytes:
    """How a snapshot of so many records begins."""
    return MAGIC + count.to_bytes(4, "little") + bytes(8)


def list_hash(snapshot: bytes, changes: bytes) -> bytes:
    """The 16 bytes that name a list: of the SHA-256 of its snapshot, and of the changes over it."""
    digest = sha256(LIST_HASH)
    digest.update(snapshot)
    digest.update(changes)
    return digest.digest()[:16]


def is_known(role: int, kind: int) -> bool:
    """Whether a record of this role may have this kind; for a schedule the kind is its days of the week."""
    if role in (LEASE, HOLIDAY, HOUSE_KEY):  # neither PIN nor card
        return kind <= 2
    return role == SCHEDULE or (0 < role <= STAFF_PASSAGE and 0 < kind <= 2)


def changes(head: str, count: int) -> bytes:
    """The changes over the snapshot in use, so many. Their MAC was good when the list was opened."""
    if not count:
        return b""
    with open(head, "rb") as file:
        file.seek(HEAD_FRONT)
        return file.read(count * CHANGE)


def each(file: "BinaryIO", laid: bytes) -> "Iterator[tuple[bytes, Credential]]":
    """(digest, credential) of each record of a snapshot with the changes `laid` over it, in order."""
    window = memoryview(bytearray(_WINDOW))
    place, at, size = FRONT, 0, 1
    while size:
        file.seek(place)
        size = file.readinto(window) or 0
        place += size
        for start in range(0, (size or RECORD) - RECORD + 1, RECORD):
            digest = bytes(window[start : start + DIGEST]) if size else _END
            while at < len(laid) and laid[at + 1 : at + 1 + DIGEST] < digest:
                if laid[at]:
                    yield laid[at + 1 : at + 1 + DIGEST], Credential(laid[at + 1 : at + CHANGE])
                at += CHANGE
            if size and laid[at + 1 : at + 1 + DIGEST] != digest:
                yield digest, Credential(window[start : start + RECORD])


def through(slot: int, laid: bytes) -> "Iterator[tuple[bytes, Credential]]":
    """each() of the snapshot in a slot."""
    with open(SNAPSHOTS[slot], "rb") as file:
        yield from each(file, laid)
