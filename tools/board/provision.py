"""Makes a board into one certain lock: its keys and certificate, its settings, and nothing of its past.

The lock's TLS key exists on the board alone; of its own key the operator keeps a copy, to sign lists with.
"""

import json
import re
import secrets
import time
import unicodedata
from collections.abc import Callable, Iterator
from dataclasses import dataclass
from pathlib import Path

from cryptography import x509
from cryptography.hazmat.primitives import hashes, serialization

from menshen import checkout, json_text
from menshen.errors import InputError, MenshenError
from menshen.operator.certificates import Authority, CertificateError, Pair, write_private

from .console import BoardError, Console
from .profiles import PROFILES

_CONFIG, _GOOD = "/config.json", "/config.good.json"
_OLD = (_CONFIG, _CONFIG + ".new", _GOOD, "/access", "/tls")
_FOLDERS = ("/access", "/tls")  # the lock writes lists into the one
_MPY_ABI = 6
_NAME = re.compile(r"[A-Za-z0-9_-]{1,32}")
_ORIGIN = """
import sys
try:
    import esp32
    _chip = "an ESP32"
except ImportError:
    _chip = sys.platform
print("= " + json.dumps([list(sys.implementation.version[:3]), _chip, sys.implementation._mpy & 255,
                         sys.implementation._machine]))
"""
PAST = (
    "relay_pin",
    "relay_safe",
    "clock_floor",
    "lived",
    "lived_part",
    "wrong_codes",
    "staff_was_in",
    "guest_risk",
    "guests",
    "once",
    "afar_at",
    "uses",
    "nonces",
    "order",
    "command",
    "ordered",
    "dns",
    "home_told",
    "home_marks",
    "own_key",
    "new_ways",
)
"""Names in NVS that belong to a lock's people, its operator and its wiring: forgotten with them.

Of the relay, since the settings may have turned `relay.unlock_level` around: boot.py would drive the level
that opens now. It leaves the pin alone until the application has stored the level of the new settings. Of the
clock, since a lock whose floor is years ahead could not be made well again.

firmware/storage/names.py has all names.
"""
PAST_QUEUES = {"staff": 32, "alarm": 8, "ack": 8}
"""The queues of firmware/reports/telemetry.py in NVS, and their places."""
_FORGET = """
from esp32 import NVS
_nvs = NVS("menshen")
for _name in {names!r}:
    try:
        _nvs.erase_key(_name)
    except OSError:
        pass
_nvs.commit()
"""
_CHECK = """
from settings import SettingsError, parse
try:
    parse({text!a})
    print("= []")
except SettingsError as error:
    print("= " + json.dumps(error.faults))
"""


class ProvisionError(MenshenError):
    """The board was not provisioned; the message says why, and what would be right."""


class SettingsFileError(InputError, ProvisionError):
    """The given settings are no lock's settings."""


@dataclass(frozen=True)
class Lock:
    """What makes a lock this one and no other. `pair` is None where its broker is called without TLS."""

    name: str
    key: bytes
    pair: Pair | None
    files: dict[str, bytes]
    """What goes to the board, by path; the last one makes it a provisioned lock."""


def _unseen(tree: dict, group: str = "") -> Iterator[str]:
    """The fields whose text has control characters, such as a line break that was copied with it."""
    for name, value in tree.items():
        if isinstance(value, dict):
            yield from _unseen(value, f"{name}.")
        elif any(unicodedata.category(letter) == "Cc" for letter in str(value)):
            yield group + name


def read_settings(path: Path) -> dict:
    """The operator's settings of one lock: README's table without `key`. Raises SettingsFileError."""
    try:
        settings = json_text.typed(path.read_bytes())
    except (OSError, ValueError) as error:
        raise SettingsFileError(f"--settings {path}: cannot be read as JSON ({error})") from error
    if not isinstance(settings, dict):
        raise SettingsFileError(f"--settings {path}: must be one JSON object")
    if "key" in settings:
        raise SettingsFileError(
            f"--settings {path}: has a `key`: leave it out, it is made here and shown to nobody"
        )
    if not isinstance(settings.get("lock"), str) or not _NAME.fullmatch(settings["lock"]):
        raise SettingsFileError(f"--settings {path}: lock must be 1 to 32 letters, digits, - or _")
    for name in _unseen(settings):
        raise SettingsFileError(
            f"--settings {path}: {name} has a line break or another control character: leave it out"
        )
    return settings


def trusted_at_home(settings: dict, path: Path | None) -> dict[str, bytes]:
    """The file of the certificate that the settings trust at the tenant's broker. Raises ProvisionError.

    Whoever reads the settings must see what is trusted, so they name it by its SHA-256.
    """
    home = settings.get("home")
    named = home.get("certificate") if isinstance(home, dict) else None
    if path is None:
        if named is not None:
            raise ProvisionError(
                "home.certificate needs the certificate itself: give --home-certificate (HOME_CERTIFICATE=)"
            )
        return {}
    try:
        data = path.read_bytes()
        found = (
            x509.load_pem_x509_certificate(data) if b"-----" in data else x509.load_der_x509_certificate(data)
        )
    except (OSError, ValueError) as error:
        raise ProvisionError(f"--home-certificate {path}: no certificate in PEM or DER") from error
    told = found.fingerprint(hashes.SHA256()).hex()
    if found.not_valid_after_utc.timestamp() < time.time():
        raise ProvisionError(
            f"--home-certificate {path}: it has ended on {found.not_valid_after_utc:%Y-%m-%d}"
        )
    if named != told:
        other = "names another" if named else "names none"
        raise ProvisionError(
            f'--home-certificate {path}: home.certificate in the settings {other}; of this one it is "{told}"'
        )
    return {"/tls/home.crt.der": found.public_bytes(serialization.Encoding.DER)}


def prepare(
    settings: dict, authority: Authority | None, now: float | None = None, home: Path | None = None
) -> Lock:
    """Make the lock's keys, its certificate and its files. Raises ProvisionError.

    `home` is the certificate that is trusted at the tenant's broker, where the settings name one.
    """
    trusted = trusted_at_home(settings, home)
    name, key = settings["lock"], secrets.token_bytes(32)
    broker = settings.get("broker")
    pair, files = None, {}
    if isinstance(broker, dict) and broker.get("tls", True):
        if authority is None:
            raise ProvisionError(
                "broker.tls needs a certificate: give --authority (AUTHORITY=), or set broker.tls to false"
            )
        try:
            pair = authority.issue_lock(name)
        except CertificateError as error:
            raise ProvisionError(str(error)) from error
        files = {
            "/tls/ca.crt.der": authority.certificate_der,
            "/tls/lock.crt.der": pair.certificate_der,
            "/tls/lock.key.der": pair.key_der,
        }
    config = {**settings, "key": key.hex()}
    moment = settings.get("time", {})
    if isinstance(moment, dict):  # the board says what is wrong with any other
        # The clock of a lock that lost it starts here: no certificate of the authority begins later.
        config["time"] = {"floor": int(time.time() if now is None else now), **moment}
    # As UTF-8: of an emoji's escape the lock's own JSON makes two letters.
    return Lock(
        name, key, pair, {**files, **trusted, _CONFIG: json.dumps(config, ensure_ascii=False).encode()}
    )


def check_board(console: Console, lock: Lock, force: bool) -> None:
    """Whether this board can become this lock. Raises ProvisionError before anything is changed."""
    version, chip, abi, machine = console.run(_ORIGIN) or ([], "nothing known", 0, "")
    if chip != "an ESP32" or version < [1, 24] or abi != _MPY_ABI:
        number = ".".join(map(str, version))
        raise ProvisionError(f"this is MicroPython {number} on {chip}; 1.24 or later on an ESP32 is needed")
    if wrong := wrong_board(json.loads(lock.files[_CONFIG]), machine):
        raise ProvisionError(wrong)
    try:
        faults = console.run(_CHECK.format(text=lock.files[_CONFIG].decode()))
    except BoardError as error:
        flash = checkout.task("flash", "board flash")
        raise ProvisionError(f"Menshen's application does not answer ({error}): {flash} first") from error
    if faults:
        raise ProvisionError("the settings are refused: " + "; ".join(faults))
    if console.exists(_CONFIG) and not force:
        raise ProvisionError(
            "this board is provisioned already. --force (FORCE=1) makes it a new lock: its list, "
            "its residents' PINs and cards and its keys are then lost for good"
        )


def wrong_board(settings: dict, machine: str) -> str:
    """What to say if the settings are for another board than MicroPython says this is; otherwise ""."""
    profile = PROFILES.get(settings.get("board", "devkit"))
    if profile is None or profile.fits(machine):
        return ""
    return (
        f"board is `{profile.name}`, and this is `{machine}`: name this board in the settings, or flash "
        f"{profile.stock}"
    )


def install(console: Console, lock: Lock, progress: Callable[[str, int], None]) -> None:
    """Write the lock's files, each read back. `progress` gets a file's name and the bytes that went over.

    The settings come last: a board that is unplugged before that has none, and waits. Raises BoardError.
    """
    queued = [f"{name}{n}" for name, places in PAST_QUEUES.items() for n in ("_sent", *range(places))]
    console.run(_FORGET.format(names=(*PAST, *queued)))
    for path in _OLD:
        console.remove(path)
    for folder in _FOLDERS:
        console.make_folder(folder)
    for path, data in lock.files.items():
        console.write(path, data, lambda count, path=path: progress(path, count))


def stash(lock: Lock, folder: Path) -> None:
    """Put the operator's copy of the key into the folder under a name of its own, until `put_in_place`."""
    folder.mkdir(parents=True, exist_ok=True)
    write_private(folder / f"{lock.name}.key.new", lock.key)


def put_in_place(lock: Lock, folder: Path) -> list[Path]:
    """Give the operator's copies their names: the key, with which lists are signed, and the certificate."""
    paths = [folder / f"{lock.name}.key"]
    (folder / f"{lock.name}.key.new").replace(paths[0])
    if lock.pair is not None:
        paths.append(folder / f"{lock.name}.crt.pem")
        paths[1].write_bytes(lock.pair.certificate_pem)
    return paths
