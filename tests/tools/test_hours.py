"""The operator's records of hours: what the lock makes of them, and what makes none."""

import datetime as dt
import struct

import pytest

from menshen.operator.hours import Holiday, Hours
from menshen.operator.lists import ListError

_RECORD = struct.Struct("<16sBBHBBIIH")
_DAY = 86_400


def test_a_window_is_a_record() -> None:
    day = dt.date(2026, 11, 23)
    night = Hours(3, ["mon", "fri", "holiday"], "22:00", "6:30", day, day, part=2)
    _, role, kind, begin, _, uses, first, last, end = _RECORD.unpack(night.record(b""))
    assert (role, kind, begin, end, uses) == (5, 0b10010001, 1320, 390, 0)
    assert first == dt.datetime(2026, 11, 23, tzinfo=dt.UTC).timestamp()
    assert last == first + _DAY


def test_without_more_it_is_the_whole_day_for_ever() -> None:
    _, _, _, begin, _, _, first, last, end = _RECORD.unpack(Hours(1, ["mon"]).record(b""))
    assert (begin, end, first, last) == (0, 1440, 0, 0)


def test_parts_and_holidays_have_places_of_their_own() -> None:
    places = {Hours(n, ["mon"], part=part).record(b"")[:16] for n in (1, 255) for part in range(8)}
    places |= {Holiday(dt.date(2026, 12, day)).record(b"")[:16] for day in (24, 25)}
    assert len(places) == 18


@pytest.mark.parametrize(
    ("hours", "said"),
    [
        (Hours(0, ["mon"]), "1 to 255"),
        (Hours(1, ["mon"], part=8), "0 to 7"),
        (Hours(1, ["monday"]), "mon, tue"),
        (Hours(1, []), "days none"),
        (Hours(1, ["mon"], "24:01"), "00:00 to 24:00"),
        (Hours(1, ["mon"], "8:00", "noon"), "'noon' is no time of day"),
    ],
)
def test_what_is_wrong_is_named(hours: Hours, said: str) -> None:
    with pytest.raises(ListError, match=said):
        hours.record(b"")
