"""Commands for leases: who lives behind a lock and until when. Nobody is named: a lease is a number."""

import secrets
import time

import click
from rich.table import Table

from menshen.errors import InputError, MenshenError

from . import codes, dates, records
from .lists import PIN
from .locks import show
from .opened import with_store
from .store import HELD, SENT, NotInFileError, Store

_LEASES_MAX = 32  # as many as a lock guards
_GUARD = (
    "a lease cannot be ended early: the lock's lease guard would refuse the list, for nobody is locked out "
    "of their home by a click. Who moves out confirms it at the keypad, PIN * 9 # PIN #, and then: "
    "`menshen lease end --moved-out`"
)


@click.group()
def lease() -> None:
    """Leases: who lives behind a lock, and until when.

    Nobody is named: a lease is a number. It has a move-in code, with which the tenant sets a PIN of their own
    at the keypad.

    \b
        menshen lease add front --from 2026-12-01 --until 2027-11-30
        menshen publish front
    """


@lease.command("add")
@click.argument("lock")
@click.option("--from", "first", metavar="DATE", required=True, help="First day, such as 2026-12-01.")
@click.option("--until", "last", metavar="DATE", required=True, help="Last day, included.")
@with_store
def add(store: Store, lock: str, first: str, last: str) -> None:
    """Make a lease and its move-in code, which is shown this once.

    Days begin where the lock is (`menshen lock add --zone`). Now: menshen publish LOCK.
    """
    row = store.lock(lock)
    begin = dates.begin_of(dates.day("--from", first), row["zone"])
    end = dates.end_of(dates.day("--until", last), row["zone"])
    if end <= begin:
        raise dates.DateError(f"--until {last}: before --from {first}")
    if end <= time.time():
        raise dates.DateError(f"--until {last}: has passed")
    if len(store.entries(lock, "lease")) >= _LEASES_MAX:
        raise MenshenError(
            f"LOCK {lock}: has {_LEASES_MAX} leases, as many as it guards; "
            "`menshen lease end` those that are over"
        )
    number = row["leases"] + 1
    if number > 65_535:
        raise MenshenError(f"LOCK {lock}: its 65,535 numbers of leases are used up")
    code, digest = _new_code(store, lock)
    with store.change():
        store.run("update lock set leases = ? where name = ?", number, lock)
        store.put(lock, "lease", str(number), {"begin": begin, "end": end, "code": digest})
    click.echo(f"lease {number} of {lock}, {first} to {last}")
    _show(code, lock)


@lease.command("code")
@click.argument("lock")
@click.argument("number", metavar="LEASE")
@with_store
def code_(store: Store, lock: str, number: str) -> None:
    """Make a new move-in code: for a PIN that was forgotten.

    LEASE is its number, as `menshen lease list` shows it. Now: menshen publish LOCK.
    """
    data = _lease(store, lock, number)
    if data["end"] <= time.time():
        raise MenshenError(f"LEASE {number}: is over")
    code, digest = _new_code(store, lock)
    with store.change():
        store.put(lock, "lease", number, {**data, "code": digest})
    _show(code, lock)


@lease.command("extend")
@click.argument("lock")
@click.argument("number", metavar="LEASE")
@click.option("--until", "last", metavar="DATE", required=True, help="Its new last day, included.")
@with_store
def extend(store: Store, lock: str, number: str, last: str) -> None:
    """Have a lease end later.

    It cannot be made to end earlier: nobody is locked out of their home by a click.
    """
    data, zone = _lease(store, lock, number), store.lock(lock)["zone"]
    end = dates.end_of(dates.day("--until", last), zone)
    if end < data["end"]:
        raise MenshenError(f"--until {last}: {_GUARD}")
    if end == data["end"]:
        raise InputError(f"--until {last}: is its last day already")
    with store.change():
        store.put(lock, "lease", number, {**data, "end": end})
    click.echo(f"lease {number} of {lock} lasts until {last}. Now: menshen publish {lock}")


@lease.command("end")
@click.argument("lock")
@click.argument("number", metavar="LEASE")
@click.option("--moved-out", is_flag=True, help="They have said so at the keypad, before its last day.")
@with_store
def end_(store: Store, lock: str, number: str, moved_out: bool) -> None:
    """Take a lease that is over from the list.

    It is refused before its end. Who moves out earlier confirms it at the keypad: PIN * 9 # PIN #. After that
    use --moved-out: only the lock knows whether it is so, and refuses the list if it is not.
    """
    data = _lease(store, lock, number)
    known = any(number in store.entries(lock, "lease", state) for state in (SENT, HELD))
    if data["end"] > time.time() and known and not moved_out:
        raise MenshenError(f"LEASE {number}: {_GUARD}")
    with store.change():
        store.drop(lock, "lease", number)
    click.echo(f"lease {number} of {lock} leaves the list. Now: menshen publish {lock}")


@lease.command("list")
@click.argument("lock", required=False)
@with_store
def list_(store: Store, lock: str | None) -> None:
    """Show the leases of one lock, or of all.

    "not published" are those that the lock does not have like this yet.
    """
    table = Table("lock", "lease", "from", "until", "")
    for row in [store.lock(lock)] if lock else store.locks():
        held = store.entries(row["name"], "lease", HELD)
        for number, data in store.entries(row["name"], "lease").items():
            days = records.first_day(data["begin"], row["zone"]), records.last_day(data["end"], row["zone"])
            note = (
                "over" if data["end"] <= time.time() else "" if held.get(number) == data else "not published"
            )
            table.add_row(row["name"], number, *days, note)
    show(table)


def _lease(store: Store, lock: str, number: str) -> dict:
    store.lock(lock)
    found = store.entries(lock, "lease").get(number)
    if found is None:
        raise NotInFileError(
            f"LEASE {number}: {lock} has none of this number; `menshen lease list {lock}` shows those it has"
        )
    return found


def _new_code(store: Store, lock: str) -> tuple[str, str]:
    """A code that nothing else in the list stands for, and its digest in hexadecimal."""
    key = store.lock(lock)["key"]
    taken = {record[:16] for record in records.records(store, lock)}
    while True:
        code = codes.move_in_code()
        digest = codes.digest(key, PIN, code.encode())
        if not any(secrets.compare_digest(digest, other) for other in taken):
            return code, digest.hex()


def _show(code: str, lock: str) -> None:
    click.echo(f"move-in code: {code[:4]} {code[4:]}")
    click.echo(
        "It is shown this once. At the keypad: code #, then a new PIN # and the same again #", err=True
    )
    click.echo(f"Now: menshen publish {lock}", err=True)
