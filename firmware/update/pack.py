"""Reads a slot's file, or the head of one, entry by entry: what is in it, where (tools/release/pack.py).

The index is in RAM only while it is looked at.
"""

import os
import struct

from micropython import const

from update.version import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import BinaryIO

    Pace = Callable[[], Awaitable[None]]

_HEAD = const(12)
_HASH = const(32)
_INDEX_MAX = const(2560)  # bytes
_NAME_MAX = const(40)


async def plan(table: str, running: str, size: int, pace: "Pace") -> "tuple[int, int, bytearray]":
    """What to do for a pack of `size` bytes whose head is the file `table`: where its hashes begin, where its
    data begins, and for each file its size u32 and its place in the pack `running` u32, or 0 where that has
    none of this hash. Raises Refused, OSError.
    """
    with open(table, "rb") as file:
        head = Pack(file)
        if head.start != os.stat(table)[6] or head.size != size:
            raise Refused("bad files")
        head.check()
        sizes = bytearray()
        for _, _, count in head.lines():
            sizes += struct.pack("<II", count, 0)
    try:
        with open(running, "rb") as file, open(table, "rb") as wanted:
            wanted.seek(head.hashes)
            _look_up(Pack(file), wanted, sizes)
            await pace()
    except (OSError, Refused):
        pass  # the running slot is no pack: everything is fetched
    return head.hashes, head.start, sizes


def _look_up(running: "Pack", wanted: "BinaryIO", sizes: bytearray) -> None:
    """Fill in the places."""
    places = [(place, count) for _, place, count in running.lines()]
    held = running.read_hashes()
    for n in range(0, len(sizes), 8):
        digest = wanted.read(_HASH)
        at = held.find(digest)
        while at >= 0 and at % _HASH:
            at = held.find(digest, at + 1)
        if at >= 0:
            place, count = places[at // _HASH]
            if count == struct.unpack_from("<I", sizes, n)[0]:
                struct.pack_into("<I", sizes, n + 4, place)


class Pack:
    """`file` is open for reading at its beginning. `size` of the whole; where hashes and data begin.

    Raises Refused("bad files") where this is no pack: every name must be a plain path within the slot, and
    the places must rise from 0.
    """

    def __init__(self, file: "BinaryIO") -> None:
        head = file.read(_HEAD)
        index = int.from_bytes(head[4:6], "little")
        self.count = int.from_bytes(head[6:8], "little")
        if len(head) != _HEAD or head[:4] != b"MNP1" or not 2 < index <= _INDEX_MAX:
            raise Refused("bad files")
        self._index = index
        self.hashes = _HEAD + index
        self.start = self.hashes + _HASH * self.count
        self.size = self.start + int.from_bytes(head[8:12], "little")
        self._file = file

    def check(self) -> None:
        """Read every line. Raises Refused."""
        last = b""
        for name, _, _ in self.lines():
            if name <= last or not _is_plain(name):
                raise Refused("bad files")
            last = name

    def read_hashes(self) -> bytes:
        """The SHA-256s, one after the other."""
        self._file.seek(self.hashes)
        return self._file.read(_HASH * self.count)

    def lines(self) -> "Iterator[tuple[bytes, int, int]]":
        """Name, place in the file and size, line by line. Raises Refused."""
        self._file.seek(_HEAD)
        index = self._file.read(self._index)
        at, n, place = 1, 0, 0
        if len(index) != self._index or index[:1] != b"\n" or index[-1:] != b"\n":
            raise Refused("bad files")
        while at < len(index):
            end = index.find(b"\n", at)
            name, gap, number = index[at:end].partition(b" ")
            following = self._place(index, end + 1)
            if n >= self.count or not gap or self._number(number) != place or following < place:
                raise Refused("bad files")
            yield name, self.start + place, following - place
            at, n, place = end + 1, n + 1, following
        if n != self.count:
            raise Refused("bad files")

    def _place(self, index: bytes, at: int) -> int:
        """What the line at `at` says of its place; after the last line, the size of the data."""
        if at >= len(index):
            return self.size - self.start
        return self._number(index[at : index.find(b"\n", at)].partition(b" ")[2])

    def _number(self, text: bytes) -> int:
        if not text.isdigit() or len(text) > 8:
            raise Refused("bad files")
        return int(text)


def _is_plain(name: bytes) -> bool:
    """Letters, digits, `_` and `.` in parts that do not begin with a dot."""
    if not 0 < len(name) <= _NAME_MAX:
        return False
    for part in name.split(b"/"):
        if not part or part[0] == 0x2E:
            return False
        for c in part:
            if not (0x61 <= c <= 0x7A or 0x30 <= c <= 0x39 or 0x41 <= c <= 0x5A or c in b"_."):
                return False
    return True
