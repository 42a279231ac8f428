"""Stores the leases that the lock knows of: when each ends, and by which credentials its people get in.

File (see storage/sealed.py): entries of 28 bytes, little-endian: digest 16, lease u16, what u16, end u32,
first seen u32. In an entry that states a lease the first four bytes of the digest are the hours that the
lock had lived when the lease was first seen. guard.py, loaded when a list comes, learns from lists and judges
them.
"""

import struct

from micropython import const

from roll.record import DIGEST
from storage.names import LIVED
from storage.purposes import LEASES_FILE
from storage.sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

PATH = "/access/leases"
ENTRY = 28
ENTRIES_MAX = 96
ANCHORS_MAX = 4
ENTRY_FORMAT = "<16sHHII"  # digest, lease, what the entry is, end, first seen
WHAT = const(18)  # places in an entry
END = const(20)
SEEN = const(24)

# What an entry is.
IS_LEASE = 0  # states a lease
KNOWN = 1  # a credential by which its people should get in
PROVED = 2  # one by which they have got in
MOVED_OUT = 3  # states a lease whose people have moved out

_HOUR = const(3600)


class Leases:
    """`numbers` holds how many hours the lock has lived: a clock that was set forward ends no lease."""

    def __init__(self, key: bytes, numbers: "Numbers") -> None:
        self._file = Sealed(key, LEASES_FILE, PATH)
        self._numbers = numbers
        self.table = self._file.load(ENTRY)
        self.changed = False

    def lived(self) -> int:
        """Hours that the lock has been under power, in all its life."""
        return self._numbers.get(LIVED)

    def over(self, lease: int, now: "int | None") -> bool:
        """Whether its people have moved out, or it has ended by the clock and by the hours the lock lived."""
        place = self.place(lease)
        if place < 0:
            return False
        if self.table[place + WHAT] == MOVED_OUT:
            return True
        end, seen = struct.unpack_from("<II", self.table, place + END)
        if not end or not seen or now is None or now < end:
            return False
        lived = self.lived() - struct.unpack_from("<I", self.table, place)[0]
        return lived * _HOUR * 8 >= (end - seen) * 7

    def proved(self, lease: int, digest: bytes, now: "int | None") -> None:
        """Note that somebody of this lease has got in by a credential of the list; save() stores that."""
        anchors = self.anchors(lease)
        for place in anchors:
            if self.table[place : place + DIGEST] == digest:
                self.changed = self.changed or self.table[place + WHAT] != PROVED
                self.table[place + WHAT] = PROVED
                return
        if self.place(lease) < 0:
            return
        if len(anchors) >= ANCHORS_MAX:
            place = anchors[0]
            self.table[place : place + WHAT] = digest + struct.pack("<H", lease)
            self.table[place + WHAT] = PROVED
            self.changed = True
        else:
            self.add(digest, lease, PROVED)

    def opened(self, lease: int, digest: bytes) -> bool:
        """Whether somebody of this lease has ever got in by this credential of the list."""
        table = self.table
        return any(
            table[place : place + DIGEST] == digest and table[place + WHAT] == PROVED
            for place in self.anchors(lease)
        )

    def add(self, digest: bytes, lease: int, what: int, end: int = 0, seen: int = 0) -> bool:
        """Add an entry; False where the table is full."""
        if len(self.table) >= ENTRIES_MAX * ENTRY:
            return False
        self.table.extend(struct.pack(ENTRY_FORMAT, digest, lease, what, end, seen))
        self.changed = True
        return True

    def place(self, lease: int) -> int:
        """The place of the entry that states a lease, or that it is over; -1 where there is none."""
        return self._next(lease, 0, (IS_LEASE, MOVED_OUT))

    def anchors(self, lease: int) -> "list[int]":
        """The places of the entries of the credentials by which the people of a lease get in."""
        found, place = [], 0
        while True:
            place = self._next(lease, place, (KNOWN, PROVED))
            if place < 0:
                return found
            found.append(place)
            place += ENTRY

    def write(self) -> None:
        """Write the table to the flash if it has changed. OSError where the flash is full."""
        if self.changed:
            self._file.save(self.table)
            self.changed = False

    def save(self) -> None:
        """Write what proved() has noted. To be called when nobody is at the door."""
        try:
            self.write()
        except OSError:
            pass  # the next call tries again

    def ensure_copy(self) -> None:
        """Bring the second copy up to date with what was written. To be called when nobody is at the door."""
        if not self.changed:
            self._file.ensure_copy(self.table)

    def _next(self, lease: int, place: int, whats: "tuple[int, int]") -> int:
        table, low, high = self.table, lease & 0xFF, lease >> 8
        while place < len(table):
            if (
                table[place + DIGEST] == low
                and table[place + DIGEST + 1] == high
                and table[place + WHAT] in whats
            ):
                return place
            place += ENTRY
        return -1
