"""Computes local time, and when a day ends in it, by a rule that access/zone_rule.py has read."""

from access.clock import seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    Change = tuple[int, int, int, int]
    Rule = tuple[int, int, "Change | None", "Change | None"]


def local(rule: "Rule", now: int) -> int:
    """Local time at `now` (seconds since 1970 UTC), in seconds since 1970-01-01 00:00 local time.

    `rule` is (standard, daylight, start, end), see zone_rule.parse().
    """
    standard, daylight, start, end = rule
    offset = standard
    if start is not None and end is not None:
        # The last change before now counts. A change may lie in a neighbouring year by up to a week.
        year = 1970 + now // 31_556_952  # the mean year of the Gregorian calendar
        latest = 0
        for y in (year - 1, year, year + 1):
            at = _instant(start, y) - standard
            if latest <= at <= now:
                latest, offset = at, daylight
            at = _instant(end, y) - daylight
            if latest <= at <= now:
                latest, offset = at, standard
    return now + offset


def end_of(digits: bytes, rule: "Rule") -> int:
    """The second after a last day as a resident types it, DDMMYY, in seconds since 1970; 0 if it is no day.

    If clocks are put forward at that midnight, it is an hour earlier.
    """
    if len(digits) != 6:
        return 0
    day, month, year = [int(bytes(digits[place : place + 2])) for place in (0, 2, 4)]
    if not 0 < month < 13 or not 0 < day <= _day(2000 + year, month + 1) - _day(2000 + year, month):
        return 0
    end = (_day(2000 + year, month) + day) * 86400
    utc = 2 * end - local(rule, end)
    return utc + end - local(rule, utc)


def _instant(change: "Change", year: int) -> int:
    """When a change takes place, by the local time that holds until then."""
    month, week, day, second = change
    if month:
        first = _day(year, month)
        day = first + (day - first - 4) % 7 + 7 * week - 7  # the days are counted from a Thursday
        if day >= _day(year, month + 1):
            day -= 7  # the fifth is the last
    elif week and day >= 60:
        day += _day(year, 3) - 60  # J60 is March 1 in every year
    else:
        day += _day(year, 1) - week
    return day * 86400 + second


def _day(year: int, month: int) -> int:
    """Days from 1970 to the first of a month; month 13 is the next January."""
    return seconds(year, month, 1, 0, 0, 0) // 86400
