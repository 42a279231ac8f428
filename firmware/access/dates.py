"""Sets the chip's clock, which takes a date. Lent."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any as Clock  # access/clock.py, which loads this


def date(now: int) -> "tuple[int, int, int, int, int, int, int, int]":
    """The reverse of clock.seconds(), as the chip's RTC has it: weekday 0 is Monday, the last field 0 us."""
    days, second = divmod(now, 86400)
    era, of_era = divmod(days + 719468, 146097)  # 400 years that begin with March of year 0
    year_of_era = (of_era - of_era // 1460 + of_era // 36524 - of_era // 146096) // 365
    of_year = of_era - (365 * year_of_era + year_of_era // 4 - year_of_era // 100)
    shifted = (5 * of_year + 2) // 153  # months since March
    month = shifted + 3 if shifted < 10 else shifted - 9
    year = era * 400 + year_of_era + (month < 3)
    day = of_year - (153 * shifted + 2) // 5 + 1
    return year, month, day, (days + 3) % 7, second // 3600, second // 60 % 60, second % 60, 0


def set_clock(clock: "Clock", now: int) -> None:
    """Set the chip's clock, in seconds since 1970."""
    own = clock.read()
    if clock.trust != "unknown":
        clock.passed = max(clock.passed, own)
    clock.start += now - own
    clock.datetime(date(now))
