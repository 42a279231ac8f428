"""The settings of one lock, a row for each: read from /config.json, checked, and copied if they are good.

    attribute: type = row(name in the file, default, kind of check, its bounds)

To add a setting, add a row to `Settings` and one to the table in README.md; a test compares the two. The
checks are in settings_checks.py, the sentences about faults in settings_faults.py. All this code is unloaded
when the settings have been read; only the values stay.
"""

import json
from time import sleep_ms

from micropython import const

import console
from loader import Loan
from settings_checks import CHECKS
from settings_kinds import (
    FLAG,
    HOST,
    LABEL,
    NUMBER,
    ONE_OF,
    PAGE,
    PASSPHRASE,
    SECRET,
    SERVERS,
    SERVICE,
    TEXT,
    ZONE,
)
from wiring import pins

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.zone import Rule

PATH = "/config.json"
GOOD_PATH = "/config.good.json"
NEEDED = ("needed",)  # in place of a default: the setting must be there
_MS = const(1000)  # from seconds
_VITAL = ("lock", "key", "relay.unlock_level")  # settings that a lock needs, or must not guess


def row(*line: "Any") -> "Any":
    """One setting: (name, default, kind, bounds ...). A default that is not empty is checked, too."""
    return line


class Settings:
    """The values of /config.json as the lock uses them: times in ms, `key` bytes, `zone` for access.zone."""

    lock: str = row("lock", NEEDED, LABEL, 32)
    key: bytes = row("key", NEEDED, SECRET, 32)
    board: str = row("board", "devkit", ONE_OF, "devkit", "wrover", "s3")
    unlock_level: int = row("relay.unlock_level", 1, NUMBER, 0, 1)
    unlock_ms: int = row("relay.seconds", 5, NUMBER, 1, 60, _MS)
    held_open_ms: int = row("door.held_open_s", 30, NUMBER, 5, 3600, _MS)
    contact: bool = row("door.contact", True, FLAG)
    shared: bool = row("door.shared", False, FLAG)
    fire: bool = row("door.fire", False, FLAG)
    keypad: str = row("keypad.type", "matrix", ONE_OF, "matrix", "wiegand")
    pin_shortest: int = row("pin.shortest", None, NUMBER, 4, 8)  # None: 6 or 8, by door.shared
    reader: str = row("reader.type", "pn532", ONE_OF, "pn532", "wiegand", "none")
    reader_bits: "int | None" = row("reader.bits", None, NUMBER, 9, 66)  # of a Wiegand card
    reader_parity: str = row("reader.parity", "halves", ONE_OF, "halves", "even", "odd", "none")
    plain_uid: bool = row("cards.plain_uid", False, FLAG)
    phone_page: str = row("phone.page", "", PAGE, 120)  # without https://
    phone_remote: bool = row("phone.remote", False, FLAG)
    ssid: str = row("wifi.ssid", "", TEXT, 32)
    password: str = row("wifi.password", "", PASSPHRASE)
    dns: "list[tuple[str, int]]" = row("network.dns", [], SERVERS, 3, 53)
    ntp: "tuple[str, int] | None" = row("network.ntp", None, SERVICE, 123)
    zone: "Rule" = row("time.zone", "UTC0", ZONE)
    time_floor: int = row("time.floor", 0, NUMBER, 0, 4294967295)  # seconds since 1970, of making the file
    broker_host: str = row("broker.host", "", HOST)
    broker_tls: bool = row("broker.tls", True, FLAG)
    broker_port: int = row("broker.port", None, NUMBER, 1, 65535)  # None: 8883 or 1883, by broker.tls
    backoff_cap_ms: int = row("broker.backoff_cap_s", 600, NUMBER, 1, 86400, _MS)
    homeassistant: bool = row("homeassistant", False, FLAG)
    trial_ms: int = row("update.trial_s", 300, NUMBER, 1, 3600, _MS)
    spread_ms: int = row("update.spread_s", 600, NUMBER, 0, 86400, _MS)
    _home_host: "str | None" = row("home.host", None, HOST, ".local")
    _home_port: int = row("home.port", None, NUMBER, 1, 65535)  # None: 8883 or 1883, by home.certificate
    _home_user: "str | None" = row("home.user", None, TEXT, 64)
    _home_password: "str | None" = row("home.password", None, TEXT, 64)
    _home_trust: "bytes | None" = row("home.certificate", None, SECRET, 32)  # SHA-256; only with PSRAM

    pins: tuple  # of the board: a table of wiring.py
    home: "tuple[str, int, str | None, str | None, bytes | None] | None"  # the five above, if there is one


class SettingsError(Exception):
    """The settings cannot be used. `faults` has a sentence for each field that is wrong."""

    def __init__(self, faults: "list[str]") -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


def _are_names(tree: dict) -> bool:
    """Whether all fields have texts as names: json.loads also accepts numbers and more."""
    groups = [value for value in tree.values() if isinstance(value, dict)]
    return all(isinstance(name, str) for group in [tree] + groups for name in group)


class _Values:
    """The values, with the attributes of Settings. It has no code, so that this module can be unloaded."""


class _Reader:
    """Reads a text: `found` has the values, and the defaults of the settings that are `wrong`."""

    def __init__(self, text: str) -> None:
        try:
            tree = json.loads(text)
        except (ValueError, TypeError):  # a list as the name of a field
            tree = None
        if not isinstance(tree, dict) or not _are_names(tree):
            raise SettingsError(["the file must be one JSON object"])
        self.found: Any = _Values()
        self._tree, self.wrong, self._used = tree, [], 0  # `_used` counts the fields that are settings
        for attribute, line in Settings.__dict__.items():
            if isinstance(line, tuple):
                setattr(self.found, attribute, self._value(line))
        fields = sum([len(value) or 1 if isinstance(value, dict) else 1 for value in tree.values()])
        self._is_whole = self._join() and not self.wrong and self._used == fields

    def faults(self) -> "list[str]":
        """A sentence for each field that is wrong; it says what would be right."""
        if self._is_whole:
            return []
        rows = [line for line in Settings.__dict__.values() if isinstance(line, tuple)]
        with Loan():
            from settings_faults import sentences

            return sentences(self._tree, rows, self.wrong)

    def _value(self, line: tuple) -> "Any":
        """The value of one setting in the file, or its default."""
        name, default, check, bounds = line[0], line[1], CHECKS[line[2]], line[3:]
        group, _, field = name.partition(".")
        value = self._tree.get(group, NEEDED)
        if field:
            value = value.get(field, NEEDED) if isinstance(value, dict) else NEEDED
        if value is not NEEDED:
            self._used += 1
            value = check(value, *bounds)
            if value is not None:
                return value
        if value is None or default is NEEDED:
            self.wrong.append(name)
        return check(default, *bounds) if default and default is not NEEDED else default

    def _join(self) -> bool:
        """Set the values that depend on several rows; returns whether these rows agree."""
        found = self.found
        found.pins = pins(found.board, found.fire)
        found.pin_shortest = found.pin_shortest or (8 if found.shared else 6)
        found.broker_port = found.broker_port or (8883 if found.broker_tls else 1883)
        host, user, password, trust = (
            found._home_host,
            found._home_user,
            found._home_password,
            found._home_trust,
        )
        complete = host and (user or not password) and found.ssid and found.broker_host
        complete = complete and not (trust and found.board == "devkit")
        port = found._home_port or (8883 if trust else 1883)
        found.home = (host, port, user, password, trust) if complete else None
        del found._home_host, found._home_port, found._home_user, found._home_password, found._home_trust
        agree = found.reader != "wiegand" or found.keypad == "wiegand"  # they share the two lines
        return agree and (found.home is not None or "home" not in self._tree)


def parse(text: str) -> Settings:
    """The settings of a text. Raises SettingsError."""
    read = _Reader(text)
    faults = read.faults()
    if faults:
        raise SettingsError(faults)
    return read.found


def load() -> Settings:
    """The settings of /config.json, or of the last good copy. Raises SettingsError if neither is good."""
    try:
        text = _contents(PATH)
        found = parse(text)
    except SettingsError as error:
        for fault in error.faults:
            console.error("settings", PATH + ": " + fault)
        return _last_good()
    _save_copy(text)
    return found


def load_or_wait(feed: "Callable[[], None]") -> Settings:
    """The settings. If there are none that work, say so and wait for ever; feed() feeds the watchdog."""
    try:
        return load()
    except SettingsError as error:
        for fault in error.faults:
            console.error("settings", "no settings: " + fault)
    while True:  # without its key a lock can only wait for a person with a cable
        feed()
        sleep_ms(1000)


def _last_good() -> Settings:
    """The settings of the copy, and the default of each that this release cannot use: the door must open.

    The copy was good for the release that made it. That may have been a newer one that knew more settings and
    was rolled back, or an older one that accepted other values. Raises SettingsError if a vital one is wrong.
    """
    read = _Reader(_contents(GOOD_PATH))
    faults = read.faults()
    if any(name in read.wrong for name in _VITAL):
        raise SettingsError(faults)
    for fault in faults:
        console.warning("settings", GOOD_PATH + ": not used: " + fault)
    console.warning("settings", "using the last good copy")
    return read.found


def _contents(path: str) -> str:
    try:
        with open(path) as file:
            return file.read()
    except (OSError, UnicodeError):
        raise SettingsError(["the file cannot be read"])


def _save_copy(text: str) -> None:
    """Save the last good copy, unless it is the same already. The lock starts even if the flash is full."""
    try:
        if _contents(GOOD_PATH) == text:
            return
    except SettingsError:
        pass  # there is none
    try:
        with Loan():
            from storage import files

            files.write(GOOD_PATH, (text.encode(),))
    except OSError:
        console.warning("settings", "no space for a copy of the settings")
