"""The settings of one lock: every one a row, read from /config.json and checked, the last good copy kept.

    attribute: type = row(name in the file, default, kind of check, its bounds)

A setting is added by a row of `Settings`, and one of the table in README.md, which a test compares with it.
All this is one file, since another would have to be looked for in the flash before the door is armed; it is
gone once they have been read, and the values stay. What is wrong is told by settings_faults.py.
"""

import json
from binascii import unhexlify
from time import sleep_ms

import console
from loader import Loan
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
_SURROGATE = b"\xed"  # the first byte of each, and of some letters of Korea
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
        name, default, check, bounds = line[0], line[1], _CHECKS[line[2]], line[3:]
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


def _number(value: "Any", low: int, high: int, unit: int = 1) -> "int | None":
    """A whole number within bounds, both included, in the lock's own unit."""
    return value * unit if type(value) is int and low <= value <= high else None


def _flag(value: "Any") -> "bool | None":
    """true or false."""
    return value if isinstance(value, bool) else None


def _one_of(value: "Any", *words: str) -> "str | None":
    """One of a few words."""
    return value if value in words else None


def _label(value: "Any", longest: int) -> "str | None":
    """What can be a part of a topic: letters, digits, - and _."""
    return value if isinstance(value, str) and 0 < len(value) <= longest and _is_plain(value) else None


def _secret(value: "Any", size: int) -> "bytes | None":
    """Bytes, in hexadecimal digits in lower case."""
    try:
        is_right = isinstance(value, str) and len(value) == 2 * size and value == value.lower()
        return unhexlify(value) if is_right else None
    except ValueError:
        return None


def _text(value: "Any", longest: int) -> "str | None":
    """Any text."""
    value = _joined(value)
    return value if value and len(value.encode()) <= longest else None


def _passphrase(value: "Any") -> "str | None":
    """Of an access point, as IEEE 802.11 (annex M.4) has it: a passphrase or a key; none, of an open one."""
    value = _joined(value)
    is_right = not value or 8 <= len(value.encode()) <= 63 or _secret(value.lower(), 32)
    return value if is_right else None


def _host(value: "Any", never: str = " ") -> "str | None":
    """An address or a name, not one that ends so; a dot at its end is dropped."""
    if not isinstance(value, str) or not 0 < len(value) <= 100:
        return None
    name = value[:-1] if value[-1] == "." else value
    parts = name.split(".")
    if name.lower().endswith(never) or not all(0 < len(part) < 64 and _is_plain(part) for part in parts):
        return None
    return name if _is_address(name) or not all(part.isdigit() for part in parts) else None


def _service(value: "Any", port: int) -> "tuple[str, int] | None":
    """A name or address like "time.example" or "192.0.2.1:123", and its port, or the usual one."""
    name, port = _split(value, port)
    name = _host(name)
    return (name, port) if name and port else None


def _servers(value: "Any", most: int, port: int) -> "list[tuple[str, int]] | None":
    """Some addresses, each with or without a port; `port` is the usual one."""
    if not isinstance(value, list) or len(value) > most:
        return None
    found = [_split(one, port) for one in value]
    return found if all(_is_address(name) and number for name, number in found) else None


def _zone(value: "Any") -> "Rule | None":
    """The rule of a time zone, as POSIX has it."""
    if value == "UTC0":
        return 0, 0, None, None
    with Loan():
        from access.zone_rule import checked

        return checked(value)


def _is_address(name: str) -> bool:
    """Whether this is an IPv4 address."""
    parts = name.split(".")
    return len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts)


def _is_plain(value: str) -> bool:
    """Whether there are but letters and digits of ASCII, - and _."""
    return all(97 <= c <= 122 or 48 <= c <= 57 or 65 <= c <= 90 or c in b"-_" for c in value.encode())


def _split(value: "Any", port: int) -> "tuple[str, int]":
    """Name and port of "name:port"; the port is 0 where it is none."""
    name, colon, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon:
        port = int(digits) if digits.isdigit() and len(digits) < 6 else 0
    return name, port if port < 65536 else 0


def _joined(value: "Any") -> "str | None":
    r"""The text, or None where it is none. Of an emoji written as "\ud83d\ude00" json.loads makes two."""
    if isinstance(value, str) and _SURROGATE in value.encode():
        with Loan():
            from settings_text import joined

            return joined(value)
    return value if isinstance(value, str) else None


_CHECKS = {
    NUMBER: _number, FLAG: _flag, ONE_OF: _one_of, LABEL: _label, SECRET: _secret, TEXT: _text,
    PASSPHRASE: _passphrase, HOST: _host, SERVICE: _service, SERVERS: _servers,
    ZONE: _zone,
}  # fmt: skip
