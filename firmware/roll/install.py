"""Puts a list in force, at one rename."""

import os
import struct

from roll.credentials import ListError
from roll.head import ARRIVING, HEAD, HEAD_FORMAT, HEAD_MAGIC, OLD, open_list, read_head, sealing
from roll.record import CHANGE
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials

    Identity = tuple[int, int, bytes]  # base version, size in bytes, SHA-256

NOTHING = (0, 0, bytes(32))


def identities(credentials: "Credentials", key: bytes) -> "tuple[Identity, Identity]":
    """What the snapshot in use should be, and what the one in the other slot should be."""
    head = read_head(credentials.head, key)
    if head is None:
        return NOTHING, NOTHING
    named, other = (head.base, head.size, head.hash), (head.other_base, head.other_size, head.other_hash)
    return (named, other) if credentials.slot == head.slot else (other, named)


def install(
    credentials: "Credentials",
    key: bytes,
    place: "tuple[int, int]",
    snapshots: "tuple[Identity, Identity]",
    delta: bytes,
) -> None:
    """Put a list in force, at one rename. ListError: no room, and the old one stays.

    `place` is its version and the slot of its snapshot; `snapshots` what is to be in that slot and in the
    other; `delta` the changes over it.
    """
    version, slot = place
    used, other = snapshots
    data = struct.pack(HEAD_FORMAT, HEAD_MAGIC, version, *used, *other, slot, len(delta) // CHANGE, 0)
    data += delta
    data += sealing(key).digest(data)
    settle()
    try:
        with open(ARRIVING, "wb") as file:
            file.write(data)
        if files.exists(HEAD):
            os.rename(HEAD, OLD)  # from here on the arriving one counts
        os.rename(ARRIVING, HEAD)
    except OSError:
        if files.exists(HEAD):
            files.remove(ARRIVING)
    open_list(credentials, key)
    if credentials.version != version:
        raise ListError("flash full")


def settle() -> None:
    """Let the head that arrived as the power went have its proper name."""
    if files.exists(ARRIVING) and not files.exists(HEAD):
        os.rename(ARRIVING, HEAD)
