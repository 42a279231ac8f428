"""The hours of staff, to the minute; tests/models has them against a model."""

import struct
from hashlib import sha256

from access.clock import seconds
from access.schedule import holds
from access.zone import local
from access.zone_rule import parse

MONDAY, FRIDAY, SATURDAY, SUNDAY, HOLIDAYS = 1, 16, 32, 64, 128
WEEKDAYS = 31
BERLIN = "CET-1CEST,M3.5.0,M10.5.0/3"


class Record:
    def __init__(self, role=6, days=0, begin=0, end=0, before=0, after=0):
        self.role, self.kind, self.lease, self.key_ref = role, days, begin, end
        self.not_before, self.not_after = before, after


class Listed:
    """A list of schedules and holidays; counts how often it is asked."""

    def __init__(self, zone="UTC0"):
        self.records, self.asked = {}, 0
        self.zone = parse(zone)

    def find(self, digest):
        self.asked += 1
        return self.records.get(digest)

    def part(self, number, days, begin, end, *dates, schedule=1):
        digest = sha256(b"menshen schedule v1" + bytes((schedule, number))).digest()[:16]
        self.records[digest] = Record(5, days, hour(begin), hour(end), *dates)

    def holiday(self, *date):
        day = seconds(*date, 0, 0, 0) // 86400
        self.records[sha256(b"menshen holiday v1" + struct.pack("<H", day)).digest()[:16]] = Record()

    def at(self, *date, schedule=1):
        """Whether it holds at year, month, day, hour, minute, second, UTC."""
        return holds(self.find, schedule, local(self.zone, seconds(*date)))


def hour(text):
    hours, minutes = text.split(":")
    return int(hours) * 60 + int(minutes)


def test_a_window_holds_to_the_second():
    listed = Listed()
    listed.part(0, MONDAY, "8:00", "12:30")
    assert not listed.at(2026, 11, 23, 7, 59, 59)
    assert listed.at(2026, 11, 23, 8, 0, 0)
    assert listed.at(2026, 11, 23, 12, 29, 59)
    assert not listed.at(2026, 11, 23, 12, 30, 0)
    for day in range(24, 30):
        assert not listed.at(2026, 11, day, 10, 0, 0)


def test_a_window_across_midnight_belongs_to_the_day_on_which_it_begins():
    listed = Listed()
    listed.part(0, SUNDAY, "22:00", "6:00")
    assert listed.at(2026, 11, 22, 22, 0, 0)
    assert listed.at(2026, 11, 23, 5, 59, 59)
    assert not listed.at(2026, 11, 23, 6, 0, 0)
    assert not listed.at(2026, 11, 22, 5, 0, 0)
    assert not listed.at(2026, 11, 23, 22, 0, 0)


def test_equal_ends_are_a_whole_day():
    listed = Listed()
    listed.part(0, MONDAY, "0:00", "0:00")
    listed.part(0, MONDAY, "9:00", "9:00", schedule=2)
    assert listed.at(2026, 11, 23, 0, 0, 0)
    assert listed.at(2026, 11, 23, 23, 59, 59)
    assert not listed.at(2026, 11, 24, 0, 0, 0)
    assert listed.at(2026, 11, 24, 8, 59, 59, schedule=2)
    assert not listed.at(2026, 11, 24, 9, 0, 0, schedule=2)


def test_until_24_hours_is_until_midnight():
    listed = Listed()
    listed.part(0, MONDAY, "20:00", "24:00")
    assert listed.at(2026, 11, 23, 23, 59, 59)
    assert not listed.at(2026, 11, 24, 0, 0, 0)


def test_a_holiday_is_no_weekday():
    listed = Listed()
    listed.holiday(2026, 12, 25)  # a Friday
    listed.part(0, WEEKDAYS, "8:00", "18:00")
    listed.part(0, HOLIDAYS, "8:00", "18:00", schedule=2)
    listed.part(0, 255, "8:00", "18:00", schedule=3)
    listed.part(0, HOLIDAYS, "22:00", "6:00", schedule=4)
    assert [listed.at(2026, 12, 25, 12, 0, 0, schedule=n) for n in (1, 2, 3)] == [False, True, True]
    assert [listed.at(2026, 12, 24, 12, 0, 0, schedule=n) for n in (1, 2, 3)] == [True, False, True]
    assert listed.at(2026, 12, 26, 5, 0, 0, schedule=4)
    assert not listed.at(2026, 12, 25, 5, 0, 0, schedule=4)


def test_dates_are_local_and_hold_to_the_second():
    listed = Listed(BERLIN)
    first, last = seconds(2026, 7, 1, 0, 0, 0), seconds(2026, 7, 8, 0, 0, 0)
    listed.part(0, 255, "0:00", "24:00", first, last)
    assert not listed.at(2026, 6, 30, 21, 59, 59)
    assert listed.at(2026, 6, 30, 22, 0, 0)
    assert listed.at(2026, 7, 7, 21, 59, 59)
    assert not listed.at(2026, 7, 7, 22, 0, 0)


def test_hours_go_by_the_clock_on_the_wall():
    listed = Listed(BERLIN)
    listed.part(0, 255, "8:00", "9:00")
    assert [listed.at(2026, 1, 15, n, 30, 0) for n in (6, 7)] == [False, True]
    assert [listed.at(2026, 7, 15, n, 30, 0) for n in (6, 7)] == [True, False]


def test_any_part_will_do_and_those_after_a_gap_are_none():
    listed = Listed()
    listed.part(0, MONDAY, "8:00", "9:00")
    listed.part(1, FRIDAY, "8:00", "9:00")
    listed.part(3, SATURDAY, "8:00", "9:00")
    assert listed.at(2026, 11, 23, 8, 30, 0)
    assert listed.at(2026, 11, 27, 8, 30, 0)
    assert not listed.at(2026, 11, 28, 8, 30, 0)


def test_there_are_eight_parts_and_no_ninth():
    listed = Listed()
    for n in range(9):
        listed.part(n, 255, "%d:00" % n, "%d:30" % n)
    assert listed.at(2026, 11, 23, 7, 15, 0)
    assert not listed.at(2026, 11, 23, 8, 15, 0)


def test_an_unknown_schedule_never_holds():
    listed = Listed()
    listed.part(0, 255, "0:00", "24:00")
    assert not listed.at(2026, 11, 23, 12, 0, 0, schedule=2)


def test_a_record_of_another_role_is_no_part_and_no_holiday():
    listed = Listed()
    listed.part(0, 127, "0:00", "24:00")
    listed.holiday(2026, 11, 23)
    for record in listed.records.values():
        if record.role == 6:
            record.role = 1
    assert listed.at(2026, 11, 23, 12, 0, 0)
    for record in listed.records.values():
        record.role = 2
    assert not listed.at(2026, 11, 23, 12, 0, 0)


def test_no_more_is_looked_up_than_needed():
    listed = Listed()
    listed.part(0, 255, "0:00", "24:00")
    listed.part(0, WEEKDAYS, "8:00", "9:00", schedule=2)
    listed.at(2026, 11, 23, 12, 0, 0)
    assert listed.asked == 1
    listed.at(2026, 11, 23, 12, 0, 0, schedule=2)
    assert listed.asked == 1 + 2  # its part, and that there is no other
