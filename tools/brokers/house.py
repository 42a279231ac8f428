"""Makes a folder with which a house's Mosquitto starts as it is: configuration, rules and certificates."""

import ipaddress
import os
import pwd
from collections.abc import Sequence
from dataclasses import dataclass
from pathlib import Path

from menshen.errors import InputError, MenshenError
from menshen.operator.certificates import Authority, write_private

_SHIPPED = Path(__file__).parent / "mosquitto"
_PLACE = "/etc/menshen"
CONFIG, LISTENER, RULES, DATA = "mosquitto.conf", "menshen.conf", "mosquitto.acl", "data"
NAMES = "phones.passwd"
"""The names by which somebody without a certificate may come: none, so the file is empty."""


class FolderError(MenshenError):
    """The broker could not use this folder; the message says why, and what would be right."""


@dataclass(frozen=True)
class Listener:
    """Where the broker listens, and as which user of this computer it runs; None: whoever calls this."""

    address: str = "127.0.0.1"
    port: int = 8883
    user: str | None = None


def mosquitto(folder: Path, authority: Authority, hosts: Sequence[str], listener: Listener) -> Path:
    """Make the folder, and give its mosquitto.conf, with which `mosquitto -c` starts.

    `hosts` are the names and addresses under which locks reach it. In a folder that is one already the
    certificates are made anew, and the rules stay as they are. Raises FolderError, InputError and
    CertificateError before anything is written.
    """
    try:
        ipaddress.ip_address(listener.address)
    except ValueError as error:
        raise InputError(f"--listen {listener.address}: must be an address of this computer") from error
    owner = _owner(listener.user)
    folder = folder.absolute()
    _can_come_there(folder, owner)
    pair = authority.issue(hosts[0], hosts, server=True)
    for path, mode in ((folder, 0o755), (folder / DATA, 0o700)):
        path.mkdir(parents=True, exist_ok=True, mode=mode)
        os.chown(path, owner.pw_uid, owner.pw_gid)
    # Mosquitto warns of rules that others can read, and does not start without a key that it can.
    _write(folder / "broker.key.pem", pair.key_pem, owner, 0o600)
    _write(folder / "broker.crt.pem", pair.certificate_pem, owner, 0o644)
    _write(folder / "ca.crt.pem", authority.certificate_pem, owner, 0o644)
    where = {
        _PLACE: str(folder),
        "listener 8883 127.0.0.1": f"listener {listener.port} {listener.address}",
        "user mosquitto": f"user {owner.pw_name}",
    }
    listening, alone, rules = ((_SHIPPED / name).read_text("utf-8") for name in (LISTENER, CONFIG, RULES))
    for old, new in where.items():
        listening, alone = listening.replace(old, new), alone.replace(old, new)
    _write(folder / LISTENER, listening.encode(), owner, 0o644)
    _write(folder / CONFIG, f"{alone}\n{listening}".encode(), owner, 0o644)
    _write(folder / NAMES, b"", owner, 0o600)
    if not (folder / RULES).exists():  # else a lock that was lost may be shut out in it
        _write(folder / RULES, rules.encode(), owner, 0o600)
    return folder / CONFIG


def _owner(name: str | None) -> pwd.struct_passwd:
    """Whom the files are to belong to: root gives them to Mosquitto's own user, where there is one."""
    me = pwd.getpwuid(os.geteuid())
    if name is None and me.pw_uid:
        return me
    try:
        owner = pwd.getpwnam(name or "mosquitto")
    except KeyError as error:
        if name is None:
            return me
        raise InputError(f"--user {name}: this computer has no such user") from error
    if me.pw_uid and owner.pw_uid != me.pw_uid:
        raise FolderError(f"only root can give files to {owner.pw_name}: run this with sudo")
    return owner


def _can_come_there(folder: Path, owner: pwd.struct_passwd) -> None:
    for above in folder.parents:
        if not owner.pw_uid or not above.exists():
            continue
        about = above.stat()
        if not about.st_mode & 0o001 and about.st_uid != owner.pw_uid:
            raise FolderError(f"{above}: the user {owner.pw_name} cannot come there; /etc/menshen would do")


def _write(path: Path, content: bytes, owner: pwd.struct_passwd, mode: int) -> None:
    """Write a file for a user, whole or not at all."""
    new = path.with_name(path.name + ".new")
    write_private(new, content)
    os.chown(new, owner.pw_uid, owner.pw_gid)
    new.chmod(mode)
    new.replace(path)
