"""Stores what residents have set themselves: PINs chosen at the keypad, cards added at the door, keys.

File (see storage/sealed.py): entries of 20 bytes, little-endian: digest 16, what it is u8, kind u8, lease
u16. No list replaces it. What changes the table is in changes.py, loaded for as long as a change takes.
"""

from roll.record import DIGEST
from storage.purposes import RESIDENTS_FILE
from storage.sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/access/residents"
ENTRY = 20
ENTRY_FIELDS = "<BBH"  # behind the digest: what the entry is, kind of credential, lease
COUNT_MAX = 64

# What an entry is.
WITHDRAWN = 0  # a credential of the operator's list that its owner has withdrawn: it opens no more
CREDENTIAL = 1  # a PIN or card that a resident has set
GUEST_KEY = 7  # the lease's guest key stands in the digest's place
HOME_KEY = 8  # the key that the lease's home code is made of stands in the digest's place


class ResidentsError(Exception):
    """The table is full."""


class Resident:
    """One entry without its digest; `what` is WITHDRAWN, CREDENTIAL, GUEST_KEY or HOME_KEY."""

    def __init__(self, what: int, kind: int, lease: int) -> None:
        self.what, self.kind, self.lease = what, kind, lease


class Residents:
    """The table, in RAM as it is in the file."""

    def __init__(self, key: bytes) -> None:
        self._file = Sealed(key, RESIDENTS_FILE, PATH)
        self.table = bytes(self._file.load(ENTRY))
        self.unread = self._file.unread

    def find(self, digest: bytes) -> "Resident | None":
        """The resident's credential of this digest (16 bytes)."""
        found = self.entry(digest)
        return found if found is not None and found.what == CREDENTIAL else None

    def withdrawn(self, digest: bytes) -> bool:
        """Whether the owner of the list's credential of this digest has withdrawn it: it opens no more."""
        found = self.entry(digest)
        return found is not None and found.what == WITHDRAWN

    def keys(self, what: int = GUEST_KEY) -> "Iterator[tuple[int, bytes]]":
        """Lease and key of every lease that has a GUEST_KEY, or HOME_KEY."""
        table = self.table
        for end in range(ENTRY, len(table) + 1, ENTRY):
            if table[end - ENTRY + DIGEST] == what:
                yield table[end - 2] | table[end - 1] << 8, table[end - ENTRY : end - ENTRY + DIGEST]

    def entry(self, digest: bytes) -> "Resident | None":
        """The entry of this digest, whatever it is."""
        table, place = self.table, 0
        while True:
            place = table.find(digest, place)
            if place < 0:
                return None
            if place % ENTRY == 0:
                end = place + ENTRY
                return Resident(table[end - 4], table[end - 3], table[end - 2] | table[end - 1] << 8)
            place += 1

    def replace(self, table: bytes) -> None:
        """Write another table in place of this one. ResidentsError where it is too long, OSError where the
        flash is full; the old table is still there then.
        """
        if len(table) > COUNT_MAX * ENTRY and len(table) > len(self.table):
            raise ResidentsError("full")
        self._file.save(table)
        self.table = table

    def ensure_copy(self) -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        self._file.ensure_copy(self.table)
