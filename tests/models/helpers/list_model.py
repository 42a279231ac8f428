"""What a lock should make of its operator's lists, in plain Python: sets and dicts, no flash and no bytes.

Versions, the lease guard (firmware/people/README.md), the residents' own changes, and what a power
cut may leave.
"""

import copy
from dataclasses import dataclass, field

TENANT, STAFF, MOVE_IN = 1, 2, 3
IS_LEASE, KNOWN, PROVED, MOVED_OUT = range(4)
CARD = 2

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
    """What the lock knows of a lease; the anchors are PINs and cards, true if somebody opened by them."""

    stated: int | None = None
    end: int = 0
    seen: int = 0
    lived: int = 0
    anchors: dict[Token, bool] = field(default_factory=dict)


@dataclass
class Model:
    """Its methods are the steps of tests/models/helpers/list_lock.py; each returns what the lock may say."""

    listing: Listing = field(default_factory=Listing)
    leases: dict[int, Lease] = field(default_factory=dict)
    kept: dict[int, Lease] = field(default_factory=dict)  # as they are in the flash
    residents: dict[Token, tuple[int, int]] = field(default_factory=dict)
    now: int | None = None
    lived: int = 0

    def after_cut(self, name: str, *arguments: object) -> "list[Model]":
        """The states in which a cut within the step may leave the lock; the last is that of all of it."""
        before, after = copy.deepcopy(self), copy.deepcopy(self)
        for state in before, after:  # to set the knife the lock is started once more
            state.leases = copy.deepcopy(state.kept)
        getattr(after, name)(*arguments)
        noted = copy.deepcopy(before)
        noted.kept = copy.deepcopy(after.kept)
        for state in before, noted, after:
            state.restart()
        return [before, noted, after]

    # the steps

    def restart(self) -> set[str]:
        self.now, self.leases = None, copy.deepcopy(self.kept)
        return set()

    def clock(self, time: int | None) -> set[str]:
        self.now = time
        return set()

    def lives(self, hours: int) -> set[str]:
        self.lived += hours
        return set()

    def rest(self) -> set[str]:
        self.kept = copy.deepcopy(self.leases)
        return set()

    def move_out(self, lease: int) -> set[str]:
        self.leases.setdefault(lease, Lease()).stated = MOVED_OUT
        return self.rest()

    def change(self, name: str, *arguments: object) -> set[str]:
        getattr(self, f"_{name}")(*arguments)
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
            self._note(listing)
            self.rest()
            self.listing = listing
        return {"taken"}

    # what residents set

    def _add(self, token: Token, lease: int, instead_of: Token | None = None) -> None:
        if instead_of not in (None, token) and self.residents.pop(instead_of, (0, 0))[0] != TENANT:
            self.residents[instead_of] = 0, lease
        self.residents[token] = TENANT, lease

    def _withdraw(self, token: Token) -> None:
        self.residents[token] = 0, 0

    def _remove(self, token: Token) -> None:
        self.residents.pop(token, None)

    def _remove_cards(self, lease: int) -> None:
        self.residents = {t: e for t, e in self.residents.items() if t[0] != CARD or e != (TENANT, lease)}

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
        if role == MOVE_IN:
            return "moving in"
        now = self.now
        verdict = "granted"
        if now is not None:
            verdict = "too early" if now < begin else "expired" if 0 < end <= now else "granted"
        if role == STAFF:
            return "no clock" if now is None and (begin or end) else verdict
        known = self.leases.get(lease, Lease())
        if (verdict == "expired" or (verdict == "too early" and known.anchors.get(token))) and not self._over(
            lease
        ):
            verdict = "granted"
        if verdict == "granted" and (now is not None or not begin) and known.stated is not None:
            known.anchors[token] = True
        return verdict

    # the lease guard

    def _over(self, lease: int) -> bool:
        known = self.leases.get(lease, Lease())
        if known.stated == MOVED_OUT:
            return True
        if not known.end or not known.seen or self.now is None or self.now < known.end:
            return False
        return (self.lived - known.lived) * 3600 * 8 >= (known.end - known.seen) * 7

    def _works(self, person: Person | None, lease: int, end: int) -> bool:
        if person is None or person[:2] != (TENANT, lease):
            return False
        begin, last = person[2:]
        in_force = not begin or (self.now is not None and begin <= self.now)
        return in_force and (not last or 0 < end <= last)

    def _objections(self, listing: Listing) -> set[str]:
        """Why tenants would be locked out by this list."""
        found = set()
        for number, lease in self.leases.items():
            if lease.stated != IS_LEASE or self._over(number):
                continue
            stated = listing.ends.get(number)
            if lease.end and (stated is None or 0 < stated < lease.end):
                found.add("lease shortened")
            elif (TENANT, number) not in self.residents.values():
                proved = [t for t, opened in lease.anchors.items() if opened]
                works = [
                    self._works(listing.people.get(t), number, lease.end) for t in proved or lease.anchors
                ]
                if not (any(works) if proved else all(works)):
                    found.add("lease locked out")
        return found

    def _note(self, listing: Listing) -> None:
        for number, end in listing.ends.items():
            lease = self._met(number)
            lease.end = max(lease.end, end)
        for token, person in listing.people.items():
            if person[0] != TENANT:
                continue
            lease = self._met(person[1])
            if self._works(person, person[1], lease.end) and not any(lease.anchors.values()):
                lease.anchors.setdefault(token, False)

    def _met(self, number: int) -> Lease:
        lease = self.leases.setdefault(number, Lease())
        if lease.stated is None:
            lease.stated, lease.lived, lease.seen = IS_LEASE, self.lived, self.now or 0
        elif not lease.seen and self.now is not None:
            lease.seen, lease.lived = self.now, self.lived
        return lease
