"""Computes local time, daylight saving included, by a rule that access/zone_rule.py has read."""

from access.clock import seconds

TYPE_CHECKING = False
if TYPE_CHECKING:
    Change = tuple[int, int, int, int]
    Rule = tuple[int, int, "Change | None", "Change | None"]


class Zone:
    """`rule` is (standard, daylight, start, end), see zone_rule.parse()."""

    def __init__(self, rule: "Rule") -> None:
        self._rule = rule

    def local(self, now: int) -> int:
        """Local time at `now` (seconds since 1970 UTC), in seconds since 1970-01-01 00:00 local time."""
        standard, daylight, start, end = self._rule
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
