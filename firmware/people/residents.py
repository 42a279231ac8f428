"""What residents have set themselves: PINs chosen at the keypad, cards added at the door.

File (see storage/sealed.py): entries of 20 bytes, little-endian: digest 16, role u8, kind u8, lease u16.
No list replaces it. Role 0 marks a credential of the list that its owner gave up; with role 7 a lease's
guest key stands in the digest's place, with role 8 what its home code is made of. What changes the table is
in changes.py, which is there only for as long as a change takes.
"""

from roll.record import TENANT
from storage.sealed import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

PATH = "/access/residents"
ENTRY = 20
COUNT_MAX = 64
GUEST_KEY = 7
HOME_KEY = 8


class ResidentsError(Exception):
    """The table cannot take this; the reason is "full"."""


class Resident:
    """One entry without its digest; the role of one given up is 0."""

    def __init__(self, role: int, kind: int, lease: int) -> None:
        self.role, self.kind, self.lease = role, kind, lease


class Residents:
    """The table, kept in RAM as it is in the file."""

    def __init__(self, key: bytes) -> None:
        self._file = Sealed(key, b"menshen residents v1", PATH)
        self.table = bytes(self._file.load(ENTRY))
        self.unread = self._file.unread

    def find(self, digest: bytes) -> "Resident | None":
        """The resident's credential of this digest (16 bytes)."""
        found = self.entry(digest)
        return found if found is not None and found.role == TENANT else None

    def withdrawn(self, digest: bytes) -> bool:
        """Whether the list's credential of this digest was given up by its owner: it opens no more."""
        found = self.entry(digest)
        return found is not None and not found.role

    def keys(self, role: int = GUEST_KEY) -> "Iterator[tuple[int, bytes]]":
        """Lease and key of all leases that have one of this role."""
        table = self.table
        for end in range(ENTRY, len(table) + 1, ENTRY):
            if table[end - 4] == role:
                yield table[end - 2] | table[end - 1] << 8, table[end - ENTRY : end - 4]

    def entry(self, digest: bytes) -> "Resident | None":
        """The entry of this digest, given up or not."""
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
        """Put another table in place of this one. ResidentsError where it is too long, OSError where the
        flash is full; the old table stays then.
        """
        if len(table) > COUNT_MAX * ENTRY and len(table) > len(self.table):
            raise ResidentsError("full")
        self._file.save(table)
        self.table = table

    def ensure_copy(self) -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        self._file.ensure_copy(self.table)
