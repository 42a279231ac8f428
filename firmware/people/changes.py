"""Changes the table of residents; each change is written whole or not at all."""

import struct

from micropython import const

from people.residents import CREDENTIAL, ENTRY, ENTRY_FIELDS, WITHDRAWN, ResidentsError
from roll.record import CARD, DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from people.residents import Residents
    from roll.record import Credential

_KEYS_MAX = const(6)  # leases: with more of them each guess at a guest code would gain too much


class Changes:
    """After ResidentsError (the table is full) or OSError (the flash is) nothing has changed."""

    def __init__(self, residents: "Residents") -> None:
        self._residents = residents

    def add(self, digest: bytes, kind: int, lease: int, instead_of: "bytes | None" = None) -> None:
        """Add a credential, and withdraw the one that it replaces, whether the list's or the table's."""
        entry = digest + struct.pack(ENTRY_FIELDS, CREDENTIAL, kind, lease)
        if instead_of is not None and instead_of != digest:
            if self._residents.find(instead_of) is None:
                entry += instead_of + struct.pack(ENTRY_FIELDS, WITHDRAWN, 0, lease)
            self._change(lambda place: self._is(place, digest) or self._is(place, instead_of), entry)
        else:
            self._change(lambda place: self._is(place, digest), entry)

    def withdraw(self, digest: bytes) -> None:
        """Have a credential of the operator's list open no more."""
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
        """Remove all that the people of a lease have set; what they have withdrawn stays withdrawn."""
        self._change(lambda place: self._at(place, lease))

    def set_key(self, what: int, lease: int, key: bytes) -> None:
        """Give a lease a GUEST_KEY or HOME_KEY (16 bytes). The one that it had opens no more.

        With no bytes: remove it.
        """
        leases = {other for other, _ in self._residents.keys(what)}
        if key and lease not in leases and len(leases) >= _KEYS_MAX:
            raise ResidentsError("full")
        self._change(
            lambda place: self._at(place, lease) and self._residents.table[place + DIGEST] == what,
            key and key + struct.pack(ENTRY_FIELDS, what, 0, lease),
        )

    def forget_withdrawn(self, find: "Callable[[bytes], Credential | None]") -> None:
        """Free space: remove what was withdrawn and is no longer in the operator's list."""
        table = self._residents.table
        self._change(
            lambda place: table[place + DIGEST] == WITHDRAWN and find(table[place : place + DIGEST]) is None
        )

    def _change(self, drop: "Callable[[int], bool]", added: bytes = b"") -> None:
        old = self._residents.table
        new = b"".join([old[p : p + ENTRY] for p in range(0, len(old), ENTRY) if not drop(p)]) + added
        if new != old:
            self._residents.replace(new)

    def _is(self, place: int, digest: bytes) -> bool:
        return self._residents.table[place : place + DIGEST] == digest

    def _at(self, place: int, lease: int) -> bool:
        """Whether the entry there is of this lease, and not a withdrawn one."""
        what, _, found = struct.unpack_from(ENTRY_FIELDS, self._residents.table, place + DIGEST)
        return what != WITHDRAWN and found == lease
