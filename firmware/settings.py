"""The settings of one lock: read from /config.json, checked field by field, the last good copy kept."""

import json
from binascii import unhexlify

import console
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.zone import Rule

PATH = "/config.json"
GOOD_PATH = "/config.good.json"
_MISSING = object()
_ZONE = 'a POSIX TZ rule like "CET-1CEST,M3.5.0,M10.5.0/3"'
_LATEST = 4294967295  # seconds since 1970 that records can hold


class SettingsError(Exception):
    """The settings cannot be used; `faults` has a sentence for each field that is wrong."""

    def __init__(self, faults: "list[str]") -> None:
        super().__init__("; ".join(faults))
        self.faults = faults


class _Reader:
    """Takes fields out of the parsed file and keeps a list of what is wrong with them."""

    def __init__(self, tree: "Any") -> None:
        self._tree = tree
        self.faults: list[str] = []

    def take(self, name: str, right: str, check: "Callable[[Any], bool]", default: "Any" = _MISSING) -> "Any":
        """The value at the dotted name, if check(value) is true; else a fault that says what is right."""
        value = self._tree
        for part in name.split("."):
            value = value.get(part, _MISSING) if isinstance(value, dict) else _MISSING
        if value is _MISSING and default is not _MISSING:
            return default
        if value is _MISSING:
            self.faults.append(name + " is missing: " + right)
        elif not check(value):
            self.faults.append(name + " must be " + right)
        else:
            return value
        return None

    def number(self, name: str, low: int, high: int, default: int) -> int:
        """A whole number within bounds, both included."""
        right = "a whole number from %d to %d" % (low, high)
        return self.take(name, right, lambda v: type(v) is int and low <= v <= high, default) or 0

    def text(self, name: str, longest: int, default: "Any" = _MISSING) -> str:
        """A text of 1 to `longest` characters; an absent one is the default."""
        right = "a text of 1 to %d characters" % longest
        return self.take(name, right, lambda v: isinstance(v, str) and 0 < len(v) <= longest, default) or ""

    def zone(self, name: str) -> "Rule":
        """The rule of a time zone (access/zone_rule.py); an absent one is UTC."""
        text = self.take(name, _ZONE, lambda v: isinstance(v, str) and len(v) <= 64, None)
        if text is not None:
            from access.zone_rule import parse

            try:
                return parse(text)
            except ValueError as error:
                self.faults.append("%s must be %s: it lacks %s" % (name, _ZONE, error.args[0]))
        return 0, 0, None, None

    def flag(self, name: str, default: bool) -> bool:
        """true or false."""
        return self.take(name, "true or false", lambda v: isinstance(v, bool), default)


def _is_key(value: "Any") -> bool:
    return isinstance(value, str) and len(value) == 64 and all(c in "0123456789abcdef" for c in value)


def _is_topic_part(value: "Any") -> bool:
    if not isinstance(value, str) or not 0 < len(value) <= 32:
        return False
    return all(c.isalpha() or c.isdigit() or c in "-_" for c in value)


def _host(text: "Any") -> "tuple[str, int] | None":
    """(name or address, port) of "time.example" or "192.0.2.1:123"; None where it is neither."""
    if not isinstance(text, str):
        return None
    name, _, port = text.partition(":")
    if not 0 < len(name) <= 100 or (port and not (port.isdigit() and 0 < int(port) < 65536)):
        return None
    return name, int(port or 123)


def _server(text: "Any") -> "tuple[str, int] | None":
    """(address, port) of "192.0.2.1" or "192.0.2.1:53"; None where it is neither."""
    if not isinstance(text, str):
        return None
    address, _, port = text.partition(":")
    numbers = address.split(".")
    if len(numbers) != 4 or not all(n.isdigit() and int(n) < 256 for n in numbers):
        return None
    if port and not (port.isdigit() and 0 < int(port) < 65536):
        return None
    return address, int(port or 53)


class Settings:
    """What /config.json says: no code, so that the parser can be unloaded.

    Times are in ms; `key` is 32 bytes; `dns` is a list of (address, port); `zone` is for access.zone.Zone.
    """

    lock: str
    key: bytes
    board: str
    unlock_level: int
    unlock_ms: int
    held_open_ms: int
    ssid: str
    password: str
    dns: "list[tuple[str, int]]"
    ntp: "tuple[str, int] | None"
    broker_host: str
    broker_port: int
    broker_tls: bool
    time_floor: int
    homeassistant: bool
    backoff_cap_ms: int
    keypad: str
    plain_uid: bool
    trial_ms: int
    spread_ms: int
    zone: "Rule"
    home: "tuple[str, int, str | None, str | None] | None"


def parse(text: str) -> Settings:
    """What a text says. Raises SettingsError."""
    try:
        tree = json.loads(text)
    except ValueError:
        tree = None
    if not isinstance(tree, dict):
        raise SettingsError(["the file must be one JSON object"])
    read, found = _Reader(tree), Settings()
    found.lock = read.take("lock", "1 to 32 letters, digits, - or _", _is_topic_part)
    found.key = unhexlify(read.take("key", "64 hexadecimal digits in lower case", _is_key) or "")
    found.board = read.take("board", '"devkit"', lambda v: v == "devkit", "devkit")
    found.unlock_level = read.number("relay.unlock_level", 0, 1, 1)
    found.unlock_ms = read.number("relay.seconds", 1, 60, 5) * 1000
    found.held_open_ms = read.number("door.held_open_s", 5, 3600, 30) * 1000
    found.ssid = read.text("wifi.ssid", 32, "")
    found.password = read.text("wifi.password", 63, "")
    servers = read.take(
        "network.dns",
        'a list of at most 3 addresses like "192.0.2.1" or "192.0.2.1:53"',
        lambda v: isinstance(v, list) and len(v) <= 3 and all(_server(s) for s in v),
        [],
    )
    listed = [_server(s) for s in servers or ()]
    found.dns = [server for server in listed if server]
    right = 'a host like "192.0.2.1" or "time.example:123"'
    found.ntp = _host(read.take("network.ntp", right, lambda v: _host(v) is not None, None))
    found.broker_host = read.text("broker.host", 100, "")
    found.broker_tls = read.flag("broker.tls", True)
    found.broker_port = read.number("broker.port", 1, 65535, 8883 if found.broker_tls else 1883)
    found.time_floor = read.number("time.floor", 0, _LATEST, 0)  # seconds since 1970: when it was provisioned
    found.homeassistant = read.flag("homeassistant", False)
    found.backoff_cap_ms = read.number("broker.backoff_cap_s", 1, 86400, 600) * 1000
    found.zone = read.zone("time.zone")
    found.keypad = read.take(
        "keypad.type", '"matrix" or "wiegand"', lambda v: v in ("matrix", "wiegand"), "matrix"
    )
    found.plain_uid = read.flag("cards.plain_uid", False)
    found.trial_ms = read.number("update.trial_s", 1, 3600, 300) * 1000
    found.spread_ms = read.number("update.spread_s", 0, 86400, 600) * 1000
    found.home = None
    if "home" in tree:
        from home_settings import home

        found.home = home(read, bool(found.ssid and found.broker_host))
    if read.faults:
        raise SettingsError(read.faults)
    return found


def _read(path: str) -> "tuple[str, Settings]":
    try:
        with open(path) as file:
            text = file.read()
    except (OSError, UnicodeError):
        raise SettingsError(["the file cannot be read"])
    return text, parse(text)


def load() -> Settings:
    """The settings of /config.json, or of the last good copy; SettingsError where neither is good."""
    try:
        text, settings = _read(PATH)
    except SettingsError as error:
        for fault in error.faults:
            console.error("settings", PATH + ": " + fault)
        _, settings = _read(GOOD_PATH)
        console.warning("settings", "using the last good copy")
        return settings
    _keep(text)
    return settings


def _keep(text: str) -> None:
    """Make the last good copy, if it is not the same already. A full flash is no reason not to start."""
    try:
        if files.exists(GOOD_PATH):
            with open(GOOD_PATH) as file:
                if file.read() == text:
                    return
        files.write(GOOD_PATH, (text.encode(),))
    except (OSError, UnicodeError):
        console.warning("settings", "no room for a copy of the settings")
