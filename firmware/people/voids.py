"""Notice at the door: everything else that opens for a lease is void after weeks, unless it is used."""

from micropython import const

from people.changes import Changes, same
from people.entry import ALL, LATE, NOTICE, OWNER, STAYS, TOLD, WITHDRAWN_MAX
from people.shelves import make
from roll.record import DIGEST, PIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who
    from people.entry import Resident
    from people.register import Register
    from people.residents import Residents

_WEEKS_H = const(21 * 24)  # hours under power
_LONG_H = const(90 * 24)  # for whoever lived there before the one who gives notice


def deadline(entry: bytes) -> int:
    """The hour of the lock's life at which a NOTICE is over."""
    return int.from_bytes(entry[:4], "little")


def noticed(residents: "Residents") -> "dict[int, list[bytes]]":
    """The leases where there is notice to what the list has: an empty list for each."""
    return {whose: [] for whose, _ in residents.keys(NOTICE) if whose < 65536}  # of number 0


def spare(register: "Register", came: "dict[int, list[bytes]]") -> None:
    """A list brings these credentials, by lease, while there is notice. OSError: the flash is full."""
    for lease, digests in came.items():
        if digests:
            Voids(register, lease).spare(digests)


class Voids(Changes):
    """As Changes. `lived` is how many hours the lock has lived."""

    def give(self, who: "Who", lived: int) -> None:
        """Give notice to everybody else, and to what the list has for the lease. Older notices stay.

        Each resident who gives notice has notices of their own, which end when that resident moves out.
        """
        number, added = self.number_of(who)
        people = self.people()
        place = people.index(number) if number in people else len(people)
        given = [one.number for entry, one in self.ours(NOTICE) if entry[4] == number]
        for count, other in enumerate(people + [0]):
            if other != number and other not in given:
                older = place > 0 if not other else count < place
                added += self._notice(other, number, lived + (_LONG_H if older else _WEEKS_H))
        self._add(added)

    def give_to_cards(self, lived: int) -> None:
        """The last resident has left: give notice to what the list has."""
        if not list(self.ours(NOTICE)):
            self._add(self._notice(0, 0, lived + _WEEKS_H))

    def used(self, who: "Who") -> bool:
        """Somebody has come in: what they used stays. Whether there is something to tell them.

        A phone has no digest, and may be in another's hands: they are told at the next entry by PIN or card.
        """
        number, found, givers, is_told = who.number, not (who.number or who.digest), b"", False
        for entry, one in self.ours():
            found = found or (one.what == STAYS and not one.number and entry[:DIGEST] == who.digest)
            is_told = is_told or (one.what == TOLD and one.number == number > 0 and bool(who.digest))
            if one.what == NOTICE and one.number == number:
                givers += entry[4:5]
        if found or not (givers or is_told):
            return False
        over = (NOTICE, TOLD) if who.digest else (NOTICE,)
        added = b"" if number else make(who.digest, STAYS, self.lease)
        for told in givers if who.digest else givers + bytes((number,)):
            added += self.to_tell(told)
        self.write(
            lambda entry, one: b"" if number and one.number == number and one.what in over else entry,
            added,
        )
        return bool(who.digest)

    def spare(self, digests: "list[bytes]") -> None:
        """What came after notice was given was given none, and is not void with the rest.

        If that is too much to note, the notice to what the list has ends, and whoever gave it is told.
        """
        mark = make(b"", STAYS, self.lease, 0, LATE)
        late = [entry[:DIGEST] for entry, _ in self.ours(STAYS) if entry[DIGEST:] == mark]
        # One that is there came with a list that was not put in force.
        digests = [digest for digest in digests if digest not in late]
        added, edit = b"", same
        if len(late) + len(digests) <= WITHDRAWN_MAX:
            added = b"".join([digest + mark for digest in digests])
        else:
            for entry, one in self.ours(NOTICE):
                if not one.number:
                    added += self.to_tell(entry[4])

            def edit(entry: bytes, one: "Resident") -> bytes:
                return b"" if one.what == STAYS or (one.what == NOTICE and not one.number) else entry

        self.write(edit, added)

    def staying(self) -> "set[bytes]":
        """The digests of what the list has that is not void with the rest."""
        return {entry[:DIGEST] for entry, _ in self.ours(STAYS)}

    def expire(self, number: int) -> bool:
        """A NOTICE is over: remove what it was given to. Whether some of that stays.

        Of what the list has all is withdrawn already that does not stay.
        """
        added, is_used = b"", False
        for entry, one in self.ours():
            is_used = is_used or (one.what == STAYS and not one.number)
            if one.what == OWNER and one.number == number:
                added += self.withdrawal(entry[:DIGEST], PIN, ALL)
            if one.what == NOTICE and one.number == number:
                added += self.to_tell(entry[4])

        def edit(entry: bytes, one: "Resident") -> bytes:
            is_void = one.number == number and (number > 0 or one.what == NOTICE)
            return b"" if is_void or (not number and one.what == STAYS) else entry

        self.write(edit, added)
        return not number and is_used

    def to_tell(self, number: int) -> bytes:
        """The entry that has somebody shown a light, once."""
        if not number or any(one.number == number for _, one in self.ours(TOLD)):
            return b""
        return make(bytes(DIGEST), TOLD, self.lease, 0, number)

    def _add(self, notices: bytes) -> None:
        """Write these. What was used before the first notice to what the list has counts as unused."""
        is_first = all(one.number for _, one in self.ours(NOTICE))
        self.write(lambda entry, one: b"" if is_first and one.what == STAYS else entry, notices)

    def _notice(self, number: int, giver: int, until: int) -> bytes:
        return make(until.to_bytes(4, "little") + bytes((giver,)) + bytes(11), NOTICE, self.lease, 0, number)
