"""Checks the hours of staff: windows of weekdays, ranges of dates and holidays, in local time.

They are records of the list, see roll/README.md. In a part of a schedule, kind is the mask of days (bit 0
Monday to bit 6 Sunday, bit 7 holidays), lease and key_ref are the minutes of the day from and until which it
holds, not_before and not_after the range of dates in local seconds, 0 for none.
"""

from micropython import const

from roll.record import DIGEST, HOLIDAY, SCHEDULE
from storage.hmac import hashed
from storage.purposes import HOLIDAY_DIGEST, SCHEDULE_DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from roll.record import Credential

    Find = Callable[[bytes], Credential | None]

_PARTS_MAX = const(8)
_HOLIDAY_BIT = const(7)


def _digest(purpose: bytes, what: bytes) -> bytes:
    return hashed(purpose + what)[:DIGEST]


def holds(find: "Find", schedule: int, local: int) -> bool:
    """Whether any part of the schedule covers a local time, see zone.py; without parts none does.

    A window from 22:00 to 6:00 belongs to the day on which it begins; one with equal ends has 24 hours.
    `find` gives the list's record with a digest (16 bytes).
    """
    day = local // 86400
    minute = local % 86400 // 60
    for number in range(_PARTS_MAX):
        part = find(_digest(SCHEDULE_DIGEST, bytes((schedule, number))))
        if part is None or part.role != SCHEDULE:
            return False
        if local < part.not_before or (part.not_after and local >= part.not_after):
            continue
        begin, end, days = part.lease, part.key_ref, part.kind
        if (begin <= minute and (minute < end or end <= begin) and _is_on(find, days, day)) or (
            minute < end <= begin and _is_on(find, days, day - 1)
        ):
            return True
    return False


def _is_on(find: "Find", days: int, day: int) -> bool:
    """Whether a mask has this day; a holiday counts only as a holiday, and not as its weekday."""
    weekday = days >> (day + 3) % 7 & 1  # 1970 began on a Thursday
    holiday = days >> _HOLIDAY_BIT & 1
    if weekday != holiday:
        found = find(_digest(HOLIDAY_DIGEST, day.to_bytes(2, "little")))
        if found is not None and found.role == HOLIDAY:
            return bool(holiday)
    return bool(weekday)
