"""What the seasons do at the whole lock: hours of staff, guests, a last day, as clocks change and years end.

The people are those of test_people_model.py, in virtual time, behind a door in Berlin; what the time is there
tells this Python.
"""

import datetime as dt
from collections import Counter
from collections.abc import Iterator
from dataclasses import dataclass
from zoneinfo import ZoneInfo

import pytest

from menshen.operator import dates, lists
from menshen.operator.guest import make_code
from menshen.operator.hours import Holiday, Hours
from tests.models.conftest import HousePort, Port
from tests.models.helpers.people_dialogues import FREE, does
from tests.models.helpers.people_from_afar import CODES
from tests.models.helpers.people_model import DAY, HOUR, KEY, MOVE_IN, PIN, Entry, Listing, Term
from tests.models.test_people_model import PINS, People

_ZONE, _RULE = "Europe/Berlin", "CET-1CEST,M3.5.0,M10.5.0/3"
_HERE = ZoneInfo(_ZONE)
_CLEANER = "70117011"


class _BerlinPort(HousePort):
    def ask(self, call: str, **arguments: object) -> object:
        """As another port; the lock is there."""
        if call == "new":
            settings, now = arguments["arguments"]  # type: ignore[misc]
            arguments["arguments"] = [settings | {"time": settings["time"] | {"zone": _RULE}}, now]
        return super().ask(call, **arguments)


@dataclass
class _WithHours(Listing):
    """A list with a cleaner, who has these hours."""

    hours: tuple[Hours | Holiday, ...] = ()

    def snapshot(self) -> bytes:
        cleaner = lists.Credential(PIN, _CLEANER.encode(), lists.STAFF, 0, 1)
        data = [one.record(KEY) for one in (cleaner, *self.hours)]
        held = super().snapshot()
        front = len(held) % 32
        return lists.snapshot(data + [held[at : at + 32] for at in range(front, len(held), 32)])


@pytest.fixture(scope="module")
def berlin() -> Iterator[Port]:
    port = _BerlinPort()
    yield port
    port.close()


@pytest.fixture
def people(berlin: Port) -> People:
    made = type("People", (People,), {"port": berlin, "figures": Counter()})()
    made.a_house_with_two_leases()
    new = made.listing()
    new.terms[1] = Term(new.terms[1].start, _second(2040, 1, 1, 0))
    assert made.door.heal(new).version == new.version
    made.door.do("wait", 3_600_000)
    return made


def _second(year: int, month: int, day: int, hour: int, minute: int = 0) -> int:
    """Of a moment in UTC."""
    return int(dt.datetime(year, month, day, hour, minute, tzinfo=dt.UTC).timestamp())


def _live_until(people: People, moment: int) -> None:
    """With the plug in, and SNTP right."""
    if (days := (moment - people.house.now) // DAY) > 0:
        does(people, "days", days)
    while (left := moment - people.house.now) > 0:
        does(people, "wait", min(left, HOUR) * 1000)
    does(people, "sntp", people.house.now)


def _publish(people: People, *hours: Hours | Holiday) -> None:
    new = people.listing()
    new = _WithHours(new.version, new.entries, new.terms, hours)
    assert people.door.heal(new).version == new.version


def _opens(people: People, digits: str) -> bool:
    return bool(does(people, "keys", f"**{digits}#").opened)


def _local(people: People) -> dt.datetime:
    return dt.datetime.fromtimestamp(people.house.now, _HERE)


_EVERY_DAY = ("mon", "tue", "wed", "thu", "fri", "sat", "sun")
_CHANGES = {
    "the hour that is not": _second(2027, 3, 28, 0, 0),
    "the hour that is twice": _second(2027, 10, 30, 23, 30),
    "the year's end": _second(2027, 12, 31, 21, 0),
    "a leap day": _second(2028, 2, 28, 22, 30),
}


@pytest.mark.parametrize("change", _CHANGES)
def test_staff_come_in_their_hours_by_the_clock_on_the_wall_and_residents_at_all_times(
    people: People, change: str
) -> None:
    _live_until(people, _CHANGES[change])
    nights = Hours(1, ("mon", "wed", "fri", "sun"), "22:00", "02:20")
    _publish(people, nights, Hours(1, _EVERY_DAY, "02:40", "03:10", part=1))
    for _ in range(24):
        minute = _local(people).hour * 60 + _local(people).minute
        night = _local(people).date() if minute >= 22 * 60 else _local(people).date() - dt.timedelta(1)
        is_night = (minute >= 22 * 60 or minute < 140) and night.weekday() in (0, 2, 4, 6)
        assert _opens(people, _CLEANER) == (is_night or 160 <= minute < 190), _local(people)
        assert all(_opens(people, pin) for pin in PINS[:3])
        does(people, "wait", 600_000)


def test_a_guest_comes_for_as_long_as_the_code_says_over_the_hour_that_is_twice(people: People) -> None:
    begin = _second(2027, 10, 30, 23, 0)
    _live_until(people, begin - 2 * HOUR)
    people.a_guest_comes(0, 4)
    key = people.house.residents[0].guest_key
    code = make_code(key, dt.datetime.fromtimestamp(begin, dt.UTC), dt.timedelta(hours=4))
    for _ in range(48):
        assert _opens(people, code) == (begin <= people.house.now < begin + 4 * HOUR), _local(people)
        does(people, "wait", 600_000)


@pytest.mark.parametrize("day", [dt.date(2027, 3, 27), dt.date(2027, 3, 28), dt.date(2027, 3, 29)])
def test_a_last_day_around_the_hour_that_is_not_is_the_one_that_the_operator_writes(
    people: People, day: dt.date
) -> None:
    """All agree to it, the operator states it, and it ends at that midnight: not an hour before or after."""
    end = dates.end_of(day, _ZONE)
    for resident in (people.house.residents[0], people.house.residents[2]):
        assert "kept" in does(people, "keys", f"**{resident.pin}*5#{day:%d%m%y}#").said
        resident.agrees = [(end, end)]
    _live_until(people, people.house.now + 3 * DAY)
    before = people.house.force.version
    for late, taken in ((-1, False), (0, True)):
        new = people.listing()
        new.terms[1] = Term(new.terms[1].start, end + late)
        found = people.door.publish(new, people.house.now)
        assert (found.version > before) is taken, late
    _live_until(people, end - 60)
    assert _opens(people, PINS[0])
    _live_until(people, end + 60)
    does(people, "wait", 300_000)
    assert not _opens(people, PINS[0])
    assert _opens(people, PINS[1])


def test_another_rule_of_the_zone_moves_the_hours_of_staff_and_nothing_of_residents(people: People) -> None:
    """As a country gives up summer time, and the lock gets new settings."""
    _live_until(people, _second(2027, 6, 1, 15, 30))
    _publish(people, Hours(1, _EVERY_DAY, "08:00", "17:00"))
    assert not _opens(people, _CLEANER), "half past five in the afternoon"
    assert "kept" in does(people, "keys", f"{PINS[0]}*1#{FREE}#{FREE}#").said
    people.door.do("rezone", "CET-1")
    does(people, "sntp", people.house.now)
    assert _opens(people, _CLEANER), "half past four"
    assert _opens(people, FREE)
    assert _opens(people, PINS[1])


def test_a_lease_from_one_leap_day_to_the_year_2038_is_as_long_as_it_says(people: People) -> None:
    begin, end = _second(2028, 2, 28, 23, 0), dates.end_of(dt.date(2038, 1, 19), _ZONE)
    _live_until(people, begin - DAY)
    new = people.listing()
    new.entries[PIN, CODES[5]] = Entry(MOVE_IN, 5, begin)
    new.terms[5] = Term(begin, end)
    assert people.door.heal(new).version == new.version
    does(people, "wait", 300_000)
    assert "enrolling" not in does(people, "keys", f"{CODES[5]}#").said
    _live_until(people, begin + 60)
    assert "enrolling" in does(people, "keys", f"**{CODES[5]}#").said
    assert "kept" in does(people, "keys", f"{FREE}#{FREE}#").said
    _live_until(people, end - 60)
    assert _opens(people, FREE)
    _live_until(people, end + 60)
    does(people, "wait", 300_000)
    assert not _opens(people, FREE)
