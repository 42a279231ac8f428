"""Stores the leases that the lock knows of: when each begins and ends, and which are over.

File (see storage/sealed.py): entries of 28 bytes, little-endian: hours that the lock had run when it first
heard of the lease u32, stated start u32, flags u8, agreed u32, a zero, due u16, lease u16, what u16, end u32,
first heard of u32. `due` is the day of the lock's life on which what its residents have decided takes effect,
0 where that is nothing; `agreed` is an earlier end to which all of them agree, see consent.py. Times are
seconds since 1970, 0 where there is none. From a list that comes ledger.py learns leases, once guard.py has
judged the list. Version 0.1.0 stored credentials here, too; they no longer count.
"""

import struct

from micropython import const

from loader import Loan
from storage.names import LIVED
from storage.purposes import LEASES_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

PATH = "/access/leases"
ENTRY = 28
ENTRIES_MAX = 96
ENTRY_FORMAT = "<IIBIxHHHII"  # lived, start, flags, agreed, due, lease, what it is, end, first heard of
FLAGS = const(8)  # places in an entry
AGREED = const(9)
DUE = const(14)
_LEASE = const(16)
WHAT = const(18)
FIRST = const(24)

# Flags.
BEGUN = 1  # it has once been seen to run: no clock undoes that
STATED = 2  # a list's record has stated start and end
GIVEN_UP = 4  # its residents have given it up, and the operator is to be told
CONFIRMED = 8  # they have agreed to an earlier end, and the operator is to be told

# What an entry is. The numbers between were credentials, in 0.1.0.
RUNNING = 0
OVER = 3

_HOUR = const(3600)


class Leases:
    """`numbers` holds how many hours the lock has lived: a clock that was set forward ends no lease."""

    def __init__(self, key: bytes, numbers: "Numbers") -> None:
        self._key, self.numbers = key, numbers
        self._written = [0, 0, 0]  # of storage/sealed.py
        self.table = bytearray()
        self.changed = False
        with Loan():
            from storage.sealed import Sealed

            table = Sealed(key, LEASES_FILE, PATH, self._written).load(ENTRY)
            for place in range(0, len(table), ENTRY):
                if table[place + WHAT] in (RUNNING, OVER):
                    self.table.extend(table[place : place + ENTRY])

    def lived(self) -> int:
        """Hours that the lock has been under power, in all its life."""
        return self.numbers.get(LIVED)

    def over(self, lease: int, now: "int | None") -> bool:
        """Whether a lease's people have moved out, or it is over by the clock and by the lock's own hours."""
        place = self.place(lease)
        if place < 0:
            return False
        lived, start, _, _, _, _, what, end, heard = struct.unpack_from(ENTRY_FORMAT, self.table, place)
        if what == OVER:
            return True
        begin = heard or start
        if not end or not begin or now is None or now < end:
            return False
        return (self.lived() - lived) * _HOUR * 32 >= (end - begin) * 31

    def begun(self, lease: int, since: int) -> bool:
        """Whether a lease whose start is at `since` or later has once been seen to run."""
        place = self.place(lease)
        if place < 0 or not self.table[place + FLAGS] & BEGUN:
            return False
        return since <= struct.unpack_from("<I", self.table, place + 4)[0]

    def place(self, lease: int) -> int:
        """The place of the entry of a lease, -1 where there is none."""
        table, low, high = self.table, lease & 0xFF, lease >> 8
        for place in range(_LEASE, len(table), ENTRY):
            if table[place] == low and table[place + 1] == high:
                return place - _LEASE
        return -1

    def save(self) -> None:
        """Write the table to the flash if it has changed. OSError where the flash is full."""
        if self.changed:
            with Loan():
                from storage.sealed import Sealed

                Sealed(self._key, LEASES_FILE, PATH, self._written).save(self.table)
                self.changed = False

    def ensure_copy(self) -> None:
        """Bring both copies up to date with what was written. To be called when nobody is at the door.

        OSError where the flash is full.
        """
        if not self.changed and self._written.count(self._written[0]) < 3:
            with Loan():
                from storage.sealed import Sealed

                Sealed(self._key, LEASES_FILE, PATH, self._written).ensure_copy(self.table)
