"""Changes what the residents of one lease have set; each change is written whole or not at all."""

from micropython import const

from people.entry import (
    CARDS_GO,
    CREDENTIAL,
    HOME_KEY,
    OWNER,
    SHELVES,
    WITHDRAWN,
    Resident,
    ResidentsError,
    make,
)
from people.shelves import rewrite
from roll.record import CARD, DIGEST, PIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from people.register import Register

    Edit = Callable[[bytes, Resident], bytes]

    class Who(Protocol):
        """Who asks: `number` is 0 for a PIN of the operator's list; `digest` is that in the list."""

        number: int
        digest: bytes


PEOPLE_MAX = const(8)  # residents of a lease
CARDS_MAX = const(3)  # of a resident
WITHDRAWN_MAX = const(32)  # of a lease
_HOME_KEYS_MAX = const(6)  # in the lock: so many have a place in HOME_MARKS (storage/names.py)


class Changes:
    """After ResidentsError (there is no place) or OSError (the flash is full) nothing has changed."""

    def __init__(self, register: "Register", lease: int) -> None:
        self._residents, self._credentials = register.residents, register.credentials
        self._lease = lease

    def people(self) -> "list[int]":
        """The numbers of the residents, in the order in which they came."""
        return [one.number for one in self._ours() if one.is_pin]

    def free(self) -> int:
        """The number of one more resident. ResidentsError where there are eight."""
        people = self.people()
        if len(people) >= PEOPLE_MAX:
            raise ResidentsError("full")
        number = 1
        while number in people:
            number += 1
        return number

    def is_alone(self, who: "Who") -> bool:
        """Whether nobody else is known to live there."""
        return not [number for number in self.people() if number != who.number]

    def key(self, who: "Who", what: int) -> "bytes | None":
        """The GUEST_KEY or HOME_KEY of a resident."""
        for entry in self._residents.each(self._lease % SHELVES):
            one = Resident(entry)
            if (one.what, one.lease, one.number) == (what, self._lease, who.number) and who.number:
                return entry[:DIGEST]
        return None

    def move_in(self, code: bytes, digest: bytes) -> None:
        """A new resident has chosen a PIN of this digest; the code of the list is used up."""
        pin = make(digest, CREDENTIAL, self._lease, PIN, self.free())
        self._write(lambda entry, one: b"" if entry[:DIGEST] == code else entry, pin + self._withdrawn(code))

    def change_pin(self, who: "Who", digest: bytes) -> None:
        """A resident has chosen another PIN; the old one opens no more, wherever it stands."""
        number, is_new = self._number(who)
        pin = make(digest, CREDENTIAL, self._lease, PIN, number)
        added = self._withdrawn(who.digest) if self._is_listed(who) else b""
        self._write(
            lambda entry, one: pin if one.is_pin and one.number == number else entry,
            (pin if is_new else b"") + added,
        )

    def claim(self, who: "Who") -> int:
        """The number of whoever has this PIN, from now on if the PIN is only in the list."""
        number, is_new = self._number(who)
        if is_new:
            self._write(_same, self._owner(who, number))
        return number

    def add_card(self, who: "Who", digest: bytes) -> None:
        """Add a card."""
        number, is_new = self._number(who)
        if sum([one.kind == CARD and one.number == number for one in self._ours()]) >= CARDS_MAX:
            raise ResidentsError("full")
        card = make(digest, CREDENTIAL, self._lease, CARD, number)
        self._write(_same, (self._owner(who, number) if is_new else b"") + card)

    def remove(self, *digests: bytes) -> None:
        """Remove a credential of this lease, which may lie under either of its digests."""
        self._write(lambda entry, one: b"" if entry[:DIGEST] in digests else entry)

    def withdraw(self, *digests: bytes) -> None:
        """Have credentials of the operator's list open no more."""
        self._write(_same, b"".join([self._withdrawn(digest) for digest in digests]))

    def remove_cards(self, who: "Who") -> None:
        """Remove all cards that a resident has added.

        If nobody else lives there all others go too: decisions.py withdraws those of the list.
        """
        alone = self.is_alone(who)
        number, is_new = self._number(who)
        gone = (number, 0) if alone else (number,)
        added = self._owner(who, number) if is_new else b""
        if alone:
            added += make(bytes(DIGEST), CARDS_GO, self._lease)
        self._write(
            lambda entry, one: (
                b"" if one.what == CARDS_GO or (one.kind == CARD and one.number in gone) else entry
            ),
            added,
        )
        self._residents.to_do = alone

    def cards_gone(self) -> None:
        """The list's cards have been seen to."""
        self._write(lambda entry, one: b"" if one.what == CARDS_GO else entry)

    def move_out(self, who: "Who") -> None:
        """Remove all that a resident has set; a PIN of the list opens no more."""
        added = self._withdrawn(who.digest) if self._is_listed(who) else b""
        self._write(lambda entry, one: b"" if one.number and one.number == who.number else entry, added)

    def clear(self) -> None:
        """Remove all that the people of the lease have set; what they have withdrawn stays withdrawn."""
        self._write(lambda entry, one: entry if one.what == WITHDRAWN else b"")

    def set_key(self, who: "Who", what: int, key: bytes) -> None:
        """Give a resident a GUEST_KEY or HOME_KEY (16 bytes). The one that they had opens no more.

        With no bytes: remove it.
        """
        alone = self.is_alone(who)
        number, is_new = self._number(who) if key else (who.number, False)
        gone = (number, 0) if alone else (number,)
        keys = sum([1 for _ in self._residents.keys(what)])
        if what == HOME_KEY and key and keys >= _HOME_KEYS_MAX and self.key(who, what) is None:
            raise ResidentsError("full")
        self._write(
            lambda entry, one: b"" if one.what == what and one.number in gone else entry,
            (self._owner(who, number) if is_new else b"") + (key and make(key, what, self._lease, 0, number)),
        )

    def drop_keys(self, what: int) -> None:
        """Remove the GUEST_KEY or HOME_KEY of every resident."""
        self._write(lambda entry, one: b"" if one.what == what else entry)

    # of the table

    def _ours(self) -> "Iterator[Resident]":
        for entry in self._residents.each(self._lease % SHELVES):
            one = Resident(entry)
            if one.lease == self._lease:
                yield one

    def _number(self, who: "Who") -> "tuple[int, bool]":
        """The number of who asks, and whether it is a new one."""
        return (who.number, False) if who.number else (self.free(), True)

    def _owner(self, who: "Who", number: int) -> bytes:
        return make(who.digest, OWNER, self._lease, PIN, number)

    def _is_listed(self, who: "Who") -> bool:
        """Whether the list has this PIN, or may have it: one that stands in for a broken one may not."""
        found = self._residents.entry(who.digest)
        in_list = self._credentials.find(who.digest) is not None or not self._credentials.whole
        return in_list or not who.number or (found is not None and found.what == OWNER)

    def _withdrawn(self, digest: bytes) -> bytes:
        found = self._residents.entry(digest)
        if found is not None and found.what == WITHDRAWN:
            return b""
        if sum([one.what == WITHDRAWN for one in self._ours()]) >= WITHDRAWN_MAX:
            raise ResidentsError("full")
        return make(digest, WITHDRAWN, self._lease)

    def _write(self, edit: "Edit", added: bytes = b"") -> None:
        lease = self._lease
        rewrite(
            self._residents,
            lease % SHELVES,
            lambda entry, one: edit(entry, one) if one.lease == lease else entry,
            added,
        )


def _same(entry: bytes, one: Resident) -> bytes:
    return entry
