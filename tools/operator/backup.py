"""A house in one encrypted file, and back: locks with their keys, all that was entered, and certificates."""

import json
import zlib
from pathlib import Path
from typing import Any

import click

from menshen.cli import files
from menshen.errors import InputError
from menshen.passphrase import passphrase

from . import database, opening, seal
from .answer import Answer
from .certificates import write_private
from .locks import some
from .opened import check_texts, reading
from .store import Store

TABLES = (
    "lock",
    "entry",
    "person",
    "seen",
    "staff_entry",
    "alarm",
    "lease",
    "door",
    "holiday",
    "setting",
    "record",
)
"""Of a house, in an order in which they can be filled. What can be undone is not in a backup."""

_MAGIC = b"menshen house 1\n"
_NAMED_BY = "MENSHEN_BACKUP_PASSPHRASE_FILE"
_CERTIFICATES = "*.pem"
_ANY_BYTES = ("utf-8", "surrogateescape")  # a file that is called so may hold anything


@click.command("backup")
@click.argument("file", type=files.Output(_MAGIC))
@reading
def backup(store: Store, file: Path) -> Answer:
    """Write the whole house into one encrypted file.

    It holds the locks' keys, all that you entered, and your folder of certificates, under a passphrase of its
    own; that is asked for, or read from the file that $MENSHEN_BACKUP_PASSPHRASE_FILE names. Keep both away
    from this computer: without them a dead disk costs a visit to every door.

    \b
        menshen backup house.backup
    """
    if not file.parent.is_dir():
        raise InputError(f"FILE {file}: there is no folder {file.parent}")
    secret = passphrase("the backup", _NAMED_BY, again=True)
    with store.change():
        tables = {name: [_plain(row) for row in store.run(f"select * from {name}")] for name in TABLES}  # noqa: S608
    folder = Path(store.setting("certificates") or "/nowhere")
    found = [path for path in sorted(folder.glob(_CERTIFICATES)) if path.is_file()]
    pems = {path.name: path.read_bytes().decode(*_ANY_BYTES) for path in found}
    house = {"tables": tables, "certificates": pems, "key": store.seal.key.hex()}
    write_private(file, _MAGIC + seal.locked(secret, zlib.compress(json.dumps(house).encode())))
    locks, leases = len(tables["lock"]), len(tables["lease"])
    has = f"{some('lock', locks)}, {some('lease', leases)} and {some('file', len(pems))} of certificates"
    return Answer(
        {"file": str(file), "locks": locks, "leases": leases, "certificates": sorted(pems)},
        [f"{file}: {has}, encrypted"],
    )


@click.command("restore")
@click.argument("file", type=files.Input())
@click.option(
    "--certificates",
    "folder",
    type=click.Path(file_okay=False, path_type=Path),
    help="Where your certificates go [certificates, beside your file].",
)
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def restore(context: click.Context, file: Path, folder: Path | None, as_json: bool) -> None:
    """Make a house again from its backup.

    The new file is where --file says, and there must be none yet. Nothing is sent to any lock before `menshen
    check` has asked them what they hold: lists that were published after the backup are found there.

    \b
        menshen --file new/operator.db restore house.backup
    """
    address = context.find_root().obj
    check_texts({"file": str(file)})
    house = _read(file)
    folder = folder or _beside(address)
    made = seal.Seal(bytes.fromhex(house["key"]))
    _fill(address, house, made, folder)
    for name, text in house["certificates"].items():
        folder.mkdir(parents=True, exist_ok=True, mode=0o700)
        if "/" not in name and not (folder / name).exists():
            write_private(folder / name, text.encode(*_ANY_BYTES))
    locks = len(house["tables"]["lock"])
    Answer(
        {"file": address, "locks": locks, "certificates": str(folder)},
        [f"{address}: {some('lock', locks)}. Now, before anything is sent: menshen check"],
    ).show(as_json)


def _read(file: Path) -> dict[str, Any]:
    """What is in a backup. Raises InputError."""
    data = files.contents(file)
    if not data.startswith(_MAGIC):
        raise InputError(f"FILE {file}: no backup of a house, which `menshen backup` makes")
    plain = seal.unlocked(passphrase("the backup", _NAMED_BY), data[len(_MAGIC) :])
    return json.loads(zlib.decompress(plain))


def _fill(address: str, house: dict[str, Any], made: seal.Seal, folder: Path) -> None:
    """Make the file, and put the rows into it."""
    from . import tables

    settings = {row["name"]: row for row in house["tables"]["setting"]}
    sealed = json.loads(settings.pop("seal")["value"])
    if sealed["kind"] == "passphrase":
        text = json.dumps(sealed)
    else:
        text = made.under_key(seal.make_key(opening.key_file(address)))
    tables.create(address, made, text)
    settings["certificates"] = {"name": "certificates", "value": str(folder.absolute())}
    settings.pop("client", None)  # the other file's mailbox is its own
    _stop_roll_outs(settings)
    try:
        store = opening.opened(address)
        with store.change():
            store.run("delete from setting where name <> 'seal'")
            for name in TABLES:
                rows = [
                    _bytes(row) for row in (settings.values() if name == "setting" else house["tables"][name])
                ]
                for row in rows:
                    places = ", ".join("?" for _ in row)
                    store.run(f"insert into {name} ({', '.join(row)}) values ({places})", *row.values())  # noqa: S608
            store.run("update lock set checked = 0")
            store.note("restored from a backup")
        store.close()
    except BaseException:
        if not database.is_url(address):
            database.path_of(address).unlink(missing_ok=True)
        raise


def _stop_roll_outs(settings: dict[str, dict]) -> None:
    """One that ran as the backup was made may be over, and its release an old one: somebody has to say so."""
    from menshen.release import roll_out

    for kind in roll_out.SHARES:
        settings.pop(f"roll-out client {kind}", None)
        if row := settings.get(f"roll-out {kind}"):
            roll = roll_out.RollOut.loaded(row["value"])
            roll.pause("the file was restored from a backup")
            row["value"] = roll.dumped()


def _plain(row: Any) -> dict[str, Any]:
    """A row as JSON can have it."""
    return {
        name: {"$": bytes(value).hex()} if isinstance(value, bytes) else value
        for name, value in dict(row).items()
    }


def _bytes(row: dict[str, Any]) -> dict[str, Any]:
    return {
        name: bytes.fromhex(value["$"]) if isinstance(value, dict) else value for name, value in row.items()
    }


def _beside(address: str) -> Path:
    home = Path("~/.menshen").expanduser() if database.is_url(address) else database.path_of(address).parent
    return home / "certificates"
