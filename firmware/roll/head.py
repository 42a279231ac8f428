"""The head of the list: which snapshot is in force, in which file, and the changes over it."""

import os
import struct

from micropython import const

import console
from roll.layout import CHANGES_MAX, MAGIC, SNAPSHOTS
from roll.record import CHANGE, FRONT, RECORD
from storage import files
from storage.hmac import Mac, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials

HEAD = "/access/head"
ARRIVING = "/access/head.new"
OLD = "/access/head.old"
HEAD_FORMAT = "<4sIII32sII32sBBH"  # magic, version; base, size, SHA-256; those of the other; slot, changes, 0
HEAD_MAGIC = b"MNH2"
_HEAD = const(92)  # bytes
_MAC = const(32)


class Head:
    """What the lock holds: a snapshot in slot 0 or 1, what the other slot should hold, and the changes."""

    def __init__(self, data: bytes) -> None:
        (_, self.version, self.base, self.size, self.hash, self.other_base, self.other_size, self.other_hash,
         self.slot, self.count, _) = struct.unpack_from(HEAD_FORMAT, data)  # fmt: skip
        self.changes = data[_HEAD:-_MAC]


def sealing(key: bytes) -> Mac:
    """What the head is sealed with; `key` is the lock's."""
    return Mac(Mac(key).digest(b"menshen store v1"))


def read_head(path: str, key: bytes) -> "Head | None":
    """The head in a file, None where it is not there or not whole."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            if not _HEAD + _MAC <= size <= _HEAD + CHANGES_MAX * CHANGE + _MAC:
                return None
            file.seek(0)
            data = file.read(size)
    except OSError:
        return None
    if data[:4] != HEAD_MAGIC:
        return None
    if not equal(sealing(key).digest(memoryview(data)[:-_MAC]), data[-_MAC:]):
        return None
    return Head(data)


def open_list(credentials: "Credentials", key: bytes) -> None:
    """Choose the head, and the snapshot: the one it names, or failing that the other.

    `key` is the lock's. Without a whole list there is an empty one, and the log says so.
    """
    credentials.close()
    for path in HEAD, ARRIVING, OLD:
        head = read_head(path, key)
        if head is not None:
            if _use(credentials, head.slot, head.size):
                _adopt(credentials, path, head, head.base, path != OLD)
                return
            _complain()
            if _use(credentials, 1 - head.slot, head.other_size):
                _adopt(credentials, path, head, head.other_base, head.other_hash == head.hash and path != OLD)
                return
        elif path == HEAD and files.exists(path):
            _complain()
    console.error("roll", "there is no whole list of credentials")


def _complain() -> None:
    console.error("roll", "the list of credentials is broken")


def _use(credentials: "Credentials", slot: int, size: int) -> bool:
    """Open a snapshot if there is one of this size; whether its bits are right is seen later."""
    if not size:
        return False
    try:
        if os.stat(SNAPSHOTS[slot])[6] != size:
            return False
        file = open(SNAPSHOTS[slot], "rb")
    except OSError:
        return False
    count = (size - FRONT) // RECORD
    if file.read(FRONT) != MAGIC + struct.pack("<III", count, 0, 0):
        file.close()
        return False
    credentials.file, credentials.slot, credentials.count = file, slot, count
    return True


def _adopt(credentials: "Credentials", path: str, head: Head, base: int, whole: bool) -> None:
    if path != HEAD or not whole:
        console.warning("roll", "using the list of version %d from %s" % (base, path))
    credentials.head, credentials.whole = path, whole
    credentials.version, credentials.base = head.version, base
    credentials.firsts = bytes([head.changes[at] for at in range(1, len(head.changes), CHANGE)])
