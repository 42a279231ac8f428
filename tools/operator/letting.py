"""What is entered for a lease: at each of its doors a record with the same dates and the same code."""

import time
from collections.abc import Callable
from dataclasses import dataclass

from menshen.errors import MenshenError

from . import asking, codes, dates, records
from .lists import PIN
from .locks import refuse_full
from .store import HELD, SENT, Store
from .tenancies import Door, Tenancy

LEASES_MAX = 32
"""As many as a lock guards."""

GUARD = (
    "a lease cannot be ended early: the lock's lease guard would refuse the list, for nobody is locked out "
    "of their home by a click. Whoever moves out confirms it at the keypad, PIN * 9 # PIN #, and then: "
    "`menshen lease end --moved-out`"
)
_ODD_YEARS = 5  # for a lease to last,
_ODD_BEFORE, _ODD_AHEAD = 31, 2 * 366  # and days from today for it to begin
_NUMBERS = 65_535


@dataclass(frozen=True)
class Wish:
    """A lease as somebody wants it: IDs of its locks, days as typed, and a note such as "flat 3"."""

    locks: list[str]
    first: str
    last: str
    note: str = ""


def add(store: Store, wish: Wish, ask: Callable[[str], None] = asking.sure) -> tuple[Tenancy, str]:
    """Enter it; the lease, and its move-in code, which is not stored. `ask` gets a question for what is odd.

    Raises DateError and MenshenError.
    """
    spans = [_span(store, lock, wish) for lock in wish.locks]
    _odd(wish, ask)
    if wish.note and any(one.note == wish.note and one.end > time.time() for one in store.tenancies()):
        ask(f'There is a lease with the note "{wish.note}" already. Make another?')
    code, digests = new_code(store, wish.locks)
    number = store.next_lease()
    store.journal.write("lease", {"id": number}, {"id": number, "note": wish.note})
    doors = []
    for lock, (begin, end) in zip(wish.locks, spans, strict=True):
        refuse_full(store, lock, LEASES_MAX)
        own = store.lock(lock)["leases"] + 1
        if own > _NUMBERS:
            raise MenshenError(f"LOCK {lock}: its 65,535 numbers of leases are used up")
        store.run("update lock set leases = ? where name = ?", own, lock)
        key = {"lock": lock, "number": own}
        store.journal.write("door", key, {**key, "lease": number})
        store.put(lock, "lease", str(own), {"begin": begin, "end": end, "code": digests[lock]})
        doors.append(Door(lock, own, begin, end, digests[lock], False))
    return Tenancy(number, wish.note, tuple(doors)), code


def recode(store: Store, doors: tuple[Door, ...]) -> str:
    """Give a lease a new move-in code at these doors."""
    code, digests = new_code(store, [door.lock for door in doors])
    for door in doors:
        change(store, door, code=digests[door.lock])
    return code


def change(store: Store, door: Door, **fields: object) -> None:
    """Change what is wanted of a lease at a door."""
    entered = store.entries(door.lock, "lease")[str(door.number)]
    store.put(door.lock, "lease", str(door.number), {**entered, **fields})


def known(store: Store, door: Door) -> bool:
    """Whether the lock has heard of this lease, or may have."""
    return any(str(door.number) in store.entries(door.lock, "lease", state) for state in (SENT, HELD))


def new_code(store: Store, locks: list[str]) -> tuple[str, dict[str, str]]:
    """A code that is new to the lists of these locks, and its digest by lock, in hexadecimal."""
    keys = {lock: store.key(lock) for lock in locks}
    taken = {lock: {record[:16] for record in records.records(store, lock)} for lock in locks}
    while True:
        code = codes.move_in_code()
        digests = {lock: codes.digest(key, PIN, code.encode()) for lock, key in keys.items()}
        if not any(digest in taken[lock] for lock, digest in digests.items()):
            return code, {lock: digest.hex() for lock, digest in digests.items()}


def _span(store: Store, lock: str, wish: Wish) -> tuple[int, int]:
    """First second and the one after the last, at this lock."""
    zone = store.lock(lock)["zone"]
    begin = dates.begin_of(dates.day("--from", wish.first), zone)
    end = dates.end_of(dates.day("--until", wish.last), zone)
    if end <= begin:
        raise dates.DateError(f"--until {wish.last}: before --from {wish.first}")
    if end <= time.time():
        raise dates.DateError(f"--until {wish.last}: has passed")
    return begin, end


def _odd(wish: Wish, ask: Callable[[str], None]) -> None:
    first, last = dates.day("--from", wish.first), dates.day("--until", wish.last)
    odd_length(first.toordinal(), last.toordinal(), wish.last, ask)
    late = dates.today().toordinal() - first.toordinal()
    if late > _ODD_BEFORE:
        ask(f"--from {wish.first} is {late} days ago. Is that right?")
    if -late > _ODD_AHEAD:
        ask(f"--from {wish.first} is {-late // 365} years ahead. Is that right?")


def odd_length(first: int, last: int, typed: str, ask: Callable[[str], None]) -> None:
    """Ask about a lease of more than five years; days are counted as by date.toordinal."""
    years = (last - first) / 365.25
    if years > _ODD_YEARS:
        ask(
            f"--until {typed}: the lease lasts {years:.0f} years then, and is made shorter only where "
            "all who live there agree. Go on?"
        )
