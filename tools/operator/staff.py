"""Commands for staff: who may come in, when and how often, and when they did. Names stay in this file."""

import asyncio
import datetime as dt
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from menshen.cli.options import packed
from menshen.errors import MenshenError

from . import codes, dates, link, records
from .lists import CARD, PIN, STAFF, STAFF_PASSAGE
from .locks import show
from .opened import with_store
from .store import NotInFileError, Store

_KINDS = {PIN: "PIN", CARD: "card (can be cloned)"}


@click.group()
def staff() -> None:
    """Staff: who else may come in, when and how often.

    Landlord, cleaner, technician, emergency. Each use is told to the tenants as well. Names stay in your
    file.

    \b
        menshen staff add front Anna --card 04a1b2c3 --hours "mon-fri 8:00-17:00"
        menshen staff add front "Mr Bell, heating" --pin --until 2026-12-24
        menshen publish front
    """


@dataclass(frozen=True)
class Terms:
    """By what somebody may come in, when, and how often, as it was typed."""

    card: str | None
    pin: bool
    hours: str | None
    first: str | None
    last: str | None
    uses: int | None
    passage: bool

    def limits(self, zone: str) -> tuple[int, int]:
        """First second, and the one after the last, since 1970; 0 is no limit. Raises DateError."""
        begin = dates.begin_of(dates.day("--from", self.first), zone) if self.first else 0
        end = dates.end_of(dates.day("--until", self.last), zone) if self.last else 0
        if end and end <= begin:
            raise dates.DateError(f"--until {self.last}: before --from {self.first}")
        return begin, end

    def credential(self, key: bytes) -> tuple[int, bytes]:
        """Kind and digest, of a PIN that is asked for. Raises CodeError."""
        if self.card is not None:
            return CARD, codes.digest(key, CARD, codes.card_uid(self.card))
        asked = click.prompt("PIN", hide_input=True, confirmation_prompt="The same again", err=True)
        return PIN, codes.pin_digest(key, asked)


_terms = packed(
    "terms",
    Terms,
    click.option("--card", metavar="UID", help="A card, by its number in hexadecimal."),
    click.option("--pin", is_flag=True, help="A PIN; it is asked for, twice."),
    click.option("--hours", metavar="TEXT", help='Such as "mon-fri 08:00-17:00, sat+holiday 9:00-12:00".'),
    click.option("--from", "first", metavar="DATE", help="First day."),
    click.option("--until", "last", metavar="DATE", help="Last day, included."),
    click.option("--uses", type=click.IntRange(1, 255), default=None, help="How often it opens, at most."),
    click.option("--passage", is_flag=True, help="May begin and end passage mode, by PIN * 0 #."),
)


@staff.command("add")
@click.argument("lock")
@click.argument("name")
@_terms
@with_store
def add(store: Store, lock: str, name: str, terms: Terms) -> None:
    """Let somebody in who does not live there.

    NAME is for you; the lock never learns it. A card that is only a number can be cloned. Without --hours it
    opens always.
    """
    row = store.lock(lock)
    if name in store.entries(lock, "staff"):
        raise MenshenError(f"NAME {name}: {lock} has one already; `menshen staff remove {lock} {name}` first")
    if (terms.card is None) == (not terms.pin):
        raise click.UsageError("Say what opens: one of --card and --pin.")
    if terms.passage and not terms.pin:
        raise click.UsageError("--passage: passage mode is begun at the keypad, so it needs --pin.")
    begin, end = terms.limits(row["zone"])
    text, schedule = "", 0
    if terms.hours is not None:
        text = " ".join(terms.hours.lower().split())
        dates.parts(1, text)
        schedule = records.schedule(store, lock, text)
    kind, digest = terms.credential(row["key"])
    if digest in {record[:16] for record in records.records(store, lock)}:
        raise MenshenError(f"{'--card' if terms.card else '--pin'}: another in the list has the same")
    data = {
        "kind": kind,
        "digest": digest.hex(),
        "hours": text,
        "schedule": schedule,
        "uses": terms.uses or 0,
        "role": STAFF_PASSAGE if terms.passage else STAFF,
        "begin": begin,
        "end": end,
    }
    with store.change():
        store.put(lock, "staff", name, data)
        store.run("insert or replace into person values (?, ?, ?)", lock, digest.hex(), name)
    click.echo(f"{name} may enter at {lock} by {_KINDS[kind]}. Now: menshen publish {lock}")


@staff.command("remove")
@click.argument("lock")
@click.argument("name")
@with_store
def remove(store: Store, lock: str, name: str) -> None:
    """Let somebody in no more, from the next list on."""
    store.lock(lock)
    if name not in store.entries(lock, "staff"):
        raise NotInFileError(
            f"NAME {name}: {lock} has none of this name; `menshen staff list {lock}` shows those it has"
        )
    with store.change():
        store.drop(lock, "staff", name)
    click.echo(f"{name} leaves the list of {lock}. Now: menshen publish {lock}")


@staff.command("list")
@click.argument("lock", required=False)
@with_store
def list_(store: Store, lock: str | None) -> None:
    """Show the staff of one lock, or of all."""
    table = Table("lock", "name", "opens by", "hours", "from", "until", "uses")
    for row in [store.lock(lock)] if lock else store.locks():
        for name, who in store.entries(row["name"], "staff").items():
            days = records.first_day(who["begin"], row["zone"]), records.last_day(who["end"], row["zone"])
            opens = _KINDS[who["kind"]]
            uses = str(who["uses"] or "")
            table.add_row(row["name"], Text(name), opens, who["hours"] or "always", *days, uses)
    show(table)


@staff.command("log")
@click.argument("lock", required=False)
@click.option(
    "--wait", "wait_s", type=click.FloatRange(0.5, 60), default=2, help="Seconds of silence to end."
)
@with_store
def log(store: Store, lock: str | None, wait_s: float) -> None:
    """Show when staff came in, by name.

    The broker keeps what comes between two calls, from the first on.
    """
    shown = [store.lock(lock)] if lock else store.locks()
    asyncio.run(link.collect_staff(store, wait_s))
    table = Table("when", "lock", "name", "by")
    missed = 0
    for row in shown:
        for entry in store.run(
            "select staff_entry.*, person.name as who from staff_entry left join person using (lock, digest) "
            "where lock = ? order by number",
            row["name"],
        ):
            when = "no clock"
            if entry["time"]:
                zone = ZoneInfo(row["zone"])
                when = f"{dt.datetime.fromtimestamp(entry['time'], zone):%Y-%m-%d %H:%M %Z}"
            name = entry["who"] or f"unknown {entry['digest']}"
            table.add_row(when, row["name"], Text(name), Text(entry["kind"]))
            missed = max(missed, entry["missed"])
    show(table)
    if missed:
        click.echo(f"{missed} older entries were dropped by a lock that was offline for long", err=True)
