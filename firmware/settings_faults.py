"""Says what is wrong in a /config.json and what would be right. Loaded only if something is wrong.

Or if a text in it has letters in two halves: see joined().
"""

from micropython import const

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
    from collections.abc import Iterator

_NEAR = const(2)
_ZONE = 'a POSIX TZ rule like "CET-1CEST,M3.5.0,M10.5.0/3"'
_TEXTS = {
    NUMBER: "a whole number from %d to %d",
    FLAG: "true or false",
    LABEL: "1 to %d letters, digits, - or _",
    SECRET: "%d hexadecimal digits in lower case",
    TEXT: "a text of 1 to %d bytes in UTF-8",
    PASSPHRASE: '8 to 63 bytes in UTF-8, 64 hexadecimal digits, or "" for an open network',
    HOST: 'an address like "192.0.2.1" or a name, without "mqtt://" and a port',
    SERVICE: 'a host like "192.0.2.1" or "time.example:%d"',
    PAGE: 'at most %d characters like "https://example.org/door/", without "#"',
    SERVERS: 'a list of at most %d addresses like "192.0.2.1" or "192.0.2.1:%d"',
}


def sentences(tree: dict, rows: "list[tuple]", wrong: "list[str]") -> "list[str]":
    """A sentence for each setting that is wrong or missing, and for each field that is no setting."""
    found = list(_unknown(tree, sorted([line[0] for line in rows])))
    for line in rows:
        if line[0] in wrong:
            value = _value(tree, line[0])
            found.append(
                "%s %s %s" % (line[0], "is missing:" if value is None else "must be", _right(line, value))
            )
    if isinstance(tree.get("home"), dict):
        found += _home(tree)
    if _value(tree, "reader.type") == "wiegand" != _value(tree, "keypad.type"):
        found.append('reader.type "wiegand" needs keypad.type "wiegand"')
    return sorted(found)


def _value(tree: dict, name: str) -> object:
    """The value of a setting in the file, or None."""
    group, _, field = name.partition(".")
    value = tree.get(group)
    return value.get(field) if field and isinstance(value, dict) else value


def _right(line: tuple, value: object) -> str:
    """What the value of a setting must be."""
    kind, bounds = line[2], line[3:]
    if kind == ONE_OF:
        return " or ".join(['"%s"' % allowed for allowed in bounds])
    if kind == HOST and bounds:
        return _TEXTS[kind] + ", none in " + bounds[0]
    if kind == SECRET:
        return _TEXTS[kind] % (2 * bounds[0])
    if kind != ZONE:
        text = _TEXTS[kind]
        return text % bounds[: text.count("%d")]
    with Loan():
        from access.zone_rule import LONGEST, parse

        if isinstance(value, str) and len(value) <= LONGEST:
            try:
                parse(value)
            except ValueError as error:
                return '%s: only "%s" is understood' % (_ZONE, error.args[0])
        return _ZONE


def _home(tree: dict) -> "Iterator[str]":
    """Sentences about what is missing in the settings of `home`, a tenant's own broker."""
    if _value(tree, "home.host") is None:
        yield "home.host is missing: the tenant's broker"
    if _value(tree, "home.password") and not _value(tree, "home.user"):
        yield "home.user is missing: it goes with home.password"
    if _value(tree, "home.certificate") and _value(tree, "board") in (None, "devkit"):
        yield 'home.certificate needs board "wrover" or "s3": a devkit has no memory for it'
    if not (_value(tree, "wifi.ssid") and _value(tree, "broker.host")):
        yield "home needs wifi.ssid and broker.host: time comes from there"


def _unknown(tree: dict, names: "list[str]") -> "Iterator[str]":
    """Sentences about fields that are no setting, or in the wrong place."""
    for group, value in tree.items():
        fields = _fields(group, names)
        if fields and not isinstance(value, dict):
            yield "%s must be an object with %s" % (group, " or ".join(fields))
        elif isinstance(value, dict) and value and group not in names:
            for field in value:
                if group + "." + field not in names:
                    yield _nearest(group, "." + field, names)
        elif not fields and (group not in names or "." in group):
            yield _nearest(group, "", names)


def _fields(group: str, names: "list[str]") -> "list[str]":
    """The names of the settings in a group, in quotes."""
    return ['"%s"' % name[len(group) + 1 :] for name in names if name.startswith(group + ".")]


def _nearest(group: str, field: str, names: "list[str]") -> str:
    """The sentence about a field that is no setting; it names the setting with the nearest name."""
    name = group + field
    if name in names:
        group, _, field = name.partition(".")
        return '%s is written as {"%s": {"%s": ...}}' % (name, group, field)
    nearest = min(names, key=lambda known: _distance(name, known))
    if _distance(name, nearest) <= max(_NEAR, len(name) // 3):
        return "%s is no setting: the nearest is %s" % (name, nearest)
    fields = _fields(group, names)
    return (
        "%s is no setting: %s has %s" % (name, group, " and ".join(fields))
        if fields
        else name + " is no setting"
    )


def _distance(name: str, known: str) -> int:
    """How much a name differs from that of a setting: as a whole, or by its last part in another group."""
    group, _, part = name.rpartition(".")
    known_group, _, known_part = known.rpartition(".")
    elsewhere = 0 if group and group == known_group else 1
    by_part = _edits(_letters(part), _letters(known_part)) + elsewhere
    return min(_edits(_letters(name), _letters(known)), by_part)


def _letters(name: str) -> str:
    return "".join([sign for sign in name.lower() if sign not in "._- "])


def _edits(one: str, other: str) -> int:
    """The edit distance (Levenshtein) of two texts; at most _NEAR if one is a part of the other."""
    if one and other and (one in other or other in one):
        return min(_NEAR, abs(len(one) - len(other)))
    row = list(range(len(other) + 1))
    for above, letter in enumerate(one, 1):
        left, row[0] = above - 1, above
        for n, sign in enumerate(other, 1):
            left, row[n] = row[n], min(row[n] + 1, row[n - 1] + 1, left + (letter != sign))
    return row[-1]


def joined(value: str) -> "str | None":
    r"""The text with one letter for each pair of surrogates, or None if one of them has no partner.

    JSON may write an emoji as "\ud83d\ude00" (RFC 8259, section 7). MicroPython makes two letters of it,
    which do not exist in UTF-8.
    """
    found, high = "", 0
    for sign in value:
        code = ord(sign)
        is_low = 0xDC00 <= code < 0xE000
        if is_low != bool(high):
            return None
        if is_low:
            found += chr(0x10000 + (high - 0xD800 << 10) + code - 0xDC00)
            high = 0
        elif 0xD800 <= code < 0xDC00:
            high = code
        else:
            found += sign
    return None if high else found
