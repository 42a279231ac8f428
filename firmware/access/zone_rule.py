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
    for n. Raises ValueError saying what is wrong.
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
        standard = daylight = -self._time(_OFFSET_MAX, "an offset after the name")
        start = end = None
        if self._peek():
            self._name()
            daylight = standard + _HOUR
            if self._peek() not in ("", ","):
                daylight = -self._time(_OFFSET_MAX, "an offset or a comma after the second name")
            start, end = self._change(), self._change()
        if self._peek():
            raise ValueError('nothing after the rule, not "%s"' % self._text[self._place :])
        return standard, daylight, start, end

    def _peek(self) -> str:
        return self._text[self._place : self._place + 1]

    def _accept(self, sign: str) -> bool:
        if self._peek() != sign:
            return False
        self._place += 1
        return True

    def _name(self) -> None:
        quoted = self._accept("<")
        start = self._place
        while self._peek() and (_is_letter(self._peek()) or (quoted and _is_quotable(self._peek()))):
            self._place += 1
        long_enough = self._place - start >= 3
        if (quoted and not self._accept(">")) or not long_enough:
            raise ValueError("a name of three letters or more, or one of letters, digits, + and - in < >")

    def _number(self, low: int, high: int, what: str) -> int:
        start = self._place
        while "0" <= self._peek() <= "9":
            self._place += 1
        digits = self._text[start : self._place]
        if not 0 < len(digits) <= 3 or not low <= int(digits) <= high:
            raise ValueError("%s from %d to %d" % (what, low, high))
        return int(digits)

    def _time(self, most: int, what: str) -> int:
        """Seconds of [+-]hh[:mm[:ss]]."""
        sign = -1 if self._accept("-") else 1
        if sign == 1:
            self._accept("+")
        found = self._number(0, most, what + ", hours") * _HOUR
        for unit in (60, 1):
            if not self._accept(":"):
                break
            found += self._number(0, 59, "minutes and seconds") * unit
        return sign * found

    def _change(self) -> "Change":
        if not self._accept(","):
            raise ValueError("both the start and the end of daylight saving, each after a comma")
        month = week = 0
        if self._accept("M"):
            month = self._number(1, 12, "a month")
            self._dot()
            week = self._number(1, 5, "a week")
            self._dot()
            day = self._number(0, 6, "a weekday")
        elif self._accept("J"):
            week, day = 1, self._number(1, 365, "a day after J")
        else:
            day = self._number(0, 365, "a day of the year, Mm.w.d or Jn")
        second = self._time(_TIME_MAX, "a time after /") if self._accept("/") else 2 * _HOUR
        return month, week, day, second

    def _dot(self) -> None:
        if not self._accept("."):
            raise ValueError("Mm.w.d with its dots, like M3.5.0")


def _is_letter(sign: str) -> bool:
    return "a" <= sign <= "z" or "A" <= sign <= "Z"


def _is_quotable(sign: str) -> bool:
    return "0" <= sign <= "9" or sign in "+-"
