"""The leases that the lock has heard of: when each ends, and by which credentials its people get in.

File (see storage/sealed.py): entries of 28 bytes, little-endian: digest 16, lease u16, what u16, end u32,
first seen u32. Of an entry that states a lease the first four bytes are the hours the lock had lived when
it was first seen. What learns from lists and judges them is in guard.py, loaded when a list comes.
"""

import struct

from micropython import const

from storage.sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

PATH = "/access/leases"
ENTRY = 28
ENTRIES_MAX = 96
ANCHORS_MAX = 4
IS_LEASE, KNOWN, PROVED, LEFT = range(4)  # what an entry is
_LEASE = const(16)  # places in an entry
_WHAT = const(18)
_END = const(20)
_HOUR = const(3600)


class Leases:
    """`numbers` keeps how many hours the lock has lived: a clock that was set forward ends no lease."""

    def __init__(self, key: bytes, numbers: "Numbers") -> None:
        self._file = Sealed(key, b"menshen leases v1", PATH)
        self._numbers = numbers
        self.table = self._file.load(ENTRY)
        self.changed = False

    def lived(self) -> int:
        """Hours that the lock has been under power, in all its life."""
        return self._numbers.get("lived")

    def over(self, lease: int, now: "int | None") -> bool:
        """Whether its people have moved out, or it has ended by the clock and by the hours the lock lived."""
        place = self.place(lease)
        if place < 0:
            return False
        if self.table[place + _WHAT] == LEFT:
            return True
        end, seen = struct.unpack_from("<II", self.table, place + _END)
        if not end or not seen or now is None or now < end:
            return False
        lived = self.lived() - struct.unpack_from("<I", self.table, place)[0]
        return lived * _HOUR * 8 >= (end - seen) * 7

    def proved(self, lease: int, digest: bytes, now: "int | None") -> None:
        """Somebody of this lease has got in by a credential of the list; save() keeps that."""
        anchors = self.anchors(lease)
        for place in anchors:
            if self.table[place : place + _LEASE] == digest:
                self.changed = self.changed or self.table[place + _WHAT] != PROVED
                self.table[place + _WHAT] = PROVED
                return
        if self.place(lease) < 0:
            return
        if len(anchors) >= ANCHORS_MAX:
            place = anchors[0]
            self.table[place : place + _WHAT] = digest + struct.pack("<H", lease)
            self.table[place + _WHAT] = PROVED
            self.changed = True
        else:
            self.add(digest, lease, PROVED)

    def opened(self, lease: int, digest: bytes) -> bool:
        """Whether somebody of this lease has got in by this credential of the list, when it was good."""
        table = self.table
        return any(
            table[place : place + _LEASE] == digest and table[place + _WHAT] == PROVED
            for place in self.anchors(lease)
        )

    def add(self, digest: bytes, lease: int, what: int, end: int = 0, seen: int = 0) -> bool:
        """Add an entry; False where the table is full."""
        if len(self.table) >= ENTRIES_MAX * ENTRY:
            return False
        self.table.extend(struct.pack("<16sHHII", digest, lease, what, end, seen))
        self.changed = True
        return True

    def place(self, lease: int) -> int:
        """Where the entry stands that states a lease or its end; -1 where there is none."""
        return self._next(lease, 0, (IS_LEASE, LEFT))

    def anchors(self, lease: int) -> "list[int]":
        """Where the credentials stand by which the people of a lease get in."""
        found, place = [], 0
        while True:
            place = self._next(lease, place, (KNOWN, PROVED))
            if place < 0:
                return found
            found.append(place)
            place += ENTRY

    def write(self) -> None:
        """Keep the table if it has changed. OSError where the flash is full."""
        if self.changed:
            self._file.save(self.table)
            self.changed = False

    def save(self) -> None:
        """Keep what proved() has learned, and bring the second copy up to date. For when nobody is there."""
        try:
            self.write()
        except OSError:
            return  # it is tried again
        self._file.ensure_copy(self.table)

    def _next(self, lease: int, place: int, whats: "tuple[int, int]") -> int:
        table, low, high = self.table, lease & 0xFF, lease >> 8
        while place < len(table):
            if (
                table[place + _LEASE] == low
                and table[place + _LEASE + 1] == high
                and table[place + _WHAT] in whats
            ):
                return place
            place += ENTRY
        return -1
