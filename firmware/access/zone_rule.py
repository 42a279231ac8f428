"""Reads the rule of a time zone as POSIX has it (XBD 8.3, TZ), with the wider hours of RFC 9636, 3.3.2."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.zone import Change, Rule

LONGEST = const(64)
_HOUR = const(3600)
_OFFSET_MAX = const(24)  # hours
_TIME_MAX = const(167)  # hours


def parse(text: str) -> "Rule":
    """(standard, daylight, start, end) of a rule such as "CET-1CEST,M3.5.0,M10.5.0/3".

    The first two are seconds east of UTC; the others tell when daylight saving starts and ends, None where
    there is none: (month, week, weekday from Sunday, second), (0, 1, n, second) for Jn and (0, 0, n, second)
    for n. Raises ValueError with the text up to where it is wrong.
    """
    return _Parser(text).rule()


def checked(text: object) -> "Rule | None":
    """As parse(), for any value of the settings; None if it is no rule."""
    try:
        return parse(text) if isinstance(text, str) and len(text) <= LONGEST else None
    except ValueError:
        return None


class _Parser:
    def __init__(self, text: str) -> None:
        self._text, self._place = text, 0

    def rule(self) -> "Rule":
        self._name()
        standard = daylight = -self._time(_OFFSET_MAX)
        start = end = None
        if self._peek():
            self._name()
            daylight = standard + _HOUR
            if self._peek() not in ("", ","):
                daylight = -self._time(_OFFSET_MAX)
            start, end = self._change(), self._change()
        self._check(not self._peek(), self._place)
        return standard, daylight, start, end

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _accept(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._place += 1
        return True

    def _check(self, is_right: bool, place: int) -> None:
        """Raise ValueError, with the text up to this place, unless it is right there."""
        if not is_right:
            raise ValueError(self._text[:place])

    def _demand(self, sign: str) -> None:
        self._check(self._accept(sign), self._place)

    def _name(self) -> None:
        """Three letters or more; in < and > digits, + and - as well."""
        quoted, start = self._accept("<"), self._place
        while self._peek().isalpha() or (quoted and self._peek() and self._peek() in "+-0123456789"):
            self._place += 1
        self._check(self._place - start >= 3, start)
        if quoted:
            self._demand(">")

    def _number(self, low: int, high: int) -> int:
        start = self._place
        while self._peek().isdigit():
            self._place += 1
        digits = self._text[start : self._place]
        self._check(0 < len(digits) <= 3 and low <= int(digits) <= high, start)
        return int(digits)

    def _time(self, most: int) -> int:
        """Seconds of [+-]hh[:mm[:ss]]."""
        sign = -1 if self._accept("-") else 1
        if sign == 1:
            self._accept("+")
        found = self._number(0, most) * _HOUR
        for unit in (60, 1):
            if not self._accept(":"):
                break
            found += self._number(0, 59) * unit
        return sign * found

    def _change(self) -> "Change":
        """,Mm.w.d or ,Jn or ,n, and a time."""
        self._demand(",")
        month = week = 0
        if self._accept("M"):
            month = self._number(1, 12)
            self._demand(".")
            week = self._number(1, 5)
            self._demand(".")
            day = self._number(0, 6)
        elif self._accept("J"):
            week, day = 1, self._number(1, 365)
        else:
            day = self._number(0, 365)
        second = self._time(_TIME_MAX) if self._accept("/") else 2 * _HOUR
        return month, week, day, second
