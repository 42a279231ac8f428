"""The operator's authority, and the certificates that it issues."""

from collections.abc import Iterable
from pathlib import Path

import click
from cryptography import x509
from cryptography.hazmat.primitives.serialization import Encoding

from menshen.cli import files, numbers
from menshen.errors import InputError
from menshen.operator.certificates import LOCK_DAYS, OPERATOR, Authority, check_lock, write_private

from .sending import send

_File = files.Input()
_Folder = click.Path(exists=True, file_okay=False, path_type=Path)
_folder = click.argument("folder", type=click.Path(file_okay=False, path_type=Path))


@click.group()
def pki() -> None:
    """Make certificates for brokers, locks and people.

    All keys are readable by their owner alone; FOLDER/ca.key.pem should never leave this computer, except as
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

    \b
        menshen pki authority ~/menshen-pki
    """
    Authority.create(folder)
    _show([folder / "ca.key.pem", folder / "ca.crt.pem"])


@pki.command()
@_folder
@click.argument("hosts", metavar="HOST...", nargs=-1, required=True)
def broker(folder: Path, hosts: tuple[str, ...]) -> None:
    """Make broker.key.pem and broker.crt.pem, to copy to the broker.

    FOLDER is the authority's; each HOST is a name or an address under which locks reach the broker.

    \b
        menshen pki broker ~/menshen-pki mqtt.example.org 192.0.2.7
    """
    _show(Authority.load(folder).issue(hosts[0], hosts, server=True).write(folder, "broker"))


@pki.command()
@_folder
def operator(folder: Path) -> None:
    """Make operator.key.pem and operator.crt.pem, for your programs.

    FOLDER is the authority's. `menshen broker` is then told of it.

    \b
        menshen pki operator ~/menshen-pki
    """
    _show(Authority.load(folder).issue(OPERATOR, client=True).write(folder, "operator"))


@pki.command()
@_folder
@click.argument("name")
def client(folder: Path, name: str) -> None:
    """Make NAME.key.pem and NAME.crt.pem, for another program.

    FOLDER is the authority's; NAME, which the brokers' rules use, is the certificate's common name, such as
    homeassistant.

    \b
        menshen pki client ~/menshen-pki homeassistant
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

    \b
        menshen pki lock ~/menshen-pki front
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


@pki.command()
@_folder
@click.argument("name", metavar="LOCK")
@click.option("--certificate", "path", type=_File, required=True, help="The old one: LOCK.crt.pem.")
@click.option("--days", type=numbers.Whole(1, LOCK_DAYS), default=LOCK_DAYS, help="How long it is good for.")
def renew(folder: Path, name: str, path: Path, days: int) -> None:
    """Give a lock a new certificate over the air.

    FOLDER is the authority's. The lock's key stays on the lock, and the new certificate is for that key. The
    lock takes it while it is online, and restarts with it; the file of the old one becomes the new one.

    \b
        menshen pki renew ~/menshen-pki front --certificate front.crt.pem
    """
    check_lock(name)
    try:
        old = x509.load_pem_x509_certificate(path.read_bytes())
    except ValueError as error:
        raise InputError(f"--certificate {path}: no certificate, as {name}.crt.pem is one") from error
    new = Authority.load(folder).renew(old, days)
    send(name, "lock", new.public_bytes(Encoding.DER))
    path.write_bytes(new.public_bytes(Encoding.PEM))
    click.echo(
        f"{name}: took its certificate, which ends on {new.not_valid_after_utc:%Y-%m-%d}; {path} is it"
    )


@pki.command()
@click.argument("folders", metavar="FOLDER...", nargs=-1, required=True, type=_Folder)
@click.option("--lock", "name", required=True, help="Which lock.")
def trust(folders: tuple[Path, ...], name: str) -> None:
    """Have a lock trust these authorities, one or two.

    \b
    To replace an authority, for every lock and then for the broker:
        menshen pki trust --lock front OLD NEW
        menshen pki renew NEW front --certificate front.crt.pem
        menshen brokers mosquitto FOLDER --authority NEW --host mqtt.example.org
        menshen pki trust --lock front NEW

    In between the broker has to accept both: its ca.crt.pem has both files, one after the other.
    """
    check_lock(name)
    if len(folders) > 2:
        raise InputError("FOLDER: a lock trusts two authorities at most")
    send(name, "ca", b"".join(Authority.load(folder).certificate_der for folder in folders))
    click.echo(f"{name}: trusts {' and '.join(map(str, folders))}")


def _show(paths: Iterable[Path]) -> None:
    for path in paths:
        click.echo(path)
