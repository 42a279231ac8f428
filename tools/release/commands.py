"""Releases: make a key, build and sign a release, put it on a broker, have a lock run it."""

import asyncio
from contextlib import AbstractAsyncContextManager
from dataclasses import dataclass
from pathlib import Path

import aiomqtt
import click

from menshen import checkout, mqtt
from menshen.cli import files, numbers
from menshen.cli.options import packed
from menshen.errors import InputError
from menshen.key_file import read_lock_key
from menshen.operator import link
from menshen.operator.answer import Answer
from menshen.operator.certificates import check_lock
from menshen.operator.opened import json_, open_house
from menshen.wiring import BOARDS

from . import keys, output, publish, release, rolling

_OUT = checkout.TOP / "build" / "release"
_File = files.Input()
_Any = click.Path(path_type=Path)
_DESCRIPTOR = click.option(
    "--passphrase-fd",
    type=numbers.Whole(0, 1023),
    help="Read the passphrase from this descriptor, not the keyboard.",
)


@dataclass(frozen=True)
class Way:
    """The way to a broker, as it was typed; without --broker the one in the operator's file."""

    broker: str | None
    tls_authority: Path | None
    tls_certificate: Path | None
    tls_key: Path | None

    def client(self) -> AbstractAsyncContextManager[aiomqtt.Client]:
        """A client there. Raises a usage error where the options do not go together."""
        if self.broker is None:
            return link.client(open_house())
        host, _, port = self.broker.rpartition(":")
        if not host or not port.isdigit():
            raise click.BadParameter("must be host:port, such as broker.example:8883", param_hint="--broker")
        files = self.tls_authority, self.tls_certificate, self.tls_key
        if not any(files):
            return mqtt.connected(self.broker)
        authority, certificate, key = files
        if not (authority and certificate and key):
            raise click.UsageError("--tls-authority, --tls-certificate and --tls-key go together")
        return mqtt.connected(self.broker, mqtt.Tls(authority, certificate, key))


_way = packed(
    "way",
    Way,
    click.option("--broker", metavar="HOST:PORT", help="Such as broker.example:8883 [your file's]."),
    click.option("--tls-authority", type=_File, help="ca.crt.pem; with the next two: mutual TLS."),
    click.option("--tls-certificate", type=_File, help="operator.crt.pem."),
    click.option("--tls-key", type=_File, help="operator.key.pem."),
)


@click.group("release")
def release_() -> None:
    """Sign releases, and send them to locks.

    \b
    Once, and then for each release:
        menshen release key --key ~/keys/release.pem
        menshen release build --key ~/keys/release.pem
        menshen release publish --release build/release/0.2.0
        menshen release roll-out --release build/release/0.2.0
    """


@release_.command()
@click.option("--key", "path", type=_Any, required=True, help="Where it goes, such as ~/keys/release.pem.")
@_DESCRIPTOR
def key(path: Path, passphrase_fd: int | None) -> None:
    """Make a release key, RSA-3072, under a passphrase.

    The public half goes beside it, as .pub.pem: images are built with it (`menshen board image --trust`).
    The passphrase comes from the keyboard, from --passphrase-fd, or from the file that
    $MENSHEN_RELEASE_PASSPHRASE_FILE names.

    \b
        menshen release key --key ~/keys/release.pem
    """
    path = path.expanduser()
    private, public = keys.create(path, keys.asked(passphrase_fd, again=True))
    click.echo(f"{private}: keep a copy. Without it and its passphrase no lock takes a release again")
    click.echo(f"{public}: the half that releases and factory images trust; id {_id(public)}")


@release_.command()
@click.option("--key", "path", type=_Any, required=True, help="The release key.")
@click.option("--trust", type=_File, multiple=True, help="Another public key that this release trusts.")
@click.option("--image", type=_File, help="MicroPython's application image (.app-bin), to go with it.")
@click.option("--board", type=click.Choice(BOARDS), default=BOARDS[0], show_default=True, help="For which.")
@click.option("--out", type=_Any, default=_OUT, show_default="build/release", help="Where its folder goes.")
@_DESCRIPTOR
def build(
    path: Path, trust: tuple[Path, ...], image: Path | None, board: str, out: Path, passphrase_fd: int | None
) -> None:
    """Build a release of this tree for all boards, and sign it.

    A version is released once: raise VERSION in firmware/version.py first. Needs a checkout.

    \b
        menshen release build --key ~/keys/release.pem
    """
    checkout.needed("release build")
    path = path.expanduser()
    if not path.is_file():
        make = checkout.task(f"release-key KEY={path}", f"release key --key {path}")
        raise InputError(f"--key {path}: there is no such file; `{make}` makes one")
    private = keys.load(path, keys.asked(passphrase_fd))
    trusted = keys.trusted([private.public_key(), *map(keys.load_public, trust)])
    made = release.build(trusted=trusted, image=image.read_bytes() if image else b"", board=board)
    folder = output.write(made, {each: made.manifest(private, each) for each in BOARDS}, out)
    click.echo(output.describe(made))
    click.echo(f"{folder.path}: signed. Now: make publish BROKER=host:port RELEASE={folder.path}")


@release_.command("publish")
@click.option("--release", "path", type=_Any, required=True, help="A folder build/release/<version>.")
@_way
@json_
def publish_(path: Path, way: Way, as_json: bool) -> None:
    """Put a release on the broker, for every lock to fetch.

    No lock runs it before `menshen release order` tells it to.

    \b
        menshen release publish --release build/release/0.2.0
    """
    folder = output.read(path)

    async def run() -> int:
        async with way.client() as connected:
            return await publish.publish(connected, folder)

    count = asyncio.run(run())
    said = f"{count} messages: {folder.version} is on {way.broker or 'your broker'}"
    Answer({"version": folder.version, "messages": count}, [said]).show(as_json)


@release_.command()
@click.option("--lock", required=True, help="The lock's name.")
@click.option("--lock-key", type=_File, required=True, help="Its key, from provisioning.")
@click.option("--version", required=True, help="The release that it is to run.")
@click.option(
    "--number",
    type=numbers.Whole(1, 2**30 - 1),
    help="The order's number [one above the highest].",
)
@_way
@json_
def order(lock: str, lock_key: Path, version: str, number: int | None, way: Way, as_json: bool) -> None:
    """Have one lock run a version, now or when it is next online.

    The release and the lock's state have to be at the broker. Orders are counted: a lock obeys none whose
    number is not above all that it has obeyed, nor one that is more than 65,536 above. The result comes on
    menshen/v1/<lock>/ack.

    \b
        menshen release order --lock front --lock-key front.key --version 0.2.0
    """
    check_lock(lock)
    publish.check_version(version, "--version")
    key = read_lock_key(lock_key, "--lock-key")

    async def run() -> int | None:
        async with way.client() as connected:
            return await publish.order(connected, lock, key, version, number)

    given = asyncio.run(run())
    named = f", order {given}" if given else ""
    said = f"{lock} is told to run {version}{named}; what comes of it is on menshen/v1/{lock}/ack"
    Answer({"lock": lock, "version": version, "order": given}, [said]).show(as_json)


for _command in (rolling.roll_out_, rolling.pause, rolling.status):
    release_.add_command(_command)


def _id(public: Path) -> str:
    return keys.key_id(keys.load_public(public))
