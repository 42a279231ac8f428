"""Commands for staff: who may come in, when and how often. Names stay in this file."""

from dataclasses import dataclass

import click

from menshen.cli import numbers
from menshen.cli.completing import LOCK
from menshen.cli.options import packed
from menshen.errors import InputError, MenshenError

from . import asking, codes, dates, handing, records, zones
from .answer import Answer, Table
from .cards import made_at_desk
from .database import NotInFileError
from .lists import CARD, PIN, STAFF, STAFF_PASSAGE
from .lock_settings import refuse_card
from .locks import chosen
from .opened import changing, reading
from .store import Store, called

KINDS = {PIN: "PIN", CARD: "card (can be cloned)"}
_PROVES = "card (proves itself)"


@click.group()
def staff() -> None:
    """Staff: who else may come in, when and how often.

    Landlord, cleaner, technician, emergency. Each use is told to the tenants as well. Names stay in your
    file.

    \b
        menshen staff add house Anna --card 04a1b2c3 --hours "mon-fri 8:00-17:00"
        menshen staff add house flat-3 "Mr Bell, heating" --pin --until 2026-12-24
        menshen publish
    """


@dataclass(frozen=True)
class Terms:
    """By what somebody may come in, when, and how often, as it was typed."""

    card: str | None
    bits: int
    pin: bool
    hours: str | None
    first: str | None
    last: str | None
    uses: int | None
    passage: bool = False
    parity: str = "halves"
    make_card: bool = False
    house: str = "house"


def limits_of(terms: Terms, zone: str) -> tuple[int, int]:
    """First second, and the one after the last, since 1970; 0 is no limit. Raises DateError."""
    begin = dates.begin_of(dates.day("--from", terms.first), zone) if terms.first else 0
    end = dates.end_of(dates.day("--until", terms.last), zone) if terms.last else 0
    if end and end <= begin:
        raise dates.DateError(f"--until {terms.last}: before --from {terms.first}")
    return begin, end


def _value(terms: Terms, store: Store) -> tuple[int, bytes]:
    """Kind, and a card's number or a PIN, which is asked for. Raises CodeError, CardError."""
    if terms.make_card:
        key = handing.house_key(store, terms.house)
        return CARD, asking.typed("card", lambda: made_at_desk(key))
    if terms.card is not None:
        return CARD, codes.own_number(terms.card, terms.bits, terms.parity)
    return PIN, codes.checked_pin(asking.typed("PIN", _ask_pin)).encode()


def _ask_pin() -> str:
    return click.prompt("PIN", hide_input=True, confirmation_prompt="The same again", err=True)


_terms = packed(
    "terms",
    Terms,
    click.option(
        "--card", metavar="NUMBER", help="A card that can be cloned: its UID, or what is printed on it."
    ),
    click.option(
        "--bits",
        metavar="N",
        type=numbers.Whole(9, 66),
        default=26,
        help="Of a Wiegand reader's cards [26].",
    ),
    click.option(
        "--parity",
        metavar="HOW",
        type=click.Choice(["halves", "even", "odd", "none"]),
        default="halves",
        help="As the lock's reader.parity: even, odd, none or [halves].",
    ),
    click.option(
        "--make-card", is_flag=True, help="A card made at your desk, that proves itself (menshen card)."
    ),
    click.option("--house", metavar="NAME", default="house", help="Whose key that gets [house]."),
    click.option("--pin", is_flag=True, help="A PIN; it is asked for, twice."),
    click.option(
        "--hours", metavar="TEXT", help='House time, as "mon-fri 8:00-17:00, sat+holiday 9:00-12:00".'
    ),
    click.option("--from", "first", metavar="DATE", help="First day."),
    click.option("--until", "last", metavar="DATE", help="Last day, included."),
    click.option(
        "--uses", metavar="N", type=numbers.Whole(1, 255), default=None, help="How often it opens, at most."
    ),
    click.option("--passage", is_flag=True, help="May begin and end passage mode, by PIN * 0 #."),
)


@staff.command("add")
@click.argument("locks", metavar="LOCK...", nargs=-1, required=True, shell_complete=LOCK)
@click.argument("name")
@_terms
@changing
def add(store: Store, locks: tuple[str, ...], name: str, terms: Terms) -> Answer:
    """Let somebody in who does not live there.

    NAME is for you alone. A NUMBER is 04a1b2c3d4e5f6, 4d7603 or 077,30211.

    \b
        menshen staff add house Anna --card 04a1b2c3 --hours "mon-fri 8:00-17:00"
    """
    if (terms.card is not None) + terms.pin + terms.make_card != 1:
        raise click.UsageError("Say what opens: one of --card, --make-card and --pin.")
    if terms.passage and not terms.pin:
        raise click.UsageError("--passage: passage mode is begun at the keypad, so it needs --pin.")
    idents = chosen(store, locks)
    if not terms.house.strip():
        raise InputError("--house: is empty")
    for ident in idents if terms.make_card else ():  # before a card is made for nothing
        refuse_card(store, ident, "--make-card", proves=True)
        handing.reference(store, ident, terms.house)
    kind, value = _value(terms, store)
    for ident in idents:
        enter(store, ident, name, terms, (kind, value))
    shown = "PIN" if kind == PIN else "a card that proves itself" if terms.make_card else _plain(value)
    where = ", ".join(called(store.lock(ident)) for ident in idents)
    said = f"{name} may enter at {where} by {shown}"
    return Answer(
        {"name": name, "locks": idents, "kind": kind, "hours": terms.hours or "always", "uses": terms.uses},
        [f"{said}. Now: menshen publish {' '.join(idents)}"],
        then=_then(terms),
        record=f"staff {name}: may enter at {where} by {'card' if kind == CARD else 'PIN'}",
    )


def _then(terms: Terms) -> list[str]:
    """What to know of a card."""
    if terms.make_card:
        return ["Whoever has your file and its key can copy this card"]
    if terms.card is not None:
        return ["Whoever reads this card's number can copy it: --make-card makes one that proves itself"]
    return []


def _plain(value: bytes) -> str:
    return f"card {codes.card_said(value)}, which can be cloned"


def enter(store: Store, lock: str, name: str, terms: Terms, opens: tuple[int, bytes]) -> None:
    """Enter staff at one lock; `opens` is the kind, and the card's number or the PIN. Raises InputError."""
    if not name.strip():
        raise InputError("NAME: is empty")
    if name in store.entries(lock, "staff"):
        raise MenshenError(f"NAME {name}: {lock} has one already; `menshen staff remove {lock} {name}` first")
    begin, end = limits_of(terms, store.lock(lock)["zone"])
    text, schedule = "", 0
    if terms.hours is not None:
        text = " ".join(terms.hours.lower().split())
        dates.parts(1, text)
        _own_time(store, lock)
        schedule = records.schedule(store, lock, text)
    kind, value = opens
    if terms.card is not None:
        refuse_card(store, lock, "--card", proves=False)
    if terms.make_card:
        own = handing.for_staff(store, lock, terms.house, value)
    else:
        own = {"digest": codes.digest(store.key(lock), kind, value).hex()}
    digest = str(own["digest"])
    if digest in {record[:16].hex() for record in records.records(store, lock)}:
        option = "--make-card" if terms.make_card else "--card" if terms.card else "--pin"
        raise MenshenError(f"{option}: somebody else in the list of {lock} has the same")
    data = {
        **own,
        "kind": kind,
        "hours": text,
        "schedule": schedule,
        "uses": terms.uses or 0,
        "role": STAFF_PASSAGE if terms.passage else STAFF,
        "begin": begin,
        "end": end,
        "value": store.seal.close(f"staff {name}", value).hex(),
    }
    store.put(lock, "staff", name, data)
    key = {"lock": lock, "digest": digest}
    store.journal.write("person", key, {**key, "name": name, "used": 0})


def _own_time(store: Store, lock: str) -> None:
    """Ask, where the lock reads hours by another time than the house's."""
    row = store.lock(lock)
    right = zones.rule(row["zone"])
    needs = f'"time": {{"zone": "{right}"}}'
    if row["rule"] is None:
        asking.sure(f"{lock} reads hours by its own settings. Do they say {needs}, which is {row['zone']}?")
        store.run("update lock set rule = ? where name = ?", right, lock)
    elif not zones.agree(row["rule"], right):
        asking.sure(
            f"{lock} reads hours by {row['rule']}, and not by {needs}, {row['zone']}. Go on nevertheless?"
        )


@staff.command("remove")
@click.argument("lock", shell_complete=LOCK)
@click.argument("name")
@changing
def remove(store: Store, lock: str, name: str) -> Answer:
    """Let somebody in no more, from the next list on.

    \b
        menshen staff remove house Anna
    """
    ident = store.lock(lock)["name"]
    if name not in store.entries(ident, "staff"):
        raise NotInFileError(
            f"NAME {name}: {lock} has none of this name; `menshen staff list {lock}` shows those it has"
        )
    store.drop(ident, "staff", name)
    said = f"{name} leaves the list of {lock}"
    return Answer(
        {"name": name, "lock": ident}, [f"{said}. Now: menshen publish {ident}"], record=f"staff {said}"
    )


@staff.command("list")
@click.argument("lock", required=False, shell_complete=LOCK)
@reading
def list_(store: Store, lock: str | None) -> Answer:
    """Show the staff of one lock, or of all.

    "left" is how often they may still come in, by what the lock has reported.

    \b
        menshen staff list house
    """
    rows, data = [], []
    for row in [store.lock(lock)] if lock else store.locks():
        used = {
            one["digest"]: one["used"]
            for one in store.run("select digest, used from person where lock = ?", row["name"])
        }
        for name, who in store.entries(row["name"], "staff").items():
            days = records.first_day(who["begin"], row["zone"]), records.last_day(who["end"], row["zone"])
            left = max(0, who["uses"] - used.get(who["digest"], 0)) if who["uses"] else None
            hours = who["hours"] or "always"
            rows.append((called(row), name, _opens_by(who), hours, *days, "" if left is None else str(left)))
            data.append(
                {
                    "lock": row["name"],
                    "name": name,
                    "by": "pin" if who["kind"] == PIN else "card",
                    "can_be_cloned": who["kind"] == CARD and "reference" not in who,
                    "hours": hours,
                    "from": days[0],
                    "until": days[1],
                    "uses": who["uses"] or None,
                    "uses_left": left,
                }
            )
    return Answer(data, table=Table(("lock", "name", "opens by", "hours", "from", "until", "left"), rows))


def _opens_by(who: dict) -> str:
    return _PROVES if "reference" in who else KINDS[who["kind"]]


@staff.command("log")
@click.argument("lock", required=False, shell_complete=LOCK)
@click.option(
    "--wait", "wait_s", type=numbers.Number(0.5, 60), default=2, help="Seconds without news until it ends."
)
@reading
def log(store: Store, lock: str | None, wait_s: float) -> Answer:
    """Show when staff came in, by name.

    The broker keeps what comes between two calls, from your first `menshen publish` on; your file keeps it
    for 90 days.

    \b
        menshen staff log house
    """
    import asyncio

    from . import mailbox

    shown = [store.lock(lock)] if lock else store.locks()
    asyncio.run(mailbox.collect(store, wait_s))
    rows, data, missed = [], [], 0
    for row in shown:
        for entry in mailbox.staff_entries(store, row["name"]):
            name = entry["who"] or f"unknown {entry['digest']}"
            when = mailbox.when(entry["time"], row["zone"])
            rows.append((when, called(row), name, entry["kind"]))
            data.append(
                {"time": entry["time"] or None, "lock": row["name"], "name": name, "by": entry["kind"]}
            )
            missed = max(missed, entry["missed"])
    lost = [f"{missed} older entries were dropped by a lock that was offline too long"] if missed else []
    return Answer(data, table=Table(("when", "lock", "name", "by"), rows), then=lost)
