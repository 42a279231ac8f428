"""The settings of one lock: every one a row, read from /config.json and checked, the last good copy kept.

    attribute: type = row(name in the file, default, kind of check, its bounds)

A setting is added by a row of `Settings`, and one of the table in README.md, which a test compares with it.
The kinds of checks are in settings_checks.py, and what is wrong is told by settings_faults.py. All of it is
gone once the settings have been read; the values stay.
"""

import json
from time import sleep_ms

import console
from loader import Loan
from settings_checks import CHECKS
from settings_kinds import FLAG, HOST, LABEL, NUMBER, ONE_OF, PASSPHRASE, SECRET, SERVERS, SERVICE, TEXT, ZONE
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.zone import Rule

PATH = "/config.json"
GOOD_PATH = "/config.good.json"
NEEDED = ("needed",)  # in place of a default: there is none, and no lock without this
_MS = 1000  # from seconds
_VITAL = ("lock", "key", "relay.unlock_level")  # what no lock can do without, or must not guess


def row(*line: "Any") -> "Any":
    """(name, default, kind, bounds ...) of one setting. A default that is not empty is checked, too."""
    return line


class Settings:
    """What /config.json says, as the lock uses it: times in ms, `key` in bytes, `zone` for access.zone."""

    lock: str = row("lock", NEEDED, LABEL, 32)
    key: bytes = row("key", NEEDED, SECRET, 32)
    board: str = row("board", "devkit", ONE_OF, "devkit")
    unlock_level: int = row("relay.unlock_level", 1, NUMBER, 0, 1)
    unlock_ms: int = row("relay.seconds", 5, NUMBER, 1, 60, _MS)
    held_open_ms: int = row("door.held_open_s", 30, NUMBER, 5, 3600, _MS)
    keypad: str = row("keypad.type", "matrix", ONE_OF, "matrix", "wiegand")
    plain_uid: bool = row("cards.plain_uid", False, FLAG)
    ssid: str = row("wifi.ssid", "", TEXT, 32)
    password: str = row("wifi.password", "", PASSPHRASE)
    dns: "list[tuple[str, int]]" = row("network.dns", [], SERVERS, 3, 53)
    ntp: "tuple[str, int] | None" = row("network.ntp", None, SERVICE, 123)
    zone: "Rule" = row("time.zone", "UTC0", ZONE)
    time_floor: int = row("time.floor", 0, NUMBER, 0, 4294967295)  # seconds since 1970: when it was made
    broker_host: str = row("broker.host", "", HOST)
    broker_tls: bool = row("broker.tls", True, FLAG)
    broker_port: int = row("broker.port", None, NUMBER, 1, 65535)  # settings.py: by broker.tls
    backoff_cap_ms: int = row("broker.backoff_cap_s", 600, NUMBER, 1, 86400, _MS)
    homeassistant: bool = row("homeassistant", False, FLAG)
    trial_ms: int = row("update.trial_s", 300, NUMBER, 1, 3600, _MS)
    spread_ms: int = row("update.spread_s", 600, NUMBER, 0, 86400, _MS)
    _home_host: "str | None" = row("home.host", None, HOST, ".local")
    _home_port: int = row("home.port", 1883, NUMBER, 1, 65535)
    _home_user: "str | None" = row("home.user", None, TEXT, 64)
    _home_password: "str | None" = row("home.password", None, TEXT, 64)

    home: "tuple[str, int, str | None, str | None] | None"  # of the last four: None where there is no broker


class SettingsError(Exception):
    """The settings cannot be used; `faults` has a sentence for each field that is wrong."""

    def __init__(self, faults: "list[str]") -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class _Values:
    """What Settings says it has. No code, so that the rows and all that reads them can be unloaded."""


class _Reader:
    """What a text says: `found` has the values, and the defaults of those that are `wrong`."""

    def __init__(self, text: str) -> None:
        try:
            tree = json.loads(text)
        except ValueError:
            tree = None
        if not isinstance(tree, dict):
            raise SettingsError(["the file must be one JSON object"])
        self.found: Any = _Values()
        self._tree, self.wrong, self._taken = tree, [], 0
        for attribute, line in Settings.__dict__.items():
            if isinstance(line, tuple):
                setattr(self.found, attribute, self._value(line))
        fields = sum([len(value) or 1 if isinstance(value, dict) else 1 for value in tree.values()])
        self._is_whole = self._join() and not self.wrong and self._taken == fields

    def faults(self) -> "list[str]":
        """A sentence for each field that is wrong, and says what would be right."""
        if self._is_whole:
            return []
        rows = [line for line in Settings.__dict__.values() if isinstance(line, tuple)]
        with Loan():
            from settings_faults import sentences

            return sentences(self._tree, rows, self.wrong)

    def _value(self, line: tuple) -> "Any":
        """What the file says, or the default."""
        name, default, check, bounds = line[0], line[1], CHECKS[line[2]], line[3:]
        group, _, field = name.partition(".")
        value = self._tree.get(group, NEEDED)
        if field:
            value = value.get(field, NEEDED) if isinstance(value, dict) else NEEDED
        if value is not NEEDED:
            self._taken += 1
            value = check(value, *bounds)
            if value is not None:
                return value
        if value is None or default is NEEDED:
            self.wrong.append(name)
        return check(default, *bounds) if default and default is not NEEDED else default

    def _join(self) -> bool:
        """Settle what depends on more than one row; whether it can be."""
        found = self.found
        found.broker_port = found.broker_port or (8883 if found.broker_tls else 1883)
        host, user, password = found._home_host, found._home_user, found._home_password
        complete = host and (user or not password) and found.ssid and found.broker_host
        found.home = (host, found._home_port, user, password) if complete else None
        del found._home_host, found._home_port, found._home_user, found._home_password
        return found.home is not None or "home" not in self._tree


def parse(text: str) -> Settings:
    """What a text says. Raises SettingsError."""
    read = _Reader(text)
    faults = read.faults()
    if faults:
        raise SettingsError(faults)
    return read.found


def load() -> Settings:
    """The settings of /config.json, or of the last good copy; SettingsError where neither is good."""
    try:
        text = _contents(PATH)
        found = parse(text)
    except SettingsError as error:
        for fault in error.faults:
            console.error("settings", PATH + ": " + fault)
        return _last_good()
    _keep(text)
    return found


def load_or_wait(feed: "Callable[[], None]") -> Settings:
    """The settings. Where there are none to work with, say so and wait; feed() keeps the watchdog calm."""
    try:
        return load()
    except SettingsError as error:
        for fault in error.faults:
            console.error("settings", "no settings to work with: " + fault)
    while True:  # a lock that does not know its key can only wait for a person with a cable
        feed()
        sleep_ms(1000)


def _last_good() -> Settings:
    """What the copy says, with the defaults of all that this release cannot use: the door must open.

    Some release took it whole: one that knew more and has gone back, or an older one that took more.
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


def _keep(text: str) -> None:
    """Make the last good copy, if it is not the same already. A full flash is no reason not to start."""
    try:
        if not files.exists(GOOD_PATH) or _contents(GOOD_PATH) != text:
            files.write(GOOD_PATH, (text.encode(),))
    except (OSError, SettingsError):
        console.warning("settings", "no room for a copy of the settings")
