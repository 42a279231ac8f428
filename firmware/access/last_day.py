"""Reads a last day as a resident types it at the keypad: DDMMYY."""

from micropython import const

from access.clock import seconds
from access.dates import date
from access.zone import Zone

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.zone import Rule

_DAY = const(86_400)


def end_of(digits: "bytes | memoryview", rule: "Rule") -> int:
    """The second after that day's last one, in seconds since 1970; 0 if these digits are no day.

    `rule` is that of local time. If clocks are put forward at that midnight, it is an hour earlier.
    """
    if len(digits) != 6:
        return 0
    day, month, year = [int(bytes(digits[place : place + 2])) for place in (0, 2, 4)]
    begin = seconds(2000 + year, month, day, 0, 0, 0)
    if date(begin)[:3] != (2000 + year, month, day):
        return 0
    zone, end = Zone(rule), begin + _DAY
    utc = 2 * end - zone.local(end)
    return utc + end - zone.local(utc)
