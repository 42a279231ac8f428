"""Commands for what was changed in the file: take back the last change, and see who made which."""

import datetime as dt
from zoneinfo import ZoneInfo

import click

from menshen.cli import numbers

from . import asking
from .answer import Answer, Table
from .opened import changing, reading
from .store import Store


@click.command("undo")
@changing
def undo(store: Store) -> Answer:
    """Take back the last change that was not published yet.

    Leases, staff and holidays can be undone, one change at a time, the newest first. What a lock was sent
    stays: a lease that is wrong is taken back at its door (move in with its code, then PIN * 9 #).

    \b
        menshen undo
    """
    row = store.journal.last()
    said = row["said"]
    asking.sure(f"Undo “{said}” of {_when(row['at'], store.zone)}, by {row['who']}?")
    store.journal.undo(row)
    return Answer({"undone": said}, [f"undone: {said}"], record=f"undone: {said}")


@click.command("record")
@click.option(
    "--last", "count", type=numbers.Whole(1, 10**6), default=50, show_default=True, help="How many."
)
@reading
def record(store: Store, count: int) -> Answer:
    """Show who changed what in your file, the newest last.

    Nothing is ever removed from this record. It says what was entered, and nothing of who came or went.

    \b
        menshen record --last 10
    """
    found = store.run("select * from record order by id desc limit ?", count)[::-1]
    rows = [(_when(row["at"], store.zone), row["who"], row["said"]) for row in found]
    data = [{"at": row["at"], "who": row["who"], "what": row["said"]} for row in found]
    return Answer(data, table=Table(("when", "who", "what"), rows))


def _when(second: int, zone: str) -> str:
    return f"{dt.datetime.fromtimestamp(second, ZoneInfo(zone)):%Y-%m-%d %H:%M}"
