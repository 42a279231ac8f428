"""Makes guest codes: twelve digits from a resident's guest key, which the lock checks without being told.

The format is in firmware/access/README.md; this is its second implementation, and tools/phone/codes.js the
third. The resident has the key, and the operator does not: this command is for whoever was given the key.
Keys of firmware 0.1.0 give codes of the old format, of nine digits.
"""

import datetime as dt
import hashlib
import hmac
import io
import re
import struct
import sys
from typing import TextIO
from zoneinfo import ZoneInfo

import click

from menshen.cli import numbers
from menshen.errors import InputError

from . import zones

HOURS = (1, 2, 4, 8, 12)
DAYS = (1, 2, 3, 5, 7, 14, 30)
ONCE = len(HOURS) + len(DAYS)
"""The first class of codes that open once; of the old format the only one."""

WEEKS_MAX = 60

KEY_FILE = click.File(encoding="utf-8-sig")
"""A guest key's, of an editor that marks its files, too."""

_HOUR = dt.timedelta(hours=1)
_LASTING = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS]
_ONCE_WITHIN = [dt.timedelta(hours=n) for n in (8, 24, 168, 720)]
_STARTS, _CLASSES = 1500, 16
_VALUES = 10**12 // (_STARTS * _CLASSES)
_OLD_STARTS, _OLD_CLASSES = 8, 13
_OLD_VALUES = 10**9 // (_OLD_STARTS * _OLD_CLASSES)
_YEARS = range(2000, 2106)
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)


class GuestError(InputError):
    """No code can be made of this; the message names what would be right."""


def complete(random: bytes) -> bytes:
    """The guest key that begins with these 14 bytes."""
    return random[:14] + hashlib.sha256(b"menshen guest key" + random[:14]).digest()[:2]


def is_complete(key: bytes) -> bool:
    """Whether it is a key of today; those of firmware 0.1.0 give nine digits."""
    return complete(key) == key


def duration_class(duration: dt.timedelta | None, once: bool = False) -> int:
    """Which of the 16 classes a duration is; None is one entry within eight hours. Raises GuestError."""
    if duration is None:
        return ONCE
    if once:
        if duration not in _ONCE_WITHIN:
            raise GuestError("a code for one entry is good for 8 hours or 1, 7 or 30 days")
        return ONCE + _ONCE_WITHIN.index(duration)
    if duration not in _LASTING:
        raise GuestError(f"a code lasts {_listed(HOURS)} hours or {_listed(DAYS)} days")
    return _LASTING.index(duration)


def make_code(key: bytes, start: dt.datetime, duration: dt.timedelta | None, once: bool = False) -> str:
    """The digits for a guest key of 16 bytes, a start and a duration: twelve, or nine of an old key.

    A start is a full or half hour of UTC, with an old key a full one. Without a duration the code opens once,
    within eight hours. Raises GuestError.
    """
    if len(key) != 16:
        raise GuestError("a guest key has 16 bytes")
    if not is_complete(key):
        return _old_code(key, start, duration, once)
    number = _number(start, _HOUR / 2, "a full or half hour")
    kind = duration_class(duration, once)
    value = _value(key, b"menshen guest v2", number, kind) % _VALUES
    return f"{(value * _STARTS + number % _STARTS) * _CLASSES + kind:012}"


def read_key(file: TextIO) -> bytes:
    """A guest key from the text that the phone shows, or its 32 hexadecimal digits; raises GuestError."""
    try:
        text = "".join(file.read(1000).split())
    except UnicodeDecodeError:
        text = ""
    found = re.fullmatch(r"(?:Menshenguestkeyof[\w-]{1,32}:)?([0-9A-Fa-f]{32})", text, re.ASCII)
    if found is None:
        raise GuestError("the key must be 32 hexadecimal digits, as the lock gave it to the tenant's phone")
    return bytes.fromhex(found[1])


@click.command("guest")
@click.option(
    "--key",
    "file",
    type=KEY_FILE,
    default="-",
    help="A file with the phone's text, or 32 hex digits [stdin].",
)
@click.option("--start", metavar="TIME", help="Such as 2026-12-24T18:30 [this half hour].")
@click.option("--zone", metavar="NAME", help="That of --start [this computer's].")
@click.option("--hours", type=click.Choice([*map(str, HOURS)]), help="For so many hours.")
@click.option("--days", type=click.Choice([*map(str, DAYS)]), help="For so many days.")
@click.option("--once", is_flag=True, help="Opens once, within 8 hours, or 1, 7 or 30 days.")
@click.option(
    "--weeks", type=numbers.Whole(1, WEEKS_MAX), default=1, help="One for each of so many weeks [1]."
)
def guest(
    file: TextIO,
    start: str | None,
    zone: str | None,
    hours: str | None,
    days: str | None,
    once: bool,
    weeks: int,
) -> None:
    """Make a code for a guest, from a resident's key.

    Twelve digits, to be typed at the lock and followed by #, from its start until its end; one made with
    --once opens a single time. It may be made long before. Everybody with the key can make codes: it never
    appears on a command line. A key of firmware 0.1.0 gives nine digits, to be used first within eight hours.

    \b
        menshen guest --start 2026-12-24T18:30 --days 2
    """
    if (hours is not None) + (days is not None) > 1 or not (hours or days or once):
        raise click.UsageError("Say how long: one of --hours and --days, or --once.")
    duration = dt.timedelta(hours=int(hours or 0), days=int(days or 0)) or None
    place = zones.check("--zone", zone) if zone else None
    key = _key(file)
    begin = _start(start, place, _HOUR / 2 if is_complete(key) else _HOUR)
    for week in range(weeks):
        first = begin + dt.timedelta(weeks=week)  # by the clock on the wall: summer time or not
        click.echo(_in_groups(make_code(key, first.astimezone(dt.UTC), duration, once)))
        click.echo(_when(first, duration, once, is_complete(key)), err=True)


def _when(begin: dt.datetime, duration: dt.timedelta | None, once: bool, new: bool) -> str:
    """When a code is good, for people."""
    end = _after(begin, duration or 8 * _HOUR)
    good = f"good from {_after(begin, 0 * _HOUR)}"
    if not new:
        before = _after(begin, min(duration or 8 * _HOUR, 8 * _HOUR))
        ends = "opens once" if once else f"opens until {end}"
        return f"an old key: {good}, to be used before {before}, {ends}"
    return f"{good}, {'opens once before' if once else 'opens until'} {end}"


def _old_code(key: bytes, start: dt.datetime, duration: dt.timedelta | None, once: bool) -> str:
    """Nine digits. Raises GuestError."""
    if once and duration not in (None, 8 * _HOUR):
        raise GuestError("a code for one entry is good for 8 hours: this key is an old one")
    number = _number(start, _HOUR, "a full hour")
    kind = ONCE if once else duration_class(duration)
    value = _value(key, b"menshen guest v1", number, kind) % _OLD_VALUES
    return f"{(value * _OLD_STARTS + number % _OLD_STARTS) * _OLD_CLASSES + kind:09}"


def _value(key: bytes, purpose: bytes, number: int, kind: int) -> int:
    mac = hmac.digest(key, purpose + struct.pack("<IB", number, kind), "sha256")
    return int.from_bytes(mac[:8], "big")


def _number(start: dt.datetime, unit: dt.timedelta, said: str) -> int:
    """How many units since 1970 it starts. Raises GuestError."""
    number, rest = divmod(start - _EPOCH, unit)
    if rest or not 0 <= number < 2**32:
        raise GuestError(f"a code starts at {said} of UTC: {start - rest} is one")
    return number


def _in_groups(code: str) -> str:
    return " ".join(code[place : place + 3] for place in range(0, len(code), 3))


def _after(begin: dt.datetime, time: dt.timedelta) -> str:
    """So much later by local time there: a day may have 23 hours."""
    return f"{(begin.astimezone(dt.UTC) + time).astimezone(begin.tzinfo):%d %b %Y %H:%M %Z}"


def _key(file: TextIO) -> bytes:
    if file is sys.stdin and file.isatty():
        return read_key(io.StringIO(click.prompt("Guest key", hide_input=True, err=True)))
    return read_key(file)


def _start(text: str | None, place: ZoneInfo | None, unit: dt.timedelta) -> dt.datetime:
    """When a code starts, in the zone in which it was said; by itself it is the unit of time that runs."""
    if text is None:
        now = dt.datetime.now(dt.UTC)
        return (now - (now - _EPOCH) % unit).astimezone(place)
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise GuestError(f"--start {text} is no time: 2026-12-24T18:00 is right") from error
    if start.year not in _YEARS:
        raise GuestError(f"--start {text}: years from {_YEARS[0]} to {_YEARS[-1]} are right")
    local = start.tzinfo is None
    told = start.replace(tzinfo=place) if local and place is not None else start.astimezone(place)
    there = told.astimezone(dt.UTC).astimezone(told.tzinfo)
    if local and there.replace(tzinfo=None) != start:
        raise GuestError(f"--start {text}: no clock shows that time there; {there:%Y-%m-%dT%H:%M} is right")
    if rest := (told - _EPOCH) % unit:
        right = f"{there - rest:%Y-%m-%dT%H:%M}"
        said = "a full hour" if unit == _HOUR else "a full or half hour"
        raise GuestError(f"--start {text}: a code starts at {said} of UTC; {right} is right")
    return told


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" or {numbers[-1]}"
