"""Puts a list in force, at one rename. Loaded when a list comes, and unloaded after."""

import os
import struct

from micropython import const

from roll.head import ARRIVING, HEAD, HEAD_FORMAT, HEAD_MAGIC, OLD, read_head, sealing
from roll.layout import ListError
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials

    Identity = tuple[int, int, bytes]  # base version, size in bytes, SHA-256

_CHANGE = const(33)
NOTHING = (0, 0, bytes(32))


def identities(credentials: "Credentials", key: bytes) -> "tuple[Identity, Identity]":
    """What the snapshot in use should be, and what the one in the other slot should be."""
    head = read_head(credentials.head, key)
    if head is None:
        return NOTHING, NOTHING
    named, other = (head.base, head.size, head.hash), (head.other_base, head.other_size, head.other_hash)
    return (named, other) if credentials.slot == head.slot else (other, named)


def choose(
    credentials: "Credentials", key: bytes, version: int, slot: int, used: "Identity", other: "Identity",
    delta: bytes,
) -> None:  # fmt: skip
    """Put a list in force, at one rename. ListError: no room, and the old one stays."""
    data = struct.pack(HEAD_FORMAT, HEAD_MAGIC, version, *used, *other, slot, len(delta) // _CHANGE, 0)
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
    credentials.open(key)
    if credentials.version != version:
        raise ListError("flash full")


def settle() -> None:
    """Let the head that arrived as the power went have its proper name."""
    if files.exists(ARRIVING) and not files.exists(HEAD):
        os.rename(ARRIVING, HEAD)
