"""The kinds of checks of a setting: each gives the value as the lock uses it, or None for what is wrong."""

from binascii import unhexlify

from loader import Loan
from settings_kinds import FLAG, HOST, LABEL, NUMBER, ONE_OF, PASSPHRASE, SECRET, SERVERS, SERVICE, TEXT, ZONE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.zone import Rule

_SURROGATE = b"\xed"  # the first byte of each, and of some letters of Korea


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


CHECKS = {
    NUMBER: _number, FLAG: _flag, ONE_OF: _one_of, LABEL: _label, SECRET: _secret, TEXT: _text,
    PASSPHRASE: _passphrase, HOST: _host, SERVICE: _service, SERVERS: _servers,
    ZONE: _zone,
}  # fmt: skip
