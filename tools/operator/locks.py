"""Commands for locks and for the broker that they are at."""

import re
import time
from pathlib import Path

import click

from menshen.cli import files, numbers
from menshen.cli.completing import LOCK
from menshen.errors import InputError, MenshenError
from menshen.key_file import read_lock_key

from . import asking, zones
from .answer import Answer, Table
from .lock_settings import Known, known_of, odd, set_known, tell
from .new_board import replace as new_board
from .opened import changing, reading
from .ordered import naturally
from .store import Store, called

FILES = ("ca.crt.pem", "operator.crt.pem", "operator.key.pem")
"""What the operator's folder of certificates holds, as `menshen pki` makes it."""

_File = files.Input()
_Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--certificates", type=_Folder, required=True, help="Your folder of `menshen pki`.")
@changing
def broker(store: Store, address: str, certificates: Path) -> Answer:
    """Say where the broker is, and who you are there.

    `menshen init` has done this; say it again when the broker moves. The folder is that of `menshen pki`; it
    has to stay where it is.

    \b
        menshen broker mqtt.example.org:8883 --certificates ~/menshen-pki
    """
    set_broker(store, address, certificates)
    said = f"the broker is {address}"
    return Answer({"broker": address, "certificates": str(certificates.resolve())}, [said], record=said)


def set_broker(store: Store, address: str, certificates: Path) -> None:
    """Store where the broker is, and the folder of certificates for it. Raises InputError."""
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"HOST:PORT {address}: such as broker.example:8883 is right")
    for name in FILES:
        if not (certificates / name).is_file():
            raise InputError(
                f"--certificates {certificates}: {name} is missing; `menshen pki operator` makes it"
            )
    store.set("broker", address)
    store.set("certificates", str(certificates.resolve()))


@click.group()
def lock() -> None:
    """Locks: those whose keys you hold.

    A lock is added once, when it is provisioned; whom it lets in is said by `menshen lease`, `menshen
    staff` and `menshen publish`.

    \b
        menshen lock add front --key-file front.key
        menshen lock replace front --key-file new/front.key
    """


lock.add_command(new_board)
lock.add_command(tell)


@lock.command("add")
@click.argument("name", metavar="ID")
@click.option("--key-file", type=_File, required=True, help="The key that provisioning left.")
@click.option("--settings", type=_File, help="Its settings [ID.json beside the key].")
@click.option("--zone", metavar="NAME", help="Its time zone, as Europe/Berlin [the house's].")
@click.option(
    "--above", type=numbers.Whole(0, 10**9), default=0, help="Number of its last list from another file."
)
@changing
def add(
    store: Store, name: str, key_file: Path, settings: Path | None, zone: str | None, above: int
) -> Answer:
    """Put a lock into the file.

    ID is the identifier in its settings. `menshen board provision` has left its key beside them.

    The settings are looked at for `time.zone`, by which the lock reads the hours of staff: it should be the
    house's own. And for `reader.type` and `cards.plain_uid`: a card that could not open there is refused.

    \b
        menshen lock add flat-3 --key-file flat-3.key
    """
    from .certificates import check_lock

    check_lock(name)
    enter(store, name, read_lock_key(key_file, "--key-file"), zone, known_of(name, key_file, settings), above)
    return Answer(
        {"lock": name, "zone": store.lock(name)["zone"], "rule": store.lock(name)["rule"]},
        [f"{name}: added. `menshen publish {name}` gives it its list"],
        then=odd(store, name),
        record=f"lock {name} added",
    )


def enter(store: Store, name: str, key: bytes, zone: str | None, known: Known, above: int = 0) -> None:
    """Put a lock into the file. Raises InputError, StoreError."""
    zone = zone or store.zone
    zones.check("--zone", zone)
    store.add_lock(name, key, zone, above)
    set_known(store, name, known)


@lock.command("list")
@reading
def list_(store: Store) -> Answer:
    """Show all locks.

    "list" is the newest list made for a lock, "held" the one that it has.

    \b
        menshen lock list
    """
    rows = []
    for row in store.locks():
        leases, staff = (len(store.entries(row["name"], kind)) for kind in ("lease", "staff"))
        rows.append(
            (row["name"], row["label"] or "", row["zone"], leases, staff, row["version"], row["held"])
        )
    columns = ("lock", "called", "zone", "leases", "staff", "list", "held")
    table = Table(columns, [[str(cell) for cell in row] for row in rows])
    return Answer([dict(zip(columns, row, strict=True)) for row in rows], table=table)


@lock.command("show")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@reading
def show(store: Store, name: str) -> Answer:
    """Show what your file knows of a lock, without asking it.

    \b
        menshen lock show flat-3
    """
    from . import records

    row = store.lock(name)
    fields: dict[str, object] = {
        "lock": row["name"],
        "called": row["label"] or "",
        "zone": row["zone"],
        "time.zone": row["rule"] or "not known",
        "reader": row["reader"] or "not known",
        "plain cards": "not known" if row["plain_uid"] is None else bool(row["plain_uid"]),
        "list": row["version"],
        "held": row["held"],
        "list's hash": store.hash(row["name"]) if row["version"] else "",
        "not published": records.unpublished(store, row["name"]),
        "leases": [_lease(store, one) for one in store.tenancies(row["name"])],
        "staff": list(store.entries(row["name"], "staff")),
    }
    lines = [f"{key:13}  {_line(value)}" for key, value in fields.items()]
    return Answer(fields, lines)


def _lease(store: Store, one: object) -> str:
    from . import records
    from .tenancies import Tenancy

    assert isinstance(one, Tenancy)
    door = one.doors[0]
    zone = store.lock(door.lock)["zone"]
    first, last = records.first_day(door.begin, zone), records.last_day(door.end, zone)
    return f"{one.called}, {first} to {last}, its number {door.number} there"


def _line(value: object) -> str:
    if isinstance(value, bool):
        return "yes" if value else "no"
    return f"\n{'':15}".join(map(str, value)) if isinstance(value, list) else str(value)


@lock.command("rename")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@click.argument("label", metavar="NAME")
@changing
def rename(store: Store, name: str, label: str) -> Answer:
    """Give a lock another name, such as "House door".

    Its ID stays: it is in the lock's settings and certificate, and brokers know it by that. Both names can be
    typed from now on.

    \b
        menshen lock rename house "House door"
    """
    row = store.lock(name)
    if not re.fullmatch(r"\S(.{0,38}\S)?", label):
        raise InputError(f"NAME {label!r}: 1 to 40 letters, without a space at its ends")
    other = store.run(
        "select name from lock where (name = ? or label = ?) and name <> ?", label, label, row["name"]
    )
    if other:
        raise InputError(f"NAME {label}: {other[0]['name']} is called so already")
    store.run(
        "update lock set label = ? where name = ?", None if label == row["name"] else label, row["name"]
    )
    said = f"{row['name']} is called {label}"
    return Answer({"lock": row["name"], "called": label}, [said], record=said)


@lock.command("remove")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@changing
def remove(store: Store, name: str) -> Answer:
    """Forget a lock and its key.

    The lock itself goes on as it is: its tenants still get in. This cannot be undone.

    \b
        menshen lock remove flat-3
    """
    row = store.lock(name)
    ident, now = row["name"], time.time()
    running = [one for one in store.tenancies(ident) if one.end > now]
    said = f" Leases that run: {', '.join(str(one.id) for one in running)}." if running else ""
    asking.sure(f"Forget {called(row)}, its key, its leases and its staff?{said}")
    store.journal.published(ident)
    store.run("delete from lock where name = ?", ident)
    store.run("delete from lease where not exists (select 1 from door where door.lease = lease.id)")
    return Answer(
        {"lock": ident, "removed": True},
        [f"{ident}: forgotten; the lock itself keeps its list"],
        record=f"lock {ident} removed",
    )


def chosen(store: Store, names: tuple[str, ...]) -> list[str]:
    """The IDs of these locks, each once, in order. Raises NotInFileError."""
    return sorted({store.lock(name)["name"] for name in names}, key=naturally)


def some(what: str, count: int) -> str:
    """Such as "1 lease" and "2 leases"."""
    return f"{count} {what}{'' if count == 1 else 's'}"


def refuse_full(store: Store, ident: str, most: int) -> None:
    """Raise MenshenError where a lock has as many leases as it guards."""
    if len(store.entries(ident, "lease")) >= most:
        raise MenshenError(
            f"LOCK {ident}: has {most} leases, and takes no more; `menshen lease end` those that are over"
        )
