"""Dates and hours as the operator writes them, in the time of the place where the lock is."""

import datetime as dt
import re
from zoneinfo import ZoneInfo

from menshen.errors import InputError

from .hours import DAYS, Hours
from .lists import ListError

_PARTS_MAX = 8
_PART = re.compile(r"([a-z+-]+) +(\d\d?:\d\d) *- *(\d\d?:\d\d)")
_RIGHT = 'such as "mon-fri 08:00-17:00, sat+holiday 09:00-12:00"'


class DateError(InputError):
    """This is no date, or none that fits; the message names the option and what would be right."""


def day(option: str, text: str) -> dt.date:
    """A date such as 2026-12-01; raises DateError."""
    try:
        found = dt.date.fromisoformat(text)
    except ValueError as error:
        raise DateError(f"{option} {text}: no date; 2026-12-01 is right") from error
    if not 2000 <= found.year < 2106:  # a record's seconds are 32 bits
        raise DateError(f"{option} {text}: years from 2000 to 2105 are right")
    return found


def today(zone: str | None = None) -> dt.date:
    """The day it is there; without a zone, on this computer."""
    return dt.datetime.now(ZoneInfo(zone) if zone else None).date()


def date_of(second: int, zone: str) -> dt.date:
    """The day that this second belongs to there."""
    return dt.datetime.fromtimestamp(second, ZoneInfo(zone)).date()


def begin_of(date: dt.date, zone: str) -> int:
    """Its first second there, in seconds since 1970."""
    return int(dt.datetime.combine(date, dt.time(), ZoneInfo(zone)).timestamp())


def end_of(date: dt.date, zone: str) -> int:
    """The second after its last."""
    return begin_of(date + dt.timedelta(1), zone)


def parts(schedule: int, text: str) -> list[Hours]:
    """The records' sources for hours such as "mon-fri 08:00-17:00, sat 09:00-12:00"; raises DateError."""
    written = [part.strip().lower() for part in text.split(",")]
    if len(written) > _PARTS_MAX:
        raise DateError(f"--hours: at most {_PARTS_MAX} parts, divided by commas")
    found = []
    for number, part in enumerate(written):
        match = _PART.fullmatch(part)
        if match is None:
            raise DateError(f'--hours "{part}": {_RIGHT} is right')
        hours = Hours(schedule, _days(match[1], part), match[2], match[3], part=number)
        try:
            hours.record(b"")
        except ListError as error:
            raise DateError(f'--hours "{part}": {error}') from error
        found.append(hours)
    return found


def _days(text: str, part: str) -> set[str]:
    days: set[str] = set()
    for piece in text.split("+"):
        first, _, last = piece.partition("-")
        if first not in DAYS or (last or first) not in DAYS:
            raise DateError(f'--hours "{part}": days are {", ".join(DAYS)}, {_RIGHT}')
        begin, end = DAYS.index(first), DAYS.index(last or first)
        if end < begin or ("holiday" in (first, last) and first != (last or first)):
            raise DateError(f'--hours "{part}": {piece} is no range; fri-mon is written fri-sun+mon')
        days |= set(DAYS[begin : end + 1])
    return days
