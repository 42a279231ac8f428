"""Commands for leases: who lives behind which doors and until when. Nobody is named: a lease is a number."""

import time

import click

from menshen.cli.completing import LEASE, LOCK
from menshen.errors import InputError, MenshenError

from . import asking, dates, handing, letting, records
from .answer import Answer, Table
from .letting import GUARD, Wish
from .locks import chosen
from .opened import changing, reading
from .sheet import sheet
from .store import Store, called
from .tenancies import Door, Tenancy

_lease = click.argument("number", metavar="LEASE", shell_complete=LEASE)
_at = click.option("--at", metavar="LOCK", shell_complete=LOCK, help="At this door alone.")


@click.group()
def lease() -> None:
    """Leases: who lives behind which doors and until when.

    Nobody is named: a lease is a number, with a note for you such as "flat 3". It has a move-in code, with
    which a tenant sets a PIN of their own at the keypad.

    \b
        menshen lease add house flat-3 --until 2027-11-30 --note "flat 3"
        menshen publish
    """


lease.add_command(sheet)


@lease.command("add")
@click.argument("locks", metavar="LOCK...", nargs=-1, required=True, shell_complete=LOCK)
@click.option("--from", "first", metavar="DATE", help="First day, such as 2026-12-01 [today].")
@click.option("--until", "last", metavar="DATE", required=True, help="Last day, included.")
@click.option(
    "--note", metavar="TEXT", default="", help='For you, such as "flat 3"; the lock never learns it.'
)
@changing
def add(store: Store, locks: tuple[str, ...], first: str | None, last: str, note: str) -> Answer:
    """Make a lease and its move-in code, which is shown this once.

    Several LOCKs are the doors of one lease, such as the house door and the flat's: the one code is used once
    at each. Days begin where the house is. A lock has places for 32 leases.

    \b
        menshen lease add house flat-3 --until 2027-11-30 --note "flat 3"
    """
    wish = Wish(chosen(store, locks), first or str(dates.today(store.zone)), last, note)
    made, code = letting.add(store, wish)
    doors = _names(store, made.doors)
    said = f"{made.called} of {doors}, {wish.first} to {last}"
    return Answer(
        {
            "lease": made.id,
            "note": note,
            "doors": wish.locks,
            "from": wish.first,
            "until": last,
            "code": code,
        },
        [said],
        secret=[_code(code)],
        then=_then(len(made.doors), wish.locks),
        record=f"{said}: added",
    )


@lease.command("code")
@_lease
@_at
@changing
def code_(store: Store, number: str, at: str | None) -> Answer:
    """Make a new move-in code, as for a PIN that was forgotten.

    LEASE is its number or its note, as `menshen lease list` shows them. PINs that were set go on opening; a
    code is also how one more person moves in.

    \b
        menshen lease code "flat 3"
    """
    one = _running(store.tenancy(number))
    doors = _doors(store, one, at)
    code = letting.recode(store, doors)
    locks = [door.lock for door in doors]
    return Answer(
        {"lease": one.id, "note": one.note, "doors": locks, "code": code},
        secret=[_code(code)],
        then=_then(len(doors), locks),
        record=f"{one.called}: a new move-in code at {_names(store, doors)}",
    )


@lease.command("extend")
@_lease
@click.option("--until", "last", metavar="DATE", required=True, help="Its new last day, included.")
@changing
def extend(store: Store, number: str, last: str) -> Answer:
    """Have a lease end later.

    It cannot be made to end earlier by this: nobody is locked out of their home by a click.

    \b
        menshen lease extend "flat 3" --until 2028-11-30
    """
    one, day = store.tenancy(number), dates.day("--until", last)
    ends = {door.lock: dates.end_of(day, store.lock(door.lock)["zone"]) for door in one.doors}
    if any(ends[door.lock] < door.end for door in one.doors):
        raise MenshenError(f"--until {last}: {GUARD}")
    if all(ends[door.lock] == door.end for door in one.doors):
        raise InputError(f"--until {last}: is the lease's last day already")
    zone = store.lock(one.doors[0].lock)["zone"]
    begin = dates.date_of(one.doors[0].begin, zone)
    letting.odd_length(begin.toordinal(), day.toordinal(), last, asking.sure)
    for door in one.doors:
        letting.change(store, door, end=ends[door.lock])
    said = f"{one.called} lasts until {last}"
    return Answer(
        {"lease": one.id, "until": last},
        [f"{said}. {_publish([door.lock for door in one.doors])}"],
        record=said,
    )


@lease.command("shorten")
@_lease
@click.option("--until", "last", metavar="DATE", required=True, help="Its new last day, included.")
@changing
def shorten(store: Store, number: str, last: str) -> Answer:
    """Have a lease end earlier, with the consent of all who live there.

    Each of them agrees at the keypad, at each door: PIN * 5 #, then the new last day as DDMMYY #. It counts
    from the second day after, for a month. Only the lock knows whether they have: if not, it refuses the
    list, and your file has the lease as before. A lease that no lock was sent is simply shorter.

    \b
        menshen lease shorten "flat 3" --until 2027-05-31
    """
    one, day = store.tenancy(number), dates.day("--until", last)
    ends = {door.lock: dates.end_of(day, store.lock(door.lock)["zone"]) for door in one.doors}
    if all(ends[door.lock] >= door.end for door in one.doors):
        raise InputError(f"--until {last}: is not earlier; `menshen lease extend` has a lease end later")
    if any(ends[door.lock] <= max(door.begin, time.time()) for door in one.doors):
        raise InputError(f"--until {last}: has passed, or is before the lease begins")
    known = [door for door in one.doors if letting.known(store, door)]
    for door in one.doors:
        letting.change(store, door, end=ends[door.lock])
    said = f"{one.called} lasts until {last}"
    agree = (
        f"First each resident has to agree at the keypad: PIN * 5 #, then {day:%d%m%y} #. Two days after the "
        "last of them the lock takes the list, and before that refuses it"
    )
    handed = any(
        entry["lease"] == door.number
        for door in one.doors
        for entry in store.entries(door.lock, handing.KIND).values()
    )
    unasked = (
        "The lock cannot ask whoever has a card that you handed out: as long as such a card opens, no "
        "agreement counts. Whoever lives there alone removes it by PIN * 30 #"
    )
    return Answer(
        {"lease": one.id, "until": last, "needs_consent": bool(known)},
        [f"{said}. {_publish([door.lock for door in one.doors])}"],
        then=[agree, *([unasked] if handed else [])] if known else [],
        record=f"{said}, which is earlier",
    )


@lease.command("end")
@_lease
@_at
@click.option("--moved-out", is_flag=True, help="They have said so at the keypad, before its last day.")
@changing
def end_(store: Store, number: str, at: str | None, moved_out: bool) -> Answer:
    """Take a lease that is over from the list.

    It is refused before its end. Whoever moves out earlier confirms it at the keypad: PIN * 9 # PIN #. After
    that use --moved-out: only the lock knows whether it is so, and refuses the list if it is not.

    \b
        menshen lease end "flat 3" --moved-out
    """
    one = store.tenancy(number)
    doors = _doors(store, one, at)
    for door in doors:
        if door.end > time.time() and letting.known(store, door) and not moved_out:
            raise MenshenError(f"LEASE {number}: {GUARD}")
    for door in doors:
        store.drop(door.lock, "lease", str(door.number))
        handing.forget(store, door.lock, door.number)
    said = f"{one.called} leaves the list of {_names(store, doors)}"
    locks = [door.lock for door in doors]
    return Answer({"lease": one.id, "ended_at": locks}, [f"{said}. {_publish(locks)}"], record=said)


@lease.command("list")
@click.argument("lock", required=False, shell_complete=LOCK)
@reading
def list_(store: Store, lock: str | None) -> Answer:
    """Show the leases of one lock, or of all.

    "not published" are those that a lock does not have like this yet.

    \b
        menshen lease list flat-3
    """
    rows, data = [], []
    names = {row["name"]: row for row in store.locks()}
    for one in store.tenancies(store.lock(lock)["name"] if lock else None):
        for span, doors in _spans(one, {name: row["zone"] for name, row in names.items()}).items():
            state = _state(doors)
            rows.append(
                (str(one.id), one.note, ", ".join(called(names[d.lock]) for d in doors), *span, state)
            )
            data += [
                {
                    "lease": one.id,
                    "note": one.note,
                    "lock": door.lock,
                    "number_there": door.number,
                    "from": span[0],
                    "until": span[1],
                    "published": door.held,
                    "over": door.end <= time.time(),
                }
                for door in doors
            ]
    return Answer(data, table=Table(("lease", "note", "doors", "from", "until", ""), rows))


def _spans(one: Tenancy, zones: dict[str, str]) -> dict[tuple[str, str], list[Door]]:
    """First and last day to the doors where it is so: after a refusal they can differ."""
    found: dict[tuple[str, str], list[Door]] = {}
    for door in one.doors:
        zone = zones[door.lock]
        span = records.first_day(door.begin, zone), records.last_day(door.end, zone)
        found.setdefault(span, []).append(door)
    return found


def _state(doors: list[Door]) -> str:
    if all(door.end <= time.time() for door in doors):
        return "over"
    return "" if all(door.held for door in doors) else "not published"


def _running(one: Tenancy) -> Tenancy:
    if one.end <= time.time():
        raise MenshenError(f"LEASE {one.id}: is over")
    return one


def _doors(store: Store, one: Tenancy, at: str | None) -> tuple[Door, ...]:
    """All of its doors, or the one that was named. Raises InputError."""
    if at is None:
        return one.doors
    ident = store.lock(at)["name"]
    found = tuple(door for door in one.doors if door.lock == ident)
    if not found:
        raise InputError(f"--at {at}: {one.called} has no door there")
    return found


def _names(store: Store, doors: tuple[Door, ...]) -> str:
    return ", ".join(called(store.lock(door.lock)) for door in doors)


def _code(code: str) -> str:
    return f"move-in code: {code[:4]} {code[4:]}"


def _then(doors: int, locks: list[str]) -> list[str]:
    where = "At the keypad" if doors == 1 else "At the keypad of each door"
    said = f"It is shown this once. {where}: code #, then a new PIN # and the same again #"
    return [said, _publish(locks)]


def _publish(locks: list[str]) -> str:
    return f"Now: menshen publish {' '.join(locks) if len(locks) < 6 else ''}".rstrip()
