"""What residents set themselves: PINs chosen at the keypad, cards added at the door. No list replaces it.

File (see Sealed): entries of 20 bytes, little-endian: digest 16, role u8, kind u8, lease u16. Role 0 marks a
credential of the list that its owner gave up.
"""

import struct

from micropython import const

import log
from access.decide import TENANT
from storage import files
from storage.hmac import Mac, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import BinaryIO

    from access.credentials import Credential

PATH = "/access/residents"
_ENTRY = const(20)
_DIGEST = const(16)
_COUNT_MAX = const(64)
_HEAD = const(4)
_MAC = const(32)
_CARD = const(2)
_WITHDRAWN = const(0)


class ResidentsError(Exception):
    """The table cannot take this; the reason is "full"."""


class Sealed:
    """A small file in two copies: sequence number u32, body, HMAC-SHA256. The newest whole copy counts."""

    def __init__(self, key: bytes, purpose: bytes, path: str) -> None:
        self._mac = Mac(Mac(key).digest(purpose))
        self._path, self._copy = path, path + ".old"
        self._sequence = self._copied = 0

    def load(self, record: int) -> bytearray:
        """The body, whole records of that size; empty where no copy is whole."""
        first, second = self._read(self._path, record), self._read(self._copy, record)
        self._copied = second[0]
        best = first if first[0] >= second[0] else second
        if best is not first and files.exists(self._path):
            log.error("access", "using the copy of " + self._path)
        self._sequence = best[0]
        return best[1]

    def save(self, body: "bytes | bytearray") -> None:
        """Replace the file; OSError leaves the old one."""
        self._write(self._path, self._sequence + 1, body)
        self._sequence += 1

    def ensure_copy(self, body: "bytes | bytearray") -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        if self._copied != self._sequence:
            try:
                self._write(self._copy, self._sequence, body)
                self._copied = self._sequence
            except OSError:
                log.warning("access", "no room for a copy of " + self._path)

    def _write(self, path: str, sequence: int, body: "bytes | bytearray") -> None:
        head = struct.pack("<I", sequence)
        files.write(path, (head, body, self._mac.digest(head, body)))

    def _read(self, path: str, record: int) -> "tuple[int, bytearray]":
        """Sequence number and body; 0 and nothing where the file is not there or not whole."""
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2) - _HEAD - _MAC
                if size >= 0 and size % record == 0:
                    return self._checked(file, bytearray(size))
        except OSError:
            pass
        return 0, bytearray()

    def _checked(self, file: "BinaryIO", body: bytearray) -> "tuple[int, bytearray]":
        file.seek(0)
        head = file.read(_HEAD)
        file.readinto(body)
        if equal(self._mac.digest(head, body), file.read(_MAC)):
            return struct.unpack("<I", head)[0], body
        return 0, bytearray()


class Resident:
    """One entry without its digest."""

    def __init__(self, role: int, kind: int, lease: int) -> None:
        self.role, self.kind, self.lease = role, kind, lease


class Residents:
    """The table, kept in RAM as it is in the file: 20 bytes an entry, at most 64 of them."""

    def __init__(self, key: bytes) -> None:
        self._file = Sealed(key, b"menshen residents v1", PATH)
        self._table = bytes(self._file.load(_ENTRY))

    def find(self, digest: bytes) -> "Resident | None":
        """The resident's credential of this digest (16 bytes)."""
        found = self._entry(digest)
        return found if found is not None and found.role else None

    def withdrawn(self, digest: bytes) -> bool:
        """Whether the list's credential of this digest was given up by its owner: it opens no more."""
        found = self._entry(digest)
        return found is not None and not found.role

    def has(self, lease: int, cards: bool = True) -> bool:
        """Whether somebody of this lease can open; `cards` says whether cards do."""
        return any(
            self._at(place, lease) and (cards or self._table[place + _DIGEST + 1] != _CARD)
            for place in range(0, len(self._table), _ENTRY)
        )

    def add(self, digest: bytes, kind: int, lease: int, instead_of: "bytes | None" = None) -> None:
        """Add a credential; at the same stroke give up the one it replaces, the list's or the table's.

        ResidentsError where the table is full, OSError where the flash is; the old table stays then.
        """
        entry = digest + struct.pack("<BBH", TENANT, kind, lease)
        if instead_of is not None and instead_of != digest:
            if self.find(instead_of) is None:
                entry += instead_of + struct.pack("<BBH", _WITHDRAWN, 0, lease)
            self._change(lambda place: self._is(place, digest) or self._is(place, instead_of), entry)
        else:
            self._change(lambda place: self._is(place, digest), entry)

    def withdraw(self, digest: bytes) -> None:
        """A credential of the list opens no more. Errors as for add."""
        self._change(lambda place: self._is(place, digest), digest + bytes(_ENTRY - _DIGEST))

    def remove(self, digest: bytes) -> None:
        """Remove a credential from the table. OSError as for add."""
        self._change(lambda place: self._is(place, digest))

    def remove_cards(self, lease: int) -> None:
        """Remove the cards of a lease from the table. OSError as for add."""
        self._change(lambda place: self._at(place, lease) and self._table[place + _DIGEST + 1] == _CARD)

    def clear(self, lease: int) -> None:
        """Remove all that the people of a lease set; what they gave up stays given up. OSError as for add."""
        self._change(lambda place: self._at(place, lease))

    def forget_withdrawn(self, find: "Callable[[bytes], Credential | None]") -> None:
        """Make room: forget what was given up and is in the list no more. OSError as for add."""
        self._change(
            lambda place: (
                self._table[place + _DIGEST] == _WITHDRAWN
                and find(self._table[place : place + _DIGEST]) is None
            )
        )

    def ensure_copy(self) -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        self._file.ensure_copy(self._table)

    def _change(self, drop: "Callable[[int], bool]", added: bytes = b"") -> None:
        old = self._table
        kept = b"".join([old[p : p + _ENTRY] for p in range(0, len(old), _ENTRY) if not drop(p)])
        new = kept + added
        if new == old:
            return
        if added and len(new) > _COUNT_MAX * _ENTRY:
            raise ResidentsError("full")
        self._file.save(new)
        self._table = new

    def _is(self, place: int, digest: bytes) -> bool:
        return self._table[place : place + _DIGEST] == digest

    def _at(self, place: int, lease: int) -> bool:
        """Whether a credential of this lease stands there, not one given up."""
        role, _, found = struct.unpack_from("<BBH", self._table, place + _DIGEST)
        return role != _WITHDRAWN and found == lease

    def _entry(self, digest: bytes) -> "Resident | None":
        for place in range(0, len(self._table), _ENTRY):
            if self._is(place, digest):
                return Resident(*struct.unpack_from("<BBH", self._table, place + _DIGEST))
        return None
