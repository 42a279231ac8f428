"""Commands for staff: who may come in, when and how often, and when they did. Names stay in this file."""

import asyncio
import datetime as dt
from zoneinfo import ZoneInfo

import click
from rich.table import Table
from rich.text import Text

from . import codes, dates, link, records
from .lists import CARD, PIN
from .locks import show
from .store import Store

_KINDS = {PIN: "PIN", CARD: "card (can be cloned)"}


@click.group()
def staff() -> None:
    """Staff: landlord, cleaner, technician, emergency. Each use is told to the tenant as well."""


@staff.command("add")
@click.argument("lock")
@click.argument("name")
@click.option("--card", metavar="UID", help="A card, by its number in hexadecimal.")
@click.option("--pin", is_flag=True, help="A PIN; it is asked for, twice.")
@click.option("--hours", metavar="TEXT", help='Such as "mon-fri 08:00-17:00, sat+holiday 9:00-12:00".')
@click.option("--from", "first", metavar="DATE", help="First day.")
@click.option("--until", "last", metavar="DATE", help="Last day, included.")
@click.option("--uses", type=click.IntRange(1, 255), default=None, help="How often it opens, at most.")
@click.pass_obj
def add(
    store: Store, lock: str, name: str, card: str | None, pin: bool,
    hours: str | None, first: str | None, last: str | None, uses: int | None,
) -> None:  # fmt: skip
    """Let somebody in who does not live there. NAME is for you; the lock never learns it."""
    row = store.lock(lock)
    if name in store.entries(lock, "staff"):
        raise click.ClickException(f"NAME {name}: {lock} has one already; `staff remove {lock} {name}` first")
    if (card is None) == (not pin):
        raise click.UsageError("Say what opens: one of --card and --pin.")
    begin = dates.begin_of(dates.day("--from", first), row["zone"]) if first else 0
    end = dates.end_of(dates.day("--until", last), row["zone"]) if last else 0
    if end and end <= begin:
        raise dates.DateError(f"--until {last}: before --from {first}")
    text = " ".join(hours.lower().split()) if hours is not None else ""
    number = 0
    if hours is not None:
        dates.parts(1, text)
        number = records.schedule(store, lock, text)
    kind, digest = _credential(row["key"], card)
    if digest in {record[:16] for record in records.records(store, lock)}:
        raise click.ClickException(f"{'--card' if card else '--pin'}: another in the list has the same")
    data = {
        "kind": kind, "digest": digest.hex(), "hours": text, "schedule": number,
        "uses": uses or 0, "begin": begin, "end": end,
    }  # fmt: skip
    with store.change():
        store.put(lock, "staff", name, data)
        store.run("insert or replace into person values (?, ?, ?)", lock, digest.hex(), name)
    click.echo(f"{name} may enter at {lock} by {_KINDS[kind]}. Now: publish {lock}")


@staff.command("remove")
@click.argument("lock")
@click.argument("name")
@click.pass_obj
def remove(store: Store, lock: str, name: str) -> None:
    """Let somebody in no more, from the next list on."""
    store.lock(lock)
    if name not in store.entries(lock, "staff"):
        raise click.ClickException(f"NAME {name}: {lock} has none of this name; `staff list {lock}`")
    with store.change():
        store.drop(lock, "staff", name)
    click.echo(f"{name} leaves the list of {lock}. Now: publish {lock}")


@staff.command("list")
@click.argument("lock", required=False)
@click.pass_obj
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
@click.pass_obj
def log(store: Store, lock: str | None, wait_s: float) -> None:
    """Show when staff came in, by name. The broker keeps what comes between two calls, from the first on."""
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


def _credential(key: bytes, card: str | None) -> tuple[int, bytes]:
    """Kind and digest."""
    if card is not None:
        return CARD, codes.digest(key, CARD, codes.card_uid(card))
    asked = click.prompt("PIN", hide_input=True, confirmation_prompt="The same again", err=True)
    return PIN, codes.pin_digest(key, asked)
