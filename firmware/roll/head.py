"""Reads the head of the list, a small sealed file, and opens the snapshot and the changes that it names."""

import os
import struct

from micropython import const

import console
from roll.layout import CHANGES_MAX, SNAPSHOTS, front, list_hash
from roll.record import CHANGE, FRONT, HEAD_FRONT, RECORD
from storage import files
from storage.hmac import Mac, equal
from storage.purposes import LIST_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

    from roll.credentials import Credentials

FOLDER = "/access"
HEAD = "/access/head"
ARRIVING = "/access/head.new"
OLD = "/access/head.old"
HEAD_FORMAT = "<4sIII32sII32sBBH"  # magic, version; base, size, SHA-256; those of the other; slot, changes, 0
HEAD_MAGIC = b"MNH2"
_MAC = const(32)
IS_FOLDER = 0x4000  # the kind of os.stat() and os.ilistdir()


class Head:
    """What a head says of a list: see HEAD_FORMAT. `other_...` is the snapshot in the slot not in use."""

    def __init__(self, data: bytes) -> None:
        (_, self.version, self.base, self.size, self.hash, self.other_base, self.other_size, self.other_hash,
         self.slot, self.count, _) = struct.unpack_from(HEAD_FORMAT, data)  # fmt: skip
        self.changes = data[HEAD_FRONT:-_MAC]


def head_mac(key: bytes) -> Mac:
    """The MAC of the head; `key` is the lock's."""
    return Mac(Mac(key).digest(LIST_FILE))


def read_head(path: str, key: bytes) -> "Head | None":
    """The head in a file, None where it is not there or not whole."""
    try:
        with open(path, "rb") as file:
            size = file.seek(0, 2)
            if not HEAD_FRONT + _MAC <= size <= HEAD_FRONT + CHANGES_MAX * CHANGE + _MAC:
                return None
            file.seek(0)
            data = file.read(size)
    except OSError:
        return None
    if data[:4] != HEAD_MAGIC:
        return None
    if not equal(head_mac(key).digest(memoryview(data)[:-_MAC]), data[-_MAC:]):
        return None
    return Head(data)


def open_list(credentials: "Credentials", key: bytes) -> None:
    """Open the newest whole head, and the snapshot that it names, or failing that the other snapshot.

    `key` is the lock's. Without a whole list there is an empty one, and the console says so. After a
    MemoryError what was open before still is.
    """
    for path in HEAD, ARRIVING, OLD:
        head = read_head(path, key)
        if head is not None:
            if _adopt(credentials, path, head, (head.slot, head.size, head.base, head.hash), path != OLD):
                return
            _report_broken()
            other = 1 - head.slot, head.other_size, head.other_base, head.other_hash
            if _adopt(credentials, path, head, other, head.other_hash == head.hash and path != OLD):
                return
        elif path == HEAD and files.exists(path):
            _report_broken()
    credentials.close()
    if not is_folder(FOLDER):  # else nothing could ever be written there
        try:
            files.remove(FOLDER)  # a file that somebody has put in its place
            os.mkdir(FOLDER)
        except OSError:
            console.error("roll", "no folder for the list")
    console.error("roll", "there is no whole list of credentials")


def is_folder(path: str) -> bool:
    """Whether there is a folder of this name."""
    try:
        return os.stat(path)[0] == IS_FOLDER
    except OSError:
        return False


def _report_broken() -> None:
    console.error("roll", "the list of credentials is broken")


def _open_snapshot(path: str, size: int) -> "BinaryIO | None":
    """Open a snapshot if there is one of this size. roll/upkeep.py checks its bits later."""
    if not size:
        return None
    try:
        file = open(path, "rb")
    except OSError:
        return None
    if file.seek(0, 2) == size:
        file.seek(0)
        if file.read(FRONT) == front((size - FRONT) // RECORD):
            return file
    file.close()
    return None


def _adopt(credentials: "Credentials", path: str, head: Head, snapshot: tuple, whole: bool) -> bool:
    """Use this head with a snapshot: its slot, size, base version and SHA-256. Whether it is there."""
    slot, size, base, digest = snapshot
    file = _open_snapshot(SNAPSHOTS[slot], size)
    if file is None:
        return False
    name = list_hash(digest, head.changes)
    firsts = bytes([head.changes[at] for at in range(1, len(head.changes), CHANGE)])
    credentials.close()  # nothing below needs much memory
    credentials.file, credentials.slot, credentials.count = file, slot, (size - FRONT) // RECORD
    credentials.head, credentials.whole, credentials.firsts = path, whole, firsts
    credentials.version, credentials.base, credentials.hash = head.version, base, name
    if path != HEAD or not whole:
        console.warning("roll", "using the list of version %d from %s" % (base, path))
    return True
