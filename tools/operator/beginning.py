"""The command with which a house begins: its file, its certificates, and its broker's folder."""

import json
from dataclasses import dataclass
from pathlib import Path

import click

from menshen.cli.options import packed
from menshen.errors import InputError
from menshen.passphrase import passphrase

from . import asking, database, seal, zones
from .answer import Answer
from .locks import set_broker
from .opened import check_texts
from .opening import key_file, opened
from .store import Store

_Folder = click.Path(file_okay=False, path_type=Path)


@dataclass(frozen=True)
class Wanted:
    """What a house is to be; None is asked for."""

    zone: str | None
    broker: str | None
    certificates: Path | None
    mosquitto: Path | None
    listen: str
    sealing: str | None


_wanted = packed(
    "wanted",
    Wanted,
    click.option("--zone", metavar="NAME", help="Where the house stands, such as Europe/Berlin."),
    click.option("--broker", metavar="HOST[:PORT]", help="How locks reach the broker; `none`: say it later."),
    click.option("--certificates", type=_Folder, help="A folder for keys and certificates."),
    click.option("--mosquitto", type=_Folder, help="A folder to make, with which Mosquitto starts."),
    click.option("--listen", default="0.0.0.0", show_default=True, help="The address it listens at."),
    click.option(
        "--seal", "sealing", type=click.Choice(["key", "passphrase"]), help="What opens the locks' keys."
    ),
)


@click.command("init")
@_wanted
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def init(context: click.Context, wanted: Wanted, as_json: bool) -> None:
    """Begin a house: its file, its certificates, its broker.

    What the options do not say is asked for. The file is the one that --file names, or a PostgreSQL database
    that you have made (--file postgresql://HOST/NAME); two operators can work on it.

    \b
        menshen init
        menshen init --zone Europe/Berlin --broker mqtt.example.org --seal key
    """
    check_texts(vars(wanted))
    address = context.find_root().obj
    if not database.is_url(address):
        database.new_path(address)
    zone, host, port = _zone(wanted.zone), *_broker(wanted.broker)
    certificates = wanted.certificates or _home(address) / "certificates"
    sealing = wanted.sealing or _sealing()
    made, text = _sealed(sealing, address)
    from . import tables

    tables.create(address, made, text)
    store = opened(address)
    context.call_on_close(store.close)
    said = [f"{address}: your file" + _opened_by(sealing, address)]
    try:
        with store.change():
            store.set("zone", zone)
            if host:
                said += _certificates(certificates, host)
                set_broker(store, f"{host}:{port}", certificates)
                said += _mosquitto(store, wanted, certificates, (host, port), _home(address))
            store.note("house begun")
    except BaseException:
        if not database.is_url(address):
            database.path_of(address).unlink(missing_ok=True)
        raise
    Answer(
        {
            "file": address,
            "zone": zone,
            "broker": f"{host}:{port}" if host else None,
            "rule": zones.rule(zone),
        },
        said,
        then=[
            f'In the settings of its locks: "time": {{"zone": "{zones.rule(zone)}"}}',
            "Now: menshen lock add",
        ],
    ).show(as_json)


@click.command("seal")
@click.argument("sealing", metavar="key|passphrase", type=click.Choice(["key", "passphrase"]))
@click.option("--json", "as_json", is_flag=True, help="Answer in JSON.")
@click.pass_context
def reseal(context: click.Context, sealing: str, as_json: bool) -> None:
    """Have another passphrase, or a key file, open the locks' keys.

    With a key file nothing is asked, and whoever has both files has the keys. A passphrase is asked for when
    a command needs a key, or read from the file that $MENSHEN_PASSPHRASE_FILE names.

    \b
        menshen seal passphrase
    """
    address = context.find_root().obj
    store = opened(address)
    context.call_on_close(store.close)
    made = store.seal
    if sealing == "key":
        text = made.under_key(seal.make_key(key_file(address)))
    else:
        new = passphrase("your file from now on", "MENSHEN_NEW_PASSPHRASE_FILE", again=True)
        text = made.under_passphrase(new)
    with store.change():
        store.set("seal", text)
        store.note(f"sealed anew, by a {json.loads(text)['kind']}")
    Answer({"seal": sealing}, [f"{address}: sealed anew" + _opened_by(sealing, address)]).show(as_json)


def _zone(name: str | None) -> str:
    def check(name: str) -> str:
        zones.check("--zone", name)
        zones.rule(name)
        return name

    question = "In which time zone does the house stand"
    return asking.checked(question, zones.here(), check) if name is None else check(name)


def _broker(typed: str | None) -> tuple[str, int]:
    """Host and port; "" for no broker yet."""
    if typed is None:
        question = "Under which name or address will the locks reach your broker (none: later)"
        return asking.checked(question, "none", _broker)
    if typed == "none":
        return "", 0
    host, colon, port = typed.partition(":")
    if not host or (colon and not (port.isdigit() and 0 < int(port) < 65536)):
        raise InputError(f"--broker {typed}: such as mqtt.example.org or 192.0.2.7:8883 is right")
    return host, int(port or 8883)


def _sealing() -> str:
    click.echo(
        "The locks' keys in your file are sealed. A key file beside it opens them without a question;",
        err=True,
    )
    click.echo("a passphrase is asked for each time, and a stolen computer is no key to the house.", err=True)
    return click.prompt("What opens them", type=click.Choice(["key", "passphrase"]), default="key", err=True)


def _sealed(sealing: str, address: str) -> tuple[seal.Seal, str]:
    made = seal.Seal()
    if sealing == "passphrase":
        return made, made.under_passphrase(seal.of_the_file(again=True))
    path = key_file(address)
    return made, made.under_key(seal.make_key(path))


def _opened_by(sealing: str, address: str) -> str:
    if sealing == "passphrase":
        return "; your passphrase opens the locks' keys in it"
    return f"; {key_file(address)} opens the locks' keys in it: keep a copy elsewhere"


def _certificates(folder: Path, host: str) -> list[str]:
    """An authority with the certificates of broker and operator; what is there stays."""
    from .certificates import OPERATOR, Authority

    if not (folder / "ca.key.pem").exists():
        Authority.create(folder)
    authority = Authority.load(folder)
    if not (folder / "operator.key.pem").exists():
        authority.issue(OPERATOR, client=True).write(folder, "operator")
    if not (folder / "broker.key.pem").exists():
        authority.issue(host, [host], server=True).write(folder, "broker")
    return [f"{folder}: your authority and its certificates: keep a copy elsewhere"]


def _mosquitto(
    store: Store, wanted: Wanted, certificates: Path, at: tuple[str, int], home: Path
) -> list[str]:
    folder = wanted.mosquitto
    if folder is None:
        if wanted.broker is not None or not click.confirm(
            "Make a folder for Mosquitto, too?", default=True, err=True
        ):
            return []
        folder = home / "mosquitto"
    from menshen.brokers import house

    from .certificates import Authority

    listener = house.Listener(wanted.listen, at[1])
    config = house.mosquitto(folder, Authority.load(certificates), [at[0]], listener)
    store.set("mosquitto", str(folder.absolute()))
    return [f"{folder}: your broker's. It starts with: mosquitto -c {config}"]


def _home(address: str) -> Path:
    """The folder in which a house's other things lie."""
    return Path("~/.menshen").expanduser() if database.is_url(address) else database.path_of(address).parent
