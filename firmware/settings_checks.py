"""Checks the value of a setting, one function for each kind: the value as the lock uses it, or None."""

from binascii import unhexlify

from loader import Loan
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

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.zone import Rule

_SURROGATE = b"\xed"  # the first byte of each surrogate in UTF-8, and of some letters of Korean


def _number(value: "Any", low: int, high: int, unit: int = 1) -> "int | None":
    """A whole number within bounds, both included; it is multiplied by `unit`."""
    return value * unit if type(value) is int and low <= value <= high else None


def _flag(value: "Any") -> "bool | None":
    """true or false."""
    return value if isinstance(value, bool) else None


def _one_of(value: "Any", *allowed: str) -> "str | None":
    """One of the allowed texts."""
    return value if value in allowed else None


def _label(value: "Any", longest: int) -> "str | None":
    """Letters, digits, - and _, which can be part of a topic."""
    return value if isinstance(value, str) and 0 < len(value) <= longest and _is_plain(value) else None


def _secret(value: "Any", size: int) -> "bytes | None":
    """So many bytes, written as hexadecimal digits in lower case."""
    try:
        is_right = isinstance(value, str) and len(value) == 2 * size and value == value.lower()
        return unhexlify(value) if is_right else None
    except ValueError:
        return None


def _text(value: "Any", longest: int) -> "str | None":
    """Any text of 1 to `longest` bytes in UTF-8."""
    value = _joined(value)
    return value if value and len(value.encode()) <= longest else None


def _passphrase(value: "Any") -> "str | None":
    """A passphrase or key of Wi-Fi (IEEE 802.11, annex M.4), or an empty text for an open network."""
    value = _joined(value)
    is_right = not value or 8 <= len(value.encode()) <= 63 or _secret(value.lower(), 32)
    return value if is_right else None


def _host(value: "Any", never: str = " ") -> "str | None":
    """An IPv4 address, or a name that does not end in `never`; a dot at its end is dropped, and so are zeros
    before a number, which getaddrinfo() would take for octal.
    """
    if not isinstance(value, str) or not 0 < len(value) <= 100:
        return None
    name = value[:-1] if value[-1] == "." else value
    parts = name.split(".")
    if name.lower().endswith(never) or not all(0 < len(part) < 64 and _is_plain(part) for part in parts):
        return None
    return _address(name) or (None if all(part.isdigit() for part in parts) else name)


def _service(value: "Any", port: int) -> "tuple[str, int] | None":
    """(host, port) of a text like "time.example" or "192.0.2.1:123"; `port` is the usual one."""
    name, port = _split(value, port)
    name = _host(name)
    return (name, port) if name and port else None


def _page(value: "Any", longest: int) -> "str | None":
    """An address with https:// and without a fragment; what is behind https://."""
    if not isinstance(value, str) or len(value) > longest or not value.startswith("https://"):
        return None
    page = value[8:]
    host, _, path = page.partition("/")
    is_right = _service(host, 443) and all(33 <= c <= 126 and c not in b'"#<>\\^`{|}' for c in path.encode())
    return page if is_right else None


def _servers(value: "Any", most: int, port: int) -> "list[tuple[str, int]] | None":
    """At most `most` IPv4 addresses, each with or without a port; `port` is the usual one."""
    if not isinstance(value, list) or len(value) > most:
        return None
    found = [(_address(name), number) for name, number in [_split(one, port) for one in value]]
    return found if all(name and number for name, number in found) else None


def _zone(value: "Any") -> "Rule | None":
    """The rule of a time zone, written as a POSIX TZ rule."""
    if value == "UTC0":
        return 0, 0, None, None
    with Loan():
        from access.zone_rule import checked

        return checked(value)


def _address(name: str) -> str:
    """An IPv4 address, its numbers without leading zeros; an empty text where it is no address."""
    parts = name.split(".")
    if len(parts) == 4 and all(part.isdigit() and len(part) < 4 and int(part) < 256 for part in parts):
        return ".".join([str(int(part)) for part in parts])
    return ""


def _is_plain(value: str) -> bool:
    """Whether there are only ASCII letters and digits, - and _."""
    return all(97 <= c <= 122 or 48 <= c <= 57 or 65 <= c <= 90 or c in b"-_" for c in value.encode())


def _split(value: "Any", port: int) -> "tuple[str, int]":
    """Name and port of "name:port"; the port is 0 if it is no valid one."""
    name, colon, digits = value.partition(":") if isinstance(value, str) else ("", "", "")
    if colon:
        port = int(digits) if digits.isdigit() and len(digits) < 6 else 0
    return name, port if port < 65536 else 0


def _joined(value: "Any") -> "str | None":
    r"""The text, or None if it is no text. json.loads() makes two letters of an emoji like "\ud83d\ude00"."""
    if isinstance(value, str) and _SURROGATE in value.encode():
        with Loan():
            from settings_faults import joined

            return joined(value)
    return value if isinstance(value, str) else None


CHECKS = {
    NUMBER: _number, FLAG: _flag, ONE_OF: _one_of, LABEL: _label, SECRET: _secret, TEXT: _text,
    PASSPHRASE: _passphrase, HOST: _host, SERVICE: _service, SERVERS: _servers,
    ZONE: _zone, PAGE: _page,
}  # fmt: skip
