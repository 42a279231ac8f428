"""Releases: make a key, build and sign a release, put it on a broker, have a lock run it."""

import asyncio
import re
import sys
from pathlib import Path

import aiomqtt
import click

from menshen import build_app

from . import keys, output, publish, release

_OUT = build_app.TOP / "build" / "release"
_File = click.Path(exists=True, dir_okay=False, path_type=Path)
_Any = click.Path(path_type=Path)
_DESCRIPTOR = click.option(
    "--passphrase-fd", type=int, help="Read the passphrase from this descriptor, not the keyboard."
)
_SAID = (
    keys.KeyFileError,
    release.ReleaseError,
    build_app.BuildError,
    aiomqtt.MqttError,
    OSError,
)


class _Sentences(click.Group):
    """Says what went wrong in a sentence, and not in a traceback."""

    def invoke(self, ctx: click.Context) -> object:
        try:
            return super().invoke(ctx)
        except _SAID as error:
            raise click.ClickException(str(error)) from error


@click.group(cls=_Sentences, help=__doc__)
def main() -> None:
    """What all commands have in common: nothing."""


@main.command()
@click.option("--key", "path", type=_Any, required=True, help="Where it goes, such as ~/keys/release.pem.")
@_DESCRIPTOR
def key(path: Path, passphrase_fd: int | None) -> None:
    """Make a release key, RSA-3072, under a passphrase."""
    path = path.expanduser()
    private, public = keys.create(path, keys.passphrase(passphrase_fd, again=True))
    click.echo(f"{private}: keep a copy. Without it and its passphrase no lock takes a release again")
    click.echo(f"{public}: the half that releases and factory images trust; id {_id(public)}")


@main.command()
@click.option("--key", "path", type=_Any, required=True, help="The release key.")
@click.option("--trust", type=_File, multiple=True, help="Another public key that this release trusts.")
@click.option("--image", type=_File, help="MicroPython's application image (.app-bin), to go with it.")
@click.option("--out", type=_Any, default=_OUT, show_default=True)
@_DESCRIPTOR
def build(
    path: Path, trust: tuple[Path, ...], image: Path | None, out: Path, passphrase_fd: int | None
) -> None:
    """Build the application from this tree, and sign it."""
    private = keys.load(path.expanduser(), keys.passphrase(passphrase_fd))
    trusted = keys.trusted([private.public_key(), *map(keys.load_public, trust)])
    made = release.build(trusted=trusted, image=image.read_bytes() if image else b"")
    folder = output.write(made, made.manifest(private), out)
    click.echo(output.describe(made))
    click.echo(f"{folder.path}: signed. Now: make publish BROKER=host:port RELEASE={folder.path}")


def _broker(function: click.Command) -> click.Command:
    for option in (
        click.option("--tls-key", type=_File),
        click.option("--tls-certificate", type=_File),
        click.option("--tls-authority", type=_File, help="With the next two: mutual TLS; PEM files."),
        click.option("--broker", required=True, help="host:port"),
    ):
        function = option(function)
    return function


def _client(
    broker: str, authority: Path | None, certificate: Path | None, key_file: Path | None
) -> aiomqtt.Client:
    host, _, port = broker.rpartition(":")
    if not host or not port.isdigit():
        raise click.BadParameter("must be host:port, such as broker.example:8883", param_hint="--broker")
    tls = None
    if authority or certificate or key_file:
        if not (authority and certificate and key_file):
            raise click.UsageError("--tls-authority, --tls-certificate and --tls-key go together")
        tls = publish.Tls(authority, certificate, key_file)
    return publish.client(host, int(port), tls)


@main.command("publish")
@click.option("--release", "path", type=_Any, required=True, help="A folder build/release/<version>.")
@_broker
def publish_(
    path: Path, broker: str, tls_authority: Path | None, tls_certificate: Path | None, tls_key: Path | None
) -> None:
    """Put a release on the broker, for every lock to fetch."""
    folder = output.read(path)

    async def run() -> int:
        async with _client(broker, tls_authority, tls_certificate, tls_key) as connected:
            return await publish.publish(connected, folder)

    click.echo(f"{asyncio.run(run())} messages: {folder.version} is on {broker}")


@main.command()
@click.option("--lock", required=True, help="The lock's name.")
@click.option("--lock-key", type=_File, required=True, help="A file with the lock's key: 64 hex digits.")
@click.option("--version", required=True, help="The release that it is to run.")
@_broker
def order(
    lock: str, lock_key: Path, version: str, broker: str,
    tls_authority: Path | None, tls_certificate: Path | None, tls_key: Path | None,
) -> None:  # fmt: skip
    """Have one lock run a version, now or when it is next online."""
    text = lock_key.read_text().strip()
    if not re.fullmatch(r"[0-9a-f]{64}", text):
        raise click.ClickException(f"{lock_key} must hold 64 hexadecimal digits in lower case")

    async def run() -> None:
        async with _client(broker, tls_authority, tls_certificate, tls_key) as connected:
            await publish.order(connected, lock, bytes.fromhex(text), version)

    asyncio.run(run())
    click.echo(f"{lock} is told to run {version}; what comes of it is on menshen/v1/{lock}/ack")


def _id(public: Path) -> str:
    return keys.key_id(keys.load_public(public))


if __name__ == "__main__":
    sys.exit(main())
