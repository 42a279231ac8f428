"""Reads a slot's file, or the head of one, entry by entry. The format is in tools/release/pack.py.

Only one line of the index at a time is in RAM.
"""

import os

from micropython import const

from link.errors import Refused
from pace import Pace
from update.steps import BUILD, PLANNED, WANTED
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import BinaryIO

    from update.steps import Next, Update

    Turns = Callable[[], Awaitable[None]]
    Words = list[bytearray]

_HEAD = const(12)
_HASH = const(32)
_FRONT = const(4)
_PIECE = const(128)
_INDEX_MAX = const(2560)  # bytes
_NAME_MAX = const(40)
_LINE_MAX = const(50)


async def step(update: "Update", release: dict) -> "Next":
    """Plan what is copied, once the head of the pack has been fetched. Raises Refused, OSError."""
    running, table = "/slots/" + slot() + ".pack", release[WANTED][2]
    release[PLANNED] = await plan(table, running, release["slot"]["size"], table[:-5] + "plan", Pace())
    return BUILD, release


async def plan(table: str, running: str, size: int, path: str, pace: "Turns") -> "tuple[int, int]":
    """Plan how to build a pack of `size` bytes whose head is the file `table`. Raises Refused, OSError.

    The file `path` gets the size u32 of each file, and its place u32 in the pack `running`, 0 where that has
    none whose hash begins alike. In RAM it would divide what is free. Returns where hashes and data begin.
    """
    try:
        with open(running, "rb") as file:
            fronts, places = _tables(Pack(file))
    except (OSError, Refused):
        fronts, places = [], []  # the running slot has no pack: everything is fetched
    with open(table, "rb") as file, open(table, "rb") as wanted, open(path, "wb") as planned:
        head = Pack(file)
        if head.start != os.stat(table)[6] or head.size != size:
            raise Refused("bad files")
        head.read_all()
        wanted.seek(head.hashes)
        for _, _, count in head.lines():
            planned.write(count.to_bytes(4, "little") + _place(fronts, places, wanted.read(_HASH)[:_FRONT]))
            await pace()
    return head.hashes, head.start


def _tables(running: "Pack") -> "tuple[Words, Words]":
    """The first bytes of each file's hash, and each file's place. There may be no memory for either in one
    piece: 32 are in one.
    """
    fronts, places = _words(running.count), _words(running.count)
    for n, (_, place, _) in enumerate(running.lines()):
        _set(places, n, place.to_bytes(4, "little"))
    for n in range(running.count):
        _set(fronts, n, running.hash(n)[:_FRONT])
    return fronts, places


def _words(count: int) -> "Words":
    return [bytearray(_PIECE) for _ in range(0, 4 * count, _PIECE)]


def _set(words: "Words", n: int, value: bytes) -> None:
    place = 4 * (n & 31)
    words[n >> 5][place : place + 4] = value


def _place(fronts: "Words", places: "Words", front: bytes) -> "bytes | bytearray":
    """The place of the file whose hash begins with `front`; 0 if there is none."""
    for k, some in enumerate(fronts):
        at = some.find(front)
        while at % _FRONT:  # -1, too
            if at < 0:
                break
            at = some.find(front, at + 1)
        else:
            return places[k][at : at + _FRONT]
    return bytes(4)


class Pack:
    """`file` is open for reading at its beginning. `size` is that of the whole pack, `hashes` and `start` are
    where hashes and data begin.

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

    def read_all(self) -> None:
        """Read every line. Raises Refused."""
        last = b""
        for name, _, _ in self.lines():
            if name <= last or not _is_plain(name):
                raise Refused("bad files")
            last = name

    def hash(self, n: int) -> bytes:
        """The SHA-256 of file n."""
        self._file.seek(self.hashes + _HASH * n)
        return self._file.read(_HASH)

    def lines(self) -> "Iterator[tuple[bytes, int, int]]":
        """Name, place in the file and size, line by line. Raises Refused."""
        file, left = self._file, self._index - 1
        file.seek(_HEAD)
        name, place = b"", 0
        good = file.read(1) == b"\n"
        for n in range(self.count + 1):
            line = b" %d\n" % (self.size - self.start)  # where the last file ends
            if n < self.count:
                line = file.readline(min(left, _LINE_MAX))
                left -= len(line)
            following, gap, number = line[:-1].partition(b" ")
            end = self._number(number)
            if not good or line[-1:] != b"\n" or not gap or end < place or (end and not n):
                raise Refused("bad files")
            if n:
                yield name, self.start + place, end - place
            name, place = following, end
        if left:
            raise Refused("bad files")

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
