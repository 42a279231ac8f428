"""The command that has a new board take the place of a dead one, with a leaflet for each lease that runs."""

from pathlib import Path

import click

from menshen.cli import files
from menshen.cli.completing import LOCK
from menshen.errors import InputError
from menshen.key_file import read_lock_key
from menshen.phone.leaflet import LANGUAGES

from . import asking
from .answer import Answer
from .lock_settings import beside, known_of, odd, read_settings
from .opened import changing
from .store import Store, called

_File = files.Input()
_Folder = click.Path(file_okay=False, path_type=Path)
_OLD = "The old board stays off, or is erased: under the same name its messages would hide the new one's"


@click.command("replace")
@click.argument("name", metavar="LOCK", shell_complete=LOCK)
@click.option("--key-file", type=_File, required=True, help="The new board's key, from provisioning.")
@click.option("--settings", type=_File, help="Its settings [ID.json beside the key].")
@click.option("--sheets", type=_Folder, help="Write a leaflet for each lease, with its new code, in here.")
@click.option(
    "--language", type=click.Choice(LANGUAGES), default="en", show_default=True, help="Of the leaflets."
)
@changing
def replace(
    store: Store, name: str, key_file: Path, settings: Path | None, sheets: Path | None, language: str
) -> Answer:
    """Have a new board take the place of a dead one.

    The door keeps its ID, leases and staff; nothing of the old key opens anything. What residents had set was
    in the dead board: each lease gets a new move-in code, shown this once. With --sheets it stands on a
    leaflet for each as well: print them, hand them out, and delete them.

    \b
        menshen lock replace front --key-file new/front.key --sheets sheets
    """
    from .replacing import replace as put_in_place
    from .sheet import write_sheets

    row = store.lock(name)
    ident = row["name"]
    key = read_lock_key(key_file, "--key-file")
    if key == store.key(ident):
        raise InputError(f"--key-file {key_file}: the key of the board that is to be replaced")
    known, path = known_of(ident, key_file, settings), beside(ident, key_file, settings)
    if sheets is not None and not path.is_file():
        raise InputError(f"--sheets {sheets}: needs the lock's settings; say --settings, {path} is not there")
    asking.sure(
        f"Replace the board of {called(row)}? All who live there have to move in again with new codes."
    )
    codes, lost = put_in_place(store, ident, key, known)
    written = write_sheets(sheets, language, {**read_settings(path), "lock": ident}, codes) if sheets else []
    return Answer(
        {"lock": ident, "codes": codes, "staff_to_add_again": lost, "sheets": [str(one) for one in written]},
        [
            f"{ident}: a new board. `menshen publish {ident}` gives it the list",
            *map(_again, lost),
            _OLD,
            *(f"{one}: print it, hand it out, and delete it" for one in written),
        ],
        secret=[f"move-in code of {one['lease']}: {one['code'][:4]} {one['code'][4:]}" for one in codes],
        then=odd(store, ident),
        record=f"lock {ident}: a new board in the place of the old one",
    )


def _again(name: str) -> str:
    return f"staff {name}: has left the list, for your file does not have the number; add them again"
