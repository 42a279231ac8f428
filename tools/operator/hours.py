"""The hours of staff as records of a list: windows of days of the week, ranges of dates, and holidays.

The format is in firmware/roll/README.md. All times are the lock's local time (`time.zone`).
"""

import datetime as dt
import hashlib
import re
from collections.abc import Collection
from dataclasses import dataclass

from .lists import HOLIDAY, SCHEDULE, ListError, Record

DAYS = ("mon", "tue", "wed", "thu", "fri", "sat", "sun", "holiday")
"""In the order of their bits; a holiday counts as that alone and not as its weekday."""

_PARTS_MAX = 8
_EPOCH = dt.date(1970, 1, 1)
_CLOCK = re.compile(r"([01]?\d|2[0-3]):([0-5]\d)|24:00")


@dataclass(frozen=True)
class Hours:
    """One part of schedule number `schedule` (1 to 255): these days from `begin` until `end`, as in "22:00".

    Where `end` is not later than `begin` the window goes on into the next day. `first` and `last` are the
    days, both included, on which it counts at all. Raises ListError.
    """

    schedule: int
    days: Collection[str]
    begin: str = "00:00"
    end: str = "24:00"
    first: dt.date | None = None
    last: dt.date | None = None
    part: int = 0

    def record(self, _key: bytes) -> bytes:
        """The 32 bytes that state it; the same for every lock."""
        if not 1 <= self.schedule <= 255 or not 0 <= self.part < _PARTS_MAX:
            raise ListError(f"schedule {self.schedule}, part {self.part}: 1 to 255, and 0 to 7, are right")
        unknown = set(self.days) - set(DAYS)
        if unknown or not self.days:
            raise ListError(f"days {', '.join(sorted(unknown)) or 'none'}: {', '.join(DAYS)} are right")
        mask = sum(1 << DAYS.index(day) for day in set(self.days))
        digest = _digest(b"menshen schedule v1", bytes((self.schedule, self.part)))
        last = 0 if self.last is None else _seconds(self.last + dt.timedelta(1))
        first = 0 if self.first is None else _seconds(self.first)
        part = Record(
            digest,
            SCHEDULE,
            kind=mask,
            lease=_minute(self.begin),
            schedule=self.schedule,
            not_before=first,
            not_after=last,
            key_ref=_minute(self.end),
        )
        return part.data()


@dataclass(frozen=True)
class Holiday:
    """A day that is no weekday for any schedule."""

    day: dt.date

    def record(self, _key: bytes) -> bytes:
        """The 32 bytes that state it; the same for every lock."""
        number = (self.day - _EPOCH).days
        return Record(_digest(b"menshen holiday v1", number.to_bytes(2, "little")), HOLIDAY).data()


def _digest(purpose: bytes, what: bytes) -> bytes:
    return hashlib.sha256(purpose + what).digest()[:16]


def _minute(text: str) -> int:
    if not _CLOCK.fullmatch(text):
        raise ListError(f"{text!r} is no time of day: 00:00 to 24:00 are right")
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def _seconds(day: dt.date) -> int:
    """Local seconds since 1970 at its beginning."""
    return (day - _EPOCH).days * 86_400
