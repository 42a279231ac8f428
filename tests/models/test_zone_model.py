"""The lock's local time against Python's zoneinfo, for every change of real zones until 2037, and against the
C library's, for made-up rules: zoneinfo takes n for a day too early, and J59 for the 29th in leap years.
"""

import datetime as dt
import os
import time
from collections.abc import Iterator
from contextlib import contextmanager
from zoneinfo import ZoneInfo, reset_tzpath

import pytest
from hypothesis import assume, given
from hypothesis import strategies as st

from tests.models.conftest import Port, PortError

reset_tzpath(())  # the pinned package, and not what this computer has

# The last line of each zone's file in the tz database (pinned package `tzdata`, 2026).
ZONES = {
    "Africa/Cairo": "EET-2EEST,M4.5.5/0,M10.5.4/24",
    "America/Chicago": "CST6CDT,M3.2.0,M11.1.0",
    "America/Los_Angeles": "PST8PDT,M3.2.0,M11.1.0",
    "America/New_York": "EST5EDT,M3.2.0,M11.1.0",
    "America/Nuuk": "<-02>2<-01>,M3.5.0/-1,M10.5.0/0",
    "America/Santiago": "<-04>4<-03>,M9.1.6/24,M4.1.6/24",
    "America/Sao_Paulo": "<-03>3",
    "America/St_Johns": "NST3:30NDT,M3.2.0,M11.1.0",
    "Asia/Beirut": "EET-2EEST,M3.5.0/0,M10.5.0/0",
    "Asia/Jerusalem": "IST-2IDT,M3.4.4/26,M10.5.0",
    "Asia/Kathmandu": "<+0545>-5:45",
    "Asia/Shanghai": "CST-8",
    "Asia/Tokyo": "JST-9",
    "Atlantic/Azores": "<-01>1<+00>,M3.5.0/0,M10.5.0/1",
    "Australia/Lord_Howe": "<+1030>-10:30<+11>-11,M10.1.0,M4.1.0",
    "Australia/Sydney": "AEST-10AEDT,M10.1.0,M4.1.0/3",
    "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "Europe/Dublin": "IST-1GMT0,M10.5.0,M3.5.0/1",
    "Europe/Helsinki": "EET-2EEST,M3.5.0/3,M10.5.0/4",
    "Europe/Lisbon": "WET0WEST,M3.5.0/1,M10.5.0",
    "Europe/London": "GMT0BST,M3.5.0/1,M10.5.0",
    "Pacific/Auckland": "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "Pacific/Chatham": "<+1245>-12:45<+1345>,M9.5.0/2:45,M4.1.0/3:45",
    "UTC": "UTC0",
}
_FIRST, _LAST = 1_704_067_200, 2_145_916_800  # 2024 to 2037, UTC
_STEP = 12 * 3600
_DAY = 86_400


def _local(zone: ZoneInfo, now: int) -> int:
    offset = dt.datetime.fromtimestamp(now, zone).utcoffset()
    assert offset is not None
    return now + int(offset.total_seconds())


def _changes(zone: ZoneInfo) -> list[int]:
    """The first second of each new offset."""
    found = []
    for start in range(_FIRST, _LAST, _STEP):
        low, high = start, start + _STEP
        before, after = _local(zone, low) - low, _local(zone, high) - high
        if before == after:
            continue
        while high - low > 1:
            middle = (low + high) // 2
            low, high = (middle, high) if _local(zone, middle) - middle == before else (low, middle)
        found.append(high)
    return found


@pytest.mark.parametrize("name", ZONES)
def test_real_zones_agree_around_every_change(name: str, port: Port) -> None:
    zone = ZoneInfo(name)
    changes = _changes(zone)
    assert len(changes) == (0 if "," not in ZONES[name] else 2 * 14)
    around = [at + by for at in changes for by in (-_DAY, -3600, -1, 0, 1, 3599, 3600, _DAY)]
    times = sorted({*around, *range(_FIRST, _LAST, 37 * 3600 + 59)})
    assert port.ask("zone", rule=ZONES[name], times=times) == [_local(zone, now) for now in times]


@contextmanager
def _c_library(rule: str) -> Iterator[None]:
    """For as long as the block lasts time.localtime() goes by that rule."""
    before = os.environ.get("TZ")
    os.environ["TZ"] = rule
    time.tzset()
    try:
        yield
    finally:
        os.environ.pop("TZ")
        if before is not None:
            os.environ["TZ"] = before
        time.tzset()


def _time(low: int, high: int) -> st.SearchStrategy[str]:
    """[-]h, h:mm or h:mm:ss."""
    parts = st.tuples(st.integers(low, high), st.integers(0, 59), st.integers(0, 59), st.integers(0, 2))
    return parts.map(lambda p: ":".join([str(p[0]), f"{p[1]:02}", f"{p[2]:02}"][: p[3] + 1]))


def _day(month: int) -> st.SearchStrategy[str]:
    """A day in about that month, in each of the three ways to say it."""
    first = dt.date(2026, month, 1).timetuple().tm_yday
    return st.one_of(
        st.builds(f"M{month}.{{}}.{{}}".format, st.integers(1, 5), st.integers(0, 6)),
        st.integers(first, first + 27).map("J{}".format),
        st.integers(first - 1, first + 26).map(str),
    )


# Far enough apart for the one change to be over when the other comes; either may be the first in a year.
_MONTHS = st.tuples(st.integers(1, 12), st.integers(1, 12)).filter(lambda m: 2 <= abs(m[0] - m[1]) <= 10)
_DAYS = _MONTHS.flatmap(lambda months: st.tuples(*map(_day, months)))
_NAMES = st.sampled_from(["CET", "Summer", "<+03>", "<-0330>"])
_RULES = st.builds(
    "{0}{1}{0}{2},{3[0]}/{4},{3[1]}/{5}".format,
    _NAMES,
    _time(-14, 14),
    _time(-14, 14),
    _DAYS,
    _time(-160, 160),
    _time(-160, 160),
)


@given(_RULES, st.lists(st.integers(_FIRST, _LAST), min_size=1, max_size=30))
def test_made_up_rules_agree(port: Port, rule: str, times: list[int]) -> None:
    """But near the new year: the C library looks at one year only, and misses changes of the next one."""
    inside = [now for now in times if 12 < time.gmtime(now).tm_yday < 353]
    assume(inside)
    with _c_library(rule):
        theirs = [now + time.localtime(now).tm_gmtoff for now in inside]
    assert port.ask("zone", rule=rule, times=inside) == theirs


@given(st.text("CETabc<>+-0123456789,/.:MJ ", max_size=30))
def test_nonsense_is_refused_in_words_or_taken(port: Port, rule: str) -> None:
    try:
        answer = port.ask("zone", rule=rule, times=[_FIRST])
    except PortError as error:
        answer = [str(error)]
    assert isinstance(answer[0], int) or answer[0].startswith("ValueError('")
