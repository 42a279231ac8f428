"""Changes what the residents of one lease have set; each change is written whole or not at all.

What all changes need is here; those of PINs, cards and keys are in pins.py, cards.py and keys.py, since
there is no memory for all of them at once.
"""

from micropython import const

from people.entry import ALL, OWNER, SHELVES, WITHDRAWN, WITHDRAWN_MAX, NoPlace, Resident
from people.shelves import make, rewrite
from roll.record import PIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from people.register import Register

    Edit = Callable[[bytes, Resident], bytes]

    class Who(Protocol):
        """Who asks: `number` is 0 for a PIN of the operator's list; `digest` is that in the list."""

        lease: int
        number: int
        digest: bytes


PEOPLE_MAX = const(8)  # residents of a lease


class Changes:
    """After NoPlace (there is no place) or OSError (the flash is full) nothing has changed."""

    def __init__(self, register: "Register", lease: int) -> None:
        self.register = register
        self.residents, self.credentials = register.residents, register.credentials
        self.lease, self.shelf = lease, lease % SHELVES

    def people(self) -> "list[int]":
        """The numbers of the residents, in the order in which they came."""
        return [one.number for _, one in self.ours() if one.is_pin]

    def free(self) -> int:
        """The number of one more resident. NoPlace where there are eight."""
        people = self.people()
        if len(people) >= PEOPLE_MAX:
            raise NoPlace("full")
        number = 1
        while number in people:
            number += 1
        return number

    def is_alone(self, who: "Who") -> bool:
        """Whether nobody else is known to live there."""
        return not [number for number in self.people() if number != who.number]

    def clear(self) -> None:
        """Remove all that the people of the lease have set. What they have withdrawn stays withdrawn."""
        self.write(lambda entry, one: entry if one.what == WITHDRAWN else b"")

    def ours(self, what: int = -1) -> "Iterator[tuple[bytes, Resident]]":
        """The entries of the lease, of one kind or of all, each with what it says."""
        for entry in self.residents.each(self.shelf):
            one = Resident(entry)
            if one.lease == self.lease and what in (-1, one.what):
                yield entry, one

    def number_of(self, who: "Who") -> "tuple[int, bytes]":
        """The number of whoever asks; if it is new, with the entry that says whose a PIN of the list is.

        NoPlace if they are gone by now.
        """
        number = who.number or self.free()
        if not who.number:
            return number, make(who.digest, OWNER, self.lease, PIN, number)
        if number not in self.people():
            raise NoPlace("gone")
        return number, b""

    def withdrawal(self, digest: bytes, kind: int = 0, most: int = WITHDRAWN_MAX) -> bytes:
        """The entry that withdraws a credential of the list; nothing if there is one already.

        `kind` is PIN for a code or PIN: no number of cards is in the way of who moves in.
        """
        found = self.residents.entry(digest)
        if found is not None and found.what == WITHDRAWN:
            return b""
        if most < ALL and sum([one.kind == kind for _, one in self.ours(WITHDRAWN)]) >= most:
            raise NoPlace("full")
        return make(digest, WITHDRAWN, self.lease, kind)

    def write(self, edit: "Edit", added: bytes = b"") -> None:
        """Replace each entry of the lease by what edit() makes of it, and add some."""
        lease = self.lease
        rewrite(
            self.residents,
            self.shelf,
            lambda entry, one: edit(entry, one) if one.lease == lease else entry,
            added,
        )


def same(entry: bytes, one: Resident) -> bytes:
    """An edit that changes nothing."""
    return entry
