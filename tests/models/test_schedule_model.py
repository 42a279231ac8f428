"""Schedules against a model that walks through the windows of days, in zones with and without summer time."""

import datetime as dt
from zoneinfo import ZoneInfo

from hypothesis import given
from hypothesis import strategies as st

from tests.models.conftest import Port

ZONES = {
    "Europe/Berlin": "CET-1CEST,M3.5.0,M10.5.0/3",
    "Pacific/Auckland": "NZST-12NZDT,M9.5.0,M4.1.0/3",
    "America/Sao_Paulo": "<-03>3",
}
_FIRST = dt.date(2026, 3, 20)
_DAYS = 230  # over both changes of summer time
_EPOCH = dt.datetime(1970, 1, 1)  # as all times here, local


def _whole(moment: dt.datetime) -> dt.datetime:
    return moment.replace(microsecond=0)


_minutes = st.integers(0, 1440)
_dates = st.one_of(st.none(), st.datetimes(dt.datetime(2026, 3, 20), dt.datetime(2026, 11, 5)).map(_whole))
_parts = st.lists(st.tuples(st.integers(0, 255), _minutes, _minutes, _dates, _dates), max_size=9)
_day = st.integers(0, _DAYS).map(lambda n: _FIRST + dt.timedelta(n))
_times = st.lists(st.builds(dt.datetime.combine, _day, st.times()).map(_whole), min_size=1)


def _seconds(moment: dt.datetime | None) -> int:
    return 0 if moment is None else int((moment - _EPOCH).total_seconds())


def _holds(part: tuple, holidays: set[dt.date], now: dt.datetime) -> bool:
    """Whether `now`, local time, lies in a window of this part that begins today or yesterday."""
    days, begin, end, first, last = part
    if (first is not None and now < first) or (last is not None and now >= last):
        return False
    for day in (now.date(), now.date() - dt.timedelta(1)):
        bit = 7 if day in holidays else day.weekday()
        start = dt.datetime.combine(day, dt.time()) + dt.timedelta(minutes=begin)
        length = end - begin if end > begin else end + 1440 - begin
        if days >> bit & 1 and start <= now < start + dt.timedelta(minutes=length):
            return True
    return False


@given(st.sampled_from(sorted(ZONES)), _parts, st.sets(_day, max_size=20), _times)
def test_schedules_agree_with_the_model(
    port: Port, zone: str, parts: list, holidays: set[dt.date], times: list[dt.datetime]
) -> None:
    instants = [int(time.replace(tzinfo=ZoneInfo(zone)).timestamp()) for time in times]
    ours = port.ask(
        "schedule",
        rule=ZONES[zone],
        parts=[[days, begin, end, _seconds(a), _seconds(b)] for days, begin, end, a, b in parts],
        holidays=[(day - _EPOCH.date()).days for day in holidays],
        times=instants,
    )
    local = [dt.datetime.fromtimestamp(at, ZoneInfo(zone)).replace(tzinfo=None) for at in instants]
    assert ours == [any(_holds(part, holidays, now) for part in parts[:8]) for now in local]
