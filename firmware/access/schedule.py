"""The hours at which staff may come in: windows of weekdays, date ranges and holidays, in local time.

They are records of the list. A part of schedule n (role 5) stands under SHA-256("menshen schedule v1" ‖ n ‖
part)[:16], parts counted from 0, at most 8: kind is the mask of days (bit 0 Monday to bit 6 Sunday, bit 7
holidays), lease and key_ref are the minutes of the day from and until which, not_before and not_after the
range of dates in local seconds, 0 for none. A holiday (role 6) stands under SHA-256("menshen holiday v1" ‖
days since 1970 u16)[:16].
"""

import struct
from hashlib import sha256

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.zone import Zone
    from roll.record import Credential

_PART = const(5)  # roles
_HOLIDAY = const(6)
_PARTS_MAX = const(8)
_HOLIDAYS = const(7)  # the bit


def _key(purpose: bytes, what: bytes) -> bytes:
    return sha256(purpose + what).digest()[:16]


class Schedules:
    """`find` gives the record of the list that stands under a key of 16 bytes."""

    def __init__(self, find: "Callable[[bytes], Credential | None]", zone: "Zone") -> None:
        self._find, self._zone = find, zone

    def holds(self, schedule: int, now: int) -> bool:
        """Whether any part of the schedule covers `now`, seconds since 1970 UTC; without parts none does.

        A window from 22:00 to 6:00 belongs to the day on which it begins; one with equal ends has 24 hours.
        """
        local = self._zone.local(now)
        day = local // 86400
        minute = local % 86400 // 60
        for number in range(_PARTS_MAX):
            part = self._find(_key(b"menshen schedule v1", bytes((schedule, number))))
            if part is None or part.role != _PART:
                return False
            if local < part.not_before or (part.not_after and local >= part.not_after):
                continue
            begin, end, days = part.lease, part.key_ref, part.kind
            if (begin <= minute and (minute < end or end <= begin) and self._is_on(days, day)) or (
                minute < end <= begin and self._is_on(days, day - 1)
            ):
                return True
        return False

    def _is_on(self, days: int, day: int) -> bool:
        """Whether a mask has this day; a holiday is one whatever its weekday."""
        weekday = days >> (day + 3) % 7 & 1  # 1970 began on a Thursday
        holiday = days >> _HOLIDAYS & 1
        if weekday != holiday:
            found = self._find(_key(b"menshen holiday v1", struct.pack("<H", day)))
            if found is not None and found.role == _HOLIDAY:
                return bool(holiday)
        return bool(weekday)
