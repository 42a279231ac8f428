"""What a lock should make of its operator's lists, in plain Python: sets and dicts, no flash and no bytes.

Versions, the lease guard (firmware/people/README.md), the residents' own changes, and what a power
cut may leave.
"""

import copy
from collections.abc import Iterator
from dataclasses import dataclass, field

TENANT, STAFF, MOVE_IN = 1, 2, 3
START = {1: 1_800_000_000, 2: 0}
"""When each lease begins, as its record in a list states it; 0: it does not."""

SIGNED = 1_800_000_000
"""When every list is signed."""

Token = tuple[int, str]
Person = tuple[int, int, int, int]
"""Role, lease, not before, not after."""


@dataclass
class Listing:
    """One version of the list: who is in it, and the end of each lease that it states."""

    version: int = 0
    people: dict[Token, Person] = field(default_factory=dict)
    ends: dict[int, int] = field(default_factory=dict)
    count: int = 0


@dataclass
class Lease:
    """What the lock knows of a lease."""

    lived: int
    seen: int
    stated: bool = False
    start: int = 0
    end: int = 0
    begun: bool = False
    over: bool = False


@dataclass
class Model:
    """Its methods are the steps of tests/models/helpers/list_lock.py; each returns what the lock may say."""

    listing: Listing = field(default_factory=Listing)
    leases: dict[int, Lease] = field(default_factory=dict)
    residents: dict[Token, tuple[int, int]] = field(default_factory=dict)
    now: int | None = None
    lived: int = 0

    def after_cut(self, name: str, *arguments: object) -> "list[Model]":
        """The states in which a cut within the step may leave the lock; the last is that of all of it."""
        states, after = [copy.deepcopy(self)], copy.deepcopy(self)
        if name == "tend":
            states += [copy.deepcopy(after) for _ in after._tended()]
        else:
            getattr(after, name)(*arguments)
            noted = copy.deepcopy(self)  # of a list its leases are stored first
            noted.leases = copy.deepcopy(after.leases)
            states += [noted, after]
        for state in states:
            state.restart()
        return states

    # the steps

    def restart(self) -> set[str]:
        self.now = None
        return set()

    def clock(self, time: int | None) -> set[str]:
        self.now = time
        return set()

    def lives(self, hours: int) -> set[str]:
        self.lived += hours
        return set()

    def tend(self) -> set[str]:
        """What is done when nobody is at the door."""
        for _ in self._tended():
            pass
        return set()

    def _tended(self) -> Iterator[None]:
        """Its steps; each is written by itself."""
        self._note(self.listing, self.now or 0)
        yield
        for number, lease in self.leases.items():
            lease.over = lease.over or self._over(number)
            if not lease.over and lease.stated and self.now is not None and self.now >= lease.start:
                lease.begun = True
        yield
        for number in [number for number, lease in self.leases.items() if lease.over]:
            self._clear(number)
            yield
        for number in (1, 2):  # each has a shelf of its own
            mine = {t for t, (what, lease) in self.residents.items() if lease == number and not what}
            theirs = {
                t for t, (role, of, *_) in self.listing.people.items() if role != STAFF and of == number
            }
            self.residents = {t: e for t, e in self.residents.items() if t not in mine - theirs}
            yield
        named = self._named(self.listing)
        self.leases = {n: lease for n, lease in self.leases.items() if not lease.over or n in named}
        yield

    def move_out(self, lease: int) -> set[str]:
        if lease in self.leases:
            self.leases[lease].over = True
        return set()

    def change(self, name: str, lease: int, *tokens: Token) -> set[str]:
        """Residents of a lease set something: `residents` has 1 for what is theirs, 0 for withdrawn."""
        held = [self.residents.get(token) for token in tokens]
        if name == "clear":
            self._clear(lease)
        elif name == "remove":
            if held[0] and held[0][1] == lease:
                del self.residents[tokens[0]]
        elif name == "change_pin":
            old, new = tokens
            listed = self.listing.people.get(old)
            if (
                held[1]
                or (held[0] not in (None, (1, lease)))
                or not (held[0] or (listed and listed[1] == lease))
            ):
                return set()
            self.residents.pop(old, None)
            if listed:
                self.residents[old] = 0, lease
            self.residents[new] = 1, lease
        elif not any(held):
            self.residents[tokens[0]] = 0, lease  # withdrawn, or a code that is used up
            if name == "move_in":
                self.residents[tokens[1]] = 1, lease
        return set()

    def present(self, kind: int, value: str) -> set[str]:
        return {self._judge((kind, value))}

    def publish(self, listing: Listing) -> set[str]:
        if listing.version < self.listing.version:
            return {"old version"}
        if listing.version > self.listing.version:
            reasons = self._objections(listing)
            if reasons:
                return reasons
            self._note(listing, min(SIGNED, self.now or SIGNED))
            self.listing = listing
        return {"taken"}

    # what residents set

    def _clear(self, lease: int) -> None:
        self.residents = {t: e for t, e in self.residents.items() if e != (TENANT, lease)}

    # who may come in

    def _judge(self, token: Token) -> str:
        role, lease = self.residents.get(token, (None, 0))
        if role == TENANT:
            return "expired" if self._over(lease) else "granted"
        person = self.listing.people.get(token)
        if role == 0 or person is None:
            return "unknown"
        role, lease, begin, end = person
        if role != STAFF and self._over(lease):
            return "expired"
        now, verdict = self.now, "granted"
        if now is not None:
            verdict = "too early" if now < begin else "expired" if 0 < end <= now else "granted"
        if role == STAFF:
            return "no clock" if now is None and (begin or end) else verdict
        known = self.leases.get(lease)
        begun = known is not None and known.begun and begin <= known.start
        if role == MOVE_IN:
            return "too early" if verdict == "too early" and not begun else "moving in"
        return "too early" if verdict == "too early" and not begun else "granted"

    # the lease guard

    def _over(self, number: int) -> bool:
        lease = self.leases.get(number)
        if lease is None or lease.over:
            return lease is not None
        begin = lease.seen or lease.start
        if not lease.end or not begin or self.now is None or self.now < lease.end:
            return False
        return (self.lived - lease.lived) * 3600 * 32 >= (lease.end - begin) * 31

    @staticmethod
    def _named(listing: Listing) -> set[int]:
        """The leases of which a list says anything."""
        return set(listing.ends) | {lease for role, lease, _, _ in listing.people.values() if role != STAFF}

    def _objections(self, listing: Listing) -> set[str]:
        """What this list would take from a running lease."""
        found, held, given = set(), set(), set()
        for token, (role, lease, begin, end) in self.listing.people.items():
            if self._over(lease) or role == STAFF:
                continue
            if role == MOVE_IN:
                held.add(lease)
                continue
            new = listing.people.get(token, (STAFF, 0, 0, 0))
            if new[:2] != (TENANT, lease) or new[2] > begin or (new[3] and not 0 < end <= new[3]):
                found.add("lease locked out")
        given = {person[1] for person in listing.people.values() if person[0] == MOVE_IN}
        if held - given:
            found.add("lease locked out")
        for number, lease in self.leases.items():
            stated = listing.ends.get(number, -1)
            shorter = stated > 0 and (not lease.end or stated < lease.end)
            if not self._over(number) and (shorter or (lease.end and stated < 0)):
                found.add("lease shortened")
        return found

    def _note(self, listing: Listing, heard: int) -> None:
        for number in self._named(listing):
            lease = self.leases.setdefault(number, Lease(self.lived, heard))
            if number in listing.ends and lease.stated:
                lease.end = lease.end and listing.ends[number] and max(lease.end, listing.ends[number])
            elif number in listing.ends:
                lease.stated, lease.start, lease.end = True, START[number], listing.ends[number]
            if not lease.seen and not lease.start and heard:
                lease.seen, lease.lived = heard, self.lived
