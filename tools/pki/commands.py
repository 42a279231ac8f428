"""The operator's authority, and the certificates that it issues."""

from collections.abc import Iterable
from pathlib import Path

import click

from menshen.errors import InputError
from menshen.operator.certificates import OPERATOR, Authority, write_private

_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.group()
def pki() -> None:
    """Make certificates for brokers, locks and people.

    All keys are readable by their owner alone; FOLDER/ca.key.pem should never leave this computer, but for
    a copy that is kept offline.

    \b
        menshen pki authority ~/menshen-pki
        menshen pki broker ~/menshen-pki mqtt.example.org 192.0.2.7
        menshen pki operator ~/menshen-pki
    """


@pki.command()
@_folder
def authority(folder: Path) -> None:
    """Make a new authority: ca.key.pem and ca.crt.pem.

    It is made once for a house or a fleet, in a FOLDER of its own.
    """
    Authority.create(folder)
    _show([folder / "ca.key.pem", folder / "ca.crt.pem"])


@pki.command()
@_folder
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
def broker(folder: Path, hosts: tuple[str, ...]) -> None:
    """Make broker.key.pem and broker.crt.pem, to copy to the broker.

    FOLDER is the authority's; each HOST is a name or an address under which locks reach the broker.
    """
    _show(Authority.load(folder).issue(hosts[0], hosts, server=True).write(folder, "broker"))


@pki.command()
@_folder
def operator(folder: Path) -> None:
    """Make operator.key.pem and operator.crt.pem, for your programs.

    FOLDER is the authority's. `menshen broker` is then told of it.
    """
    _show(Authority.load(folder).issue(OPERATOR, client=True).write(folder, "operator"))


@pki.command()
@_folder
@click.argument("name")
def client(folder: Path, name: str) -> None:
    """Make NAME.key.pem and NAME.crt.pem, for another program.

    FOLDER is the authority's; NAME, by which the brokers' rules go, is the certificate's common name, such as
    homeassistant.
    """
    if name in {"ca", "broker"}:
        raise InputError(f"{name}.key.pem is the authority's own or the broker's: choose another name")
    _show(Authority.load(folder).issue(name, client=True).write(folder, name))


@pki.command()
@_folder
@click.argument("name", metavar="LOCK")
def lock(folder: Path, name: str) -> None:
    """Make the files of a lock's /tls, in a folder of its name.

    FOLDER is the authority's; LOCK is the identifier in the lock's settings. `menshen board provision` does
    this by itself.
    """
    authority = Authority.load(folder)
    pair = authority.issue_lock(name)
    own = folder / name
    own.mkdir(mode=0o700, exist_ok=True)
    files = {
        own / "lock.key.der": pair.key_der,
        own / "lock.crt.der": pair.certificate_der,
        own / "ca.crt.der": authority.certificate_der,
    }
    for path, content in files.items():
        write_private(path, content)
    _show(files)


def _show(paths: Iterable[Path]) -> None:
    for path in paths:
        click.echo(path)
