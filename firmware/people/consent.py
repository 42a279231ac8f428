"""Consent: a lease may end earlier once each resident has agreed, at the keypad and for themselves alone.

It counts from the second of the lock's days after the last of them agreed, and is looked at only as a day
begins: so neither the guard's answers nor what the operator is told say when somebody was at the door.
"""

import struct

from micropython import const

from people.changes import Changes
from people.entry import AGREES
from people.leases import AGREED, CONFIRMED, ENTRY_FORMAT, FLAGS
from people.shelves import make
from people.terms import lease_digest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who
    from people.register import Register

_VOICE = "<II8x"  # the end, seconds since 1970; the hour of the lock's life until which it holds
_HOLDS_H = const(30 * 24)  # hours under power
_DAY_H = const(24)


class Consent(Changes):
    """As Changes."""

    def __init__(self, register: "Register", lease: int) -> None:
        super().__init__(register, lease)
        self.leases = register.leases

    def is_earlier(self, end: int) -> bool:
        """Whether the lease ends later than then, or has no end."""
        found = self._entry()
        return found is not None and (not found[7] or end < found[7])

    def agree(self, who: "Who", end: int) -> None:
        """A resident agrees that the lease may end then, in place of what they have agreed to before."""
        number, added = self.number_of(who)
        added += make(struct.pack(_VOICE, end, self.leases.lived() + _HOLDS_H), AGREES, self.lease, 0, number)
        self._drop([number], added)

    def take_back(self, who: "Who") -> None:
        """They do not agree any more."""
        self._drop([who.number])

    def count(self, unasked: bool) -> None:
        """Note to which end they all agree today; to none where somebody may live there who is `unasked`.

        Agreements that a list has made true are removed, and those that are 30 days old.
        """
        found = self._entry()
        if found is None:
            return
        listed = self.credentials.find(lease_digest(self.lease))
        agreed = self._agreed(listed.not_after if listed else 0)
        if unasked:
            agreed = 0
        if agreed != found[3]:
            table, place = self.leases.table, self.leases.place(self.lease)
            struct.pack_into("<I", table, place + AGREED, agreed)
            table[place + FLAGS] = found[2] & ~CONFIRMED | (CONFIRMED if agreed else 0)
            self.leases.changed = True

    def _agreed(self, end: int) -> int:
        """The latest end that one of them named, 0 if not all have; `end` is the list's, 0 for none."""
        lived, voices, gone = self.leases.lived(), {}, []
        for entry, one in self.ours(AGREES):
            named, until = struct.unpack_from(_VOICE, entry)
            if until <= lived or 0 < end <= named:
                gone.append(one.number)
            else:
                voices[one.number] = named, until
        if gone:
            self._drop(gone)
        people = self.people()
        if not people or any(number not in voices for number in people):
            return 0
        newest = max([until for _, until in voices.values()]) - _HOLDS_H
        if lived // _DAY_H < newest // _DAY_H + 2:
            return 0
        return max([named for named, _ in voices.values()])

    def _entry(self) -> "tuple[int, ...] | None":
        """The fields of the lease, see ENTRY_FORMAT."""
        place = self.leases.place(self.lease)
        return None if place < 0 else struct.unpack_from(ENTRY_FORMAT, self.leases.table, place)

    def _drop(self, numbers: "list[int]", added: bytes = b"") -> None:
        self.write(
            lambda entry, one: b"" if one.what == AGREES and one.number in numbers else entry,
            added,
        )
