"""Who lives behind one door, and what opens it for whom: by what is promised, in plain Python.

A token is (kind, value): a PIN's digits, or a card's number in hexadecimal. Times are seconds since 1970.
"""

from collections.abc import Iterator
from dataclasses import dataclass, field, replace

from menshen.operator import lists

PIN, CARD = lists.PIN, lists.CARD
TENANT, STAFF, MOVE_IN = lists.TENANT, lists.STAFF, lists.MOVE_IN
HOUR, DAY = 3600, 86_400
KEY = bytes(32)

Token = tuple[int, str]


@dataclass(frozen=True)
class Entry:
    """A credential of the operator's list."""

    role: int
    lease: int = 0
    before: int = 0
    after: int = 0


@dataclass(frozen=True)
class Term:
    """Of a lease, as a list states it; an end of 0 is none."""

    start: int
    end: int = 0


@dataclass
class Listing:
    """One version of the operator's list."""

    version: int = 0
    entries: dict[Token, Entry] = field(default_factory=dict)
    terms: dict[int, Term] = field(default_factory=dict)

    def copy(self, version: int) -> "Listing":
        """The same, as another version."""
        return Listing(version, dict(self.entries), dict(self.terms))

    def snapshot(self) -> bytes:
        """As it travels."""
        records = [
            lists.Credential(kind, _value(kind, value), e.role, e.lease, 0, 0, e.before, e.after).record(KEY)
            for (kind, value), e in self.entries.items()
        ]
        terms = [lists.Lease(number, term.start, term.end).record(KEY) for number, term in self.terms.items()]
        return lists.snapshot(records + terms)


def _is_as(old: Entry | None, new: Entry) -> bool:
    """Whether it is for the same as before."""
    return old is not None and (old.role, old.lease) == (new.role, new.lease)


def _value(kind: int, value: str) -> bytes:
    return value.encode() if kind == PIN else bytes.fromhex(value)


@dataclass(eq=False)
class Resident:
    """One person who lives here. `sees`: something that opens was added since they last came in.

    `agrees` are ends of the lease that they have agreed to, and until when that may count at the latest.
    `void_at` is when notice that they were given, and have not come since, is over at the earliest; 0: none.
    """

    lease: int
    pin: str
    cards: set[str] = field(default_factory=set)
    sees: bool = False
    may_see: bool = False
    guest_key: bytes = b""
    since: int = 0
    agrees: list[tuple[int, int]] = field(default_factory=list)
    void_at: int = 0


@dataclass
class Household:
    """All that has a claim on the door.

    `given` are tenants' credentials that any list in force has given, and those `withdrawn` which residents
    have taken away; all have moved out of the leases that are `left`, or these may be over.
    """

    residents: list[Resident] = field(default_factory=list)
    force: Listing = field(default_factory=Listing)
    given: dict[Token, int] = field(default_factory=dict)
    terms: dict[int, Term] = field(default_factory=dict)
    used: set[str] = field(default_factory=set)
    former: set[Token] = field(default_factory=set)
    guests: list[tuple[str, int, Resident]] = field(default_factory=list)
    withdrawn: set[Token] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    now: int = 0
    restarts: int = 0
    void_at: dict[Token, int] = field(default_factory=dict)  # the same, of what the list has

    # what people and operator do

    def moved_in(self, code: str, pin: str) -> Resident:
        """A code was used up for a PIN."""
        lease = self.force.entries[PIN, code].lease
        self._news()
        others = bool(self.residents) or bool(self.given)
        resident = Resident(lease, pin, sees=others, may_see=others, since=self.now)
        self.used.add(code)
        self._make_room((PIN, pin))
        self.residents.append(resident)
        return resident

    def living(self) -> list[Resident]:
        """Whose lease runs, and cannot be over for the lock."""
        return [one for one in self.residents if self.inside(one.lease) and one.lease not in self.left]

    def _make_room(self, token: Token) -> None:
        """It was somebody's whose lease is over, if it was anybody's."""
        kind, value = token
        for other in [r for r in self.residents if not self.inside(r.lease)]:
            if value in ({other.pin} if kind == PIN else other.cards):
                self.moved_out(other)
        self.former.discard(token)

    def chose(self, resident: Resident, pin: str) -> None:
        """Another PIN takes the place of the old one."""
        if pin != resident.pin:
            self.former.add((PIN, resident.pin))
        self._make_room((PIN, pin))
        resident.pin = pin

    def added(self, resident: Resident, uid: str) -> None:
        """A card of their own."""
        self._make_room((CARD, uid))
        resident.cards.add(uid)
        for other in self.residents:
            other.may_see = True

    def removed(self, resident: Resident, uids: set[str]) -> None:
        """Cards of their own."""
        resident.cards -= uids
        self.former |= {(CARD, uid) for uid in uids}

    def moved_out(self, resident: Resident) -> None:
        """With them goes what they have set."""
        self.removed(resident, set(resident.cards))
        self.former.add((PIN, resident.pin))
        self.residents.remove(resident)
        if all(other.lease != resident.lease for other in self.residents):
            self.left.add(resident.lease)

    def withdrew(self, resident: Resident, every: bool) -> None:
        """With all their cards go the list's of the lease, if nobody else lives there."""
        if every and [r.lease for r in self.residents].count(resident.lease) == 1:
            for token in [t for t, lease in self.given.items() if lease == resident.lease and t[0] == CARD]:
                self.withdrawn.add(token)

    def gave_notice(self, giver: Resident) -> None:
        """To all else of their lease; 21 days are the shortest."""
        until = self.now + 21 * DAY
        for resident in self.residents:
            if resident.lease == giver.lease and resident is not giver:
                resident.void_at = min(resident.void_at or until, until)
        for token, lease in self.given.items():
            if lease == giver.lease:
                self.void_at[token] = min(self.void_at.get(token, until), until)

    def took(self, listing: Listing) -> None:
        """Another list is in force."""
        before, self.force = self.force, listing
        for token, entry in listing.entries.items():
            if entry.role == TENANT:
                self.given.setdefault(token, entry.lease)
            if entry.role in (TENANT, MOVE_IN) and not _is_as(before.entries.get(token), entry):
                self._news()
        for number, term in listing.terms.items():
            if number not in before.terms:
                self._news()
            old = self.terms.get(number, term)
            if self._is_ending(old):
                self.left.add(number)  # the lock may have stored that it is over: then no list revives it
                continue
            end = max(old.end, term.end) if old.end and term.end else 0
            if term.end and (not old.end or term.end < old.end):
                may = number in self.left or self.agreed(number, term.end)
                assert may, "a lease was made shorter, and not all have agreed"
                end = term.end
            self.terms[number] = replace(old, end=end)
        self.former |= before.entries.keys() - listing.entries.keys()
        self.former -= listing.entries.keys()

    def clock_lies(self) -> None:
        """In its last 32nd a lease may be over for the lock, by a clock that is wrong or was."""
        self.left.update(number for number, term in self.terms.items() if self._is_ending(term))

    def _is_ending(self, term: Term) -> bool:
        return bool(term.end) and self.now >= term.end - (term.end - term.start) // 32 - DAY

    def agreed(self, lease: int, end: int) -> bool:
        """Whether all who live there can have agreed to this end or an earlier one, but for newcomers."""
        late = self.now - self.restarts * HOUR
        return all(
            any(named <= end and late <= until for named, until in resident.agrees)
            for resident in self.residents
            if resident.lease == lease and resident.since < late - 2 * DAY
        ) and any(resident.lease == lease for resident in self.residents)

    def _news(self) -> None:
        for resident in self.residents:
            resident.sees = resident.may_see = True

    # who may come in

    def inside(self, lease: int) -> bool:
        """Whether the lease runs, whatever any clock says."""
        term = self.terms.get(lease, Term(0))
        return not term.end or self.now < term.end

    def outside(self, lease: int) -> bool:
        """Whether it has ended for so long that the lock cannot but know, once its clock is right."""
        term = self.terms.get(lease, Term(0))
        slack = (term.end - term.start) // 16 + 3 * DAY + self.restarts * HOUR
        return bool(term.end) and self.now > term.end + slack

    def mine(self) -> Iterator[tuple[Token, int]]:
        """All that residents have set, and the lease of each."""
        for resident in self.residents:
            yield (PIN, resident.pin), resident.lease
            yield from (((CARD, uid), resident.lease) for uid in resident.cards)

    def ways(self) -> dict[Token, int]:
        """Every way in of those who live here, and its lease."""
        given = {token: lease for token, lease in self.given.items() if token not in self.withdrawn}
        return given | dict(self.mine())

    def taken(self) -> set[str]:
        """Every PIN and code that is somebody's, or was used up."""
        digits = {resident.pin for resident in self.living()}
        return digits | {value for kind, value in self.force.entries if kind == PIN} | self.used

    def known(self) -> set[str]:
        """The same, and what may yet open though its lease may be over for the lock."""
        return self.taken() | {resident.pin for resident in self.residents}

    def opens(self, token: Token, clock_is_right: bool) -> bool | None:
        """Whether it opens; None where that is left open."""
        lease = self.ways().get(token)
        if lease is not None:
            if lease in self.left:
                return None
            if self.inside(lease):
                return True
            return False if clock_is_right and self.outside(lease) else None
        entry = self.force.entries.get(token)
        if entry is None or entry.role not in (STAFF, lists.STAFF_PASSAGE):
            return False
        if not (entry.before or entry.after):
            return True
        if not clock_is_right:
            return None
        near = any(abs(self.now - limit) < 2 * HOUR for limit in (entry.before, entry.after) if limit)
        in_time = entry.before <= self.now and (not entry.after or self.now < entry.after)
        return None if near else in_time
