"""Makes guest codes: nine digits from a lease's guest key, which the lock checks without being told of them.

The format is in firmware/access/README.md; this is its second implementation. The tenant has the key, and
the operator has not: this command is for whoever was given it.
"""

import datetime as dt
import hmac
import io
import re
import struct
import sys
from typing import TextIO
from zoneinfo import ZoneInfo, ZoneInfoNotFoundError

import click

from menshen.errors import InputError

HOURS = (1, 2, 4, 8, 12)
DAYS = (1, 2, 3, 5, 7, 14, 30)
ONCE = len(HOURS) + len(DAYS)
"""The class of codes that open once."""

_CLASSES = ONCE + 1
_STARTS = 8
_CODES = _STARTS * _CLASSES
_VALUES = 10**9 // _CODES
_EPOCH = dt.datetime(1970, 1, 1, tzinfo=dt.UTC)
_HOUR = dt.timedelta(hours=1)


class GuestError(InputError):
    """No code can be made of this; the message names what would be right."""


def duration_class(duration: dt.timedelta | None) -> int:
    """Which of the 13 classes a duration is, None being one entry; raises GuestError."""
    classes = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS]
    if duration is None:
        return ONCE
    if duration not in classes:
        raise GuestError(f"a code lasts {_listed(HOURS)} hours or {_listed(DAYS)} days")
    return classes.index(duration)


def make_code(key: bytes, start: dt.datetime, duration: dt.timedelta | None) -> str:
    """The nine digits for a guest key of 16 bytes, a start at a full hour of UTC, and a duration.

    A code without a duration opens once. Raises GuestError.
    """
    if len(key) != 16:
        raise GuestError("a guest key has 16 bytes")
    hours, rest = divmod(start - _EPOCH, _HOUR)
    if rest or not 0 <= hours < 2**32:
        raise GuestError(f"a code starts at a full hour of UTC: {start - rest} is one")
    kind = duration_class(duration)
    mac = hmac.digest(key, b"menshen guest v1" + struct.pack("<IB", hours, kind), "sha256")
    value = int.from_bytes(mac[:8], "big") % _VALUES
    return f"{value * _CODES + hours % _STARTS * _CLASSES + kind:09}"


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
    type=click.File(),
    default="-",
    help="File with the text that the phone shows, or its 32 hex digits [stdin].",
)
@click.option("--start", metavar="TIME", help="First hour, such as 2026-12-24T18:00 [this hour].")
@click.option("--zone", metavar="NAME", help="Time zone of --start, such as Europe/Berlin [this computer's].")
@click.option("--hours", type=click.Choice([*map(str, HOURS)]), help="For so many hours.")
@click.option("--days", type=click.Choice([*map(str, DAYS)]), help="For so many days.")
@click.option("--once", is_flag=True, help="For one entry.")
def guest(
    file: TextIO, start: str | None, zone: str | None, hours: str | None, days: str | None, once: bool
) -> None:
    """Make a code for a guest, from a tenant's key.

    Nine digits, to be typed at the lock and followed by #. It must be used within eight hours of its start,
    and then opens until its end; one made with --once opens a single time. Everybody with the key can make
    codes: it never appears on a command line.
    """
    if (hours is not None) + (days is not None) + once != 1:
        raise click.UsageError("Say how long: one of --hours, --days and --once.")
    duration = None if once else dt.timedelta(hours=int(hours or 0), days=int(days or 0))
    begin = _start(start, zone)
    code = make_code(_key(file), begin, duration)
    first = _after(begin, min(duration or _STARTS * _HOUR, _STARTS * _HOUR))
    ends = "opens once" if duration is None else f"opens until {_after(begin, duration)}"
    click.echo(f"{code[:3]} {code[3:6]} {code[6:]}")
    click.echo(f"good from {_after(begin, 0 * _HOUR)}, to be used before {first}, {ends}", err=True)


def _after(begin: dt.datetime, time: dt.timedelta) -> str:
    """So much later, as the clocks show it there: a day may have 23 hours."""
    return f"{(begin.astimezone(dt.UTC) + time).astimezone(begin.tzinfo):%d %b %Y %H:%M %Z}"


def _key(file: TextIO) -> bytes:
    if file is sys.stdin and file.isatty():
        return read_key(io.StringIO(click.prompt("Guest key", hide_input=True, err=True)))
    return read_key(file)


def _start(text: str | None, zone: str | None) -> dt.datetime:
    """When a code starts, in the zone in which it was said."""
    try:
        place = ZoneInfo(zone) if zone else None
    except (ZoneInfoNotFoundError, ValueError) as error:
        raise GuestError(f"--zone {zone} is unknown: a name such as Europe/Berlin is right") from error
    if text is None:
        return dt.datetime.now(dt.UTC).replace(minute=0, second=0, microsecond=0).astimezone(place)
    try:
        start = dt.datetime.fromisoformat(text)
    except ValueError as error:
        raise GuestError(f"--start {text} is no time: 2026-12-24T18:00 is right") from error
    if start.tzinfo is None and place is not None:
        return start.replace(tzinfo=place)
    return start.astimezone(place)


def _listed(numbers: tuple[int, ...]) -> str:
    return ", ".join(map(str, numbers[:-1])) + f" or {numbers[-1]}"
