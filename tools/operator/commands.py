"""Commands to a lock from afar, as they travel on `<lock>/command`; firmware/link/README.md has the format.

The operator's key signs every command. A command to unlock also has a proof by whoever wants in: with a
tenant's guest key, which the operator does not know, or with the key that belongs to one staff credential.
"""

import re
import secrets
import time
from dataclasses import dataclass, field
from pathlib import Path
from typing import TextIO

import click

from menshen.cli import files, numbers
from menshen.errors import InputError
from menshen.key_file import read_lock_key

from .guest import read_key
from .lists import mac, signed

LIFE_S = 60
_File = files.Input()
_PURPOSE, _UNLOCK, _STAFF = b"menshen command v1", b"menshen unlock v1", b"menshen staff v1"


@dataclass(frozen=True)
class Command:
    """One command: "identify", "self-test", "restart" or "unlock". Times are seconds since 1970."""

    lock: str
    command: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    time: int = field(default_factory=lambda: int(time.time()))
    life_s: int = LIFE_S
    number: int | None = None
    """Above that of all commands obeyed, which the lock's state tells; None for one of 0.1.0."""

    @property
    def fields(self) -> dict:
        """The fields that must be the same in it and in its proof."""
        return {
            "lock": self.lock,
            "time": self.time,
            "command": self.command,
            "nonce": self.nonce,
            "expires": self.time + self.life_s,
        }

    def proof(self, key: bytes) -> str:
        """What whoever wants in adds to a command to unlock, with a tenant's guest key or a staff key."""
        return signed(self.lock, key, _UNLOCK, self.fields)

    def message(self, key: bytes, **who: int | str) -> str:
        """The command signed with the lock's key; to unlock with `proof`, and `lease` or `credential`."""
        counted = {} if self.number is None else {"number": self.number}
        return signed(self.lock, key, _PURPOSE, {**self.fields, **counted, **who})


def staff_key(key: bytes, digest: bytes) -> bytes:
    """The key of one staff credential, by its digest, for whoever is to unlock with it from afar."""
    return mac(mac(key, _STAFF), digest)


@click.command("command")
@click.argument("what", metavar="COMMAND", type=click.Choice(["identify", "self-test", "restart", "unlock"]))
@click.option("--lock", required=True, help="The lock's name.")
@click.option("--lock-key", "key_file", type=_File, required=True, help="Its key, from provisioning.")
@click.option("--life", "life_s", type=numbers.Whole(1, 600), default=LIFE_S, help="Seconds it is good for.")
@click.option(
    "--number",
    type=numbers.Whole(1, 2**30 - 1),
    help="Above `command` in the lock's state; of each number it obeys one command.",
)
@click.option("--credential", metavar="DIGEST", help="Unlock as this staff credential of the list.")
@click.option("--lease", type=numbers.Whole(1, 65535), help="Unlock as a tenant of this lease,")
@click.option(
    "--guest-key",
    "guest_file",
    type=click.File(encoding="utf-8-sig"),
    help="with the key that the tenant was given.",
)
def command(what: str, lock: str, key_file: Path, life_s: int, number: int | None, **who: object) -> None:
    """Sign a command to a lock.

    Publish what is printed on menshen/v1/<lock>/command at once, not retained.

    No key appears on a command line.

    \b
        menshen command identify --lock flat-3 --lock-key flat-3.key
    """
    key = read_lock_key(key_file, "--lock-key")
    order = Command(lock, what, life_s=life_s, number=number)
    click.echo(order.message(key, **_who(order, key, **who)))


def _who(
    order: Command, key: bytes, credential: str | None, lease: int | None, guest_file: TextIO | None
) -> dict:
    """The fields that say who wants in, and prove it."""
    if order.command != "unlock":
        if credential or lease or guest_file:
            raise click.UsageError("--credential, --lease and --guest-key are for unlock")
        return {}
    if (credential is None) == (lease is None) or (lease is None) != (guest_file is None):
        raise click.UsageError("unlock needs --credential, or --lease with --guest-key")
    if guest_file is not None:
        return {"lease": lease, "proof": order.proof(read_key(guest_file))}
    if not re.fullmatch(r"[0-9a-f]{32}", credential or ""):
        raise InputError("--credential must be 32 hexadecimal digits, as the lock reports its uses")
    digest = bytes.fromhex(credential or "")
    return {"credential": credential, "proof": order.proof(staff_key(key, digest))}
