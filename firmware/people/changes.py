"""Changes to the table of residents, each of them one stroke; loaded for as long as it takes."""

import struct

from micropython import const

from people.residents import ENTRY, ResidentsError
from roll.record import CARD, DIGEST, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from people.residents import Residents
    from roll.record import Credential

_WITHDRAWN = const(0)
_KEYS_MAX = const(6)  # leases: with more of them each guess at a guest code would gain too much


class Changes:
    """What raises ResidentsError (a full table) or OSError (a full flash) has changed nothing."""

    def __init__(self, residents: "Residents") -> None:
        self._residents = residents

    def add(self, digest: bytes, kind: int, lease: int, instead_of: "bytes | None" = None) -> None:
        """Add a credential; at the same stroke give up the one it replaces, the list's or the table's."""
        entry = digest + struct.pack("<BBH", TENANT, kind, lease)
        if instead_of is not None and instead_of != digest:
            if self._residents.find(instead_of) is None:
                entry += instead_of + struct.pack("<BBH", _WITHDRAWN, 0, lease)
            self._change(lambda place: self._is(place, digest) or self._is(place, instead_of), entry)
        else:
            self._change(lambda place: self._is(place, digest), entry)

    def withdraw(self, digest: bytes) -> None:
        """A credential of the list opens no more."""
        self._change(lambda place: self._is(place, digest), digest + bytes(ENTRY - DIGEST))

    def remove(self, digest: bytes) -> None:
        """Remove a credential from the table."""
        self._change(lambda place: self._is(place, digest))

    def remove_cards(self, lease: int) -> None:
        """Remove the cards of a lease from the table."""
        self._change(
            lambda place: self._at(place, lease) and self._residents.table[place + DIGEST + 1] == CARD
        )

    def clear(self, lease: int) -> None:
        """Remove all that the people of a lease set; what they gave up stays given up."""
        self._change(lambda place: self._at(place, lease))

    def set_key(self, role: int, lease: int, key: bytes) -> None:
        """Give a lease a key (16 bytes) in place of the one of this role that it had, which opens no more.

        With no bytes: take that away.
        """
        leases = {other for other, _ in self._residents.keys(role)}
        if key and lease not in leases and len(leases) >= _KEYS_MAX:
            raise ResidentsError("full")
        self._change(
            lambda place: self._at(place, lease) and self._residents.table[place + DIGEST] == role,
            key and key + struct.pack("<BBH", role, 0, lease),
        )

    def forget_withdrawn(self, find: "Callable[[bytes], Credential | None]") -> None:
        """Make room: forget what was given up and is in the list no more."""
        table = self._residents.table
        self._change(
            lambda place: table[place + DIGEST] == _WITHDRAWN and find(table[place : place + DIGEST]) is None
        )

    def _change(self, drop: "Callable[[int], bool]", added: bytes = b"") -> None:
        old = self._residents.table
        new = b"".join([old[p : p + ENTRY] for p in range(0, len(old), ENTRY) if not drop(p)]) + added
        if new != old:
            self._residents.replace(new)

    def _is(self, place: int, digest: bytes) -> bool:
        return self._residents.table[place : place + DIGEST] == digest

    def _at(self, place: int, lease: int) -> bool:
        """Whether an entry of this lease stands there that is not one given up."""
        role, _, found = struct.unpack_from("<BBH", self._residents.table, place + DIGEST)
        return role != _WITHDRAWN and found == lease
