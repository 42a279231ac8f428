"""Commands for locks and for the broker that they are at."""

import datetime as dt
import re
from pathlib import Path
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click
from rich.console import Console
from rich.table import Table

from menshen.errors import InputError

from .certificates import check_lock
from .opened import with_store
from .store import Store

FILES = ("ca.crt.pem", "operator.crt.pem", "operator.key.pem")
"""What the operator's folder of certificates holds, as `menshen pki` makes it."""

_File = click.Path(exists=True, dir_okay=False, path_type=Path)
_Folder = click.Path(exists=True, file_okay=False, path_type=Path)


@click.command()
@click.argument("address", metavar="HOST:PORT")
@click.option("--certificates", type=_Folder, required=True, help="Your folder of `menshen pki`.")
@with_store
def broker(store: Store, address: str, certificates: Path) -> None:
    """Say where the broker is, and who you are there.

    The folder is that of `menshen pki`; it has to stay where it is.

    \b
        menshen broker mqtt.example.org:8883 --certificates ~/menshen-pki
    """
    host, _, port = address.rpartition(":")
    if not host or not port.isdigit() or not 0 < int(port) < 65536:
        raise InputError(f"HOST:PORT {address}: such as broker.example:8883 is right")
    for name in FILES:
        if not (certificates / name).is_file():
            raise InputError(
                f"--certificates {certificates}: {name} is missing; `menshen pki operator` makes it"
            )
    with store.change():
        store.set("broker", address)
        store.set("certificates", str(certificates.resolve()))
    click.echo(f"the broker is {address}")


@click.group()
def lock() -> None:
    """Locks: those whose keys you hold.

    A lock is added once, when it is provisioned; what it is to let in comes by `menshen lease`, `menshen
    staff` and `menshen publish`.

    \b
        menshen lock add front --key-file front.key --zone Europe/Berlin
    """


@lock.command("add")
@click.argument("name", metavar="ID")
@click.option("--key-file", type=_File, required=True, help="The key from provisioning: 64 hex digits.")
@click.option("--zone", metavar="NAME", default="UTC", show_default=True, help="Such as Europe/Berlin.")
@click.option(
    "--above", type=click.IntRange(0, 10**9), default=0, help="The last list that it has of another file."
)
@with_store
def add(store: Store, name: str, key_file: Path, zone: str, above: int) -> None:
    """Put a lock into the file.

    ID is the identifier in its settings.

    `menshen board provision` has left its key beside the settings. --zone is where its leases begin and end.
    """
    check_lock(name)
    try:
        ZoneInfo(zone)
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise InputError(f"--zone {zone}: unknown; a name such as Europe/Berlin is right") from error
    store.add_lock(name, _key(key_file), zone, above)
    click.echo(f"{name}: added. `menshen publish {name}` gives it its list")


@lock.command("list")
@with_store
def list_(store: Store) -> None:
    """Show all locks.

    "list" is the newest list made for a lock, "held" the one that it has.
    """
    table = Table("lock", "zone", "leases", "staff", "list", "held")
    for row in store.locks():
        numbers = [str(len(store.entries(row["name"], kind))) for kind in ("lease", "staff")]
        table.add_row(row["name"], row["zone"], *numbers, str(row["version"]), str(row["held"]))
    show(table)


@lock.command("remove")
@click.argument("name", metavar="LOCK")
@click.option("--yes", is_flag=True, help="Do not ask.")
@with_store
def remove(store: Store, name: str, yes: bool) -> None:
    """Forget a lock and its key.

    The lock itself goes on as it is: its tenants still get in.
    """
    store.lock(name)
    now = dt.datetime.now(dt.UTC).timestamp()
    running = [n for n, lease in store.entries(name, "lease").items() if lease["end"] > now]
    said = f" Leases that run: {', '.join(running)}." if running else ""
    if not yes:
        click.confirm(f"Forget {name}, its key, its leases and its staff?{said}", abort=True)
    with store.change():
        store.run("delete from lock where name = ?", name)
    click.echo(f"{name}: forgotten; the lock itself keeps its list")


def show(table: Table) -> None:
    """Print a table; whole where the output is no terminal."""
    console = Console()
    console.print(table, width=None if console.is_terminal else max(console.width, 120))


def _key(path: Path) -> bytes:
    data = path.read_bytes()
    if len(data) == 32:
        return data
    text = data.decode("ascii", "replace").strip()
    if not re.fullmatch(r"[0-9A-Fa-f]{64}", text):
        raise InputError(f"--key-file {path}: must hold 32 bytes, or 64 hexadecimal digits")
    return bytes.fromhex(text)
