"""Puts a list in force by renaming one file."""

import os
import struct

from loader import Loan, collect
from roll.credentials import BadList
from roll.head import ARRIVING, HEAD, HEAD_FORMAT, HEAD_MAGIC, OLD, head_mac, open_list, read_head
from roll.layout import SNAPSHOTS
from roll.record import CHANGE
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from roll.credentials import Credentials

    Pace = Callable[[], Awaitable[None]]
    Identity = tuple[int, int, bytes]  # base version, size in bytes, SHA-256

NO_SNAPSHOT = (0, 0, bytes(32))


def identities(credentials: "Credentials", key: bytes) -> "tuple[Identity, Identity]":
    """Which snapshot should be in the slot in use, and which in the other."""
    head = read_head(credentials.head, key)
    if head is None:
        return NO_SNAPSHOT, NO_SNAPSHOT
    named, other = (head.base, head.size, head.hash), (head.other_base, head.other_size, head.other_hash)
    return (named, other) if credentials.slot == head.slot else (other, named)


def place(credentials: "Credentials", key: bytes, identity: "Identity") -> "tuple[int, Identity, str]":
    """The slot for a list over the snapshot of this identity, what is in the other slot then, and the path
    at which that snapshot is to be had first: none where it is the one in use.
    """
    used, other = identities(credentials, key)
    slot = credentials.slot
    if credentials.whole and identity[1:] == used[1:]:
        return slot, other, ""
    return 1 - slot, used, SNAPSHOTS[1 - slot]


async def install(
    credentials: "Credentials",
    key: bytes,
    place: "tuple[int, int]",
    snapshots: "tuple[Identity, Identity]",
    delta: bytes,
    pace: "Pace",
) -> None:
    """Put a list in force. BadList: the flash is full, and the old list stays in force.

    `place` is its version and the slot of its snapshot; `snapshots` are those in that slot and in the other;
    `delta` holds the changes over the first. `pace` is awaited between writing the new head and its taking
    the old one's place; until then the old list is in force.
    """
    version, slot = place
    used, other = snapshots
    data = struct.pack(HEAD_FORMAT, HEAD_MAGIC, version, *used, *other, slot, len(delta) // CHANGE, 0)
    data += delta
    data += head_mac(key).digest(data)
    finish_rename()
    try:
        with open(ARRIVING, "wb") as file:
            file.write(data)
        await pace()
        await collect()
        await pace()
        _rename(credentials)
    except OSError:
        if files.exists(HEAD):
            files.remove(ARRIVING)
    open_list(credentials, key)
    await pace()
    if credentials.version != version:
        raise BadList("flash full")


def _rename(credentials: "Credentials") -> None:
    with Loan():  # for what cannot wait: no collection falls into this step, nor into the opening behind it
        if files.exists(HEAD):
            os.rename(HEAD, OLD)  # from here on the arriving one counts
            credentials.head = OLD  # and until it is open the changes of the one in use lie there
        os.rename(ARRIVING, HEAD)


def finish_rename() -> None:
    """Finish a rename that a power cut interrupted."""
    if files.exists(ARRIVING) and not files.exists(HEAD):
        os.rename(ARRIVING, HEAD)
