"""The one decision, case by case."""

from access.decide import (
    EXPIRED,
    GRANTED,
    MOVING_IN,
    NO_CLOCK,
    OUTSIDE,
    THROTTLED,
    TOO_EARLY,
    UNKNOWN,
    decide,
)

TENANT, STAFF, MOVE_IN, PASSAGE = 1, 2, 3, 7


class Credential:
    def __init__(self, role, before=0, after=0, schedule=0):
        self.role, self.not_before, self.not_after, self.schedule = role, before, after, schedule


def test_nobody_is_unknown():
    assert decide(None, 100) == UNKNOWN


def test_without_limits_it_opens_whatever_the_clock():
    for role in (TENANT, STAFF, PASSAGE):
        for now in (None, 0, 2_000_000_000):
            assert decide(Credential(role), now) == GRANTED


def test_limits_hold_to_the_second():
    for role in (TENANT, STAFF):
        limited = Credential(role, 100, 200)
        found = [decide(limited, now) for now in (99, 100, 199, 200)]
        assert found == [TOO_EARLY, GRANTED, GRANTED, EXPIRED]


def test_an_unknown_clock_lets_tenants_in_and_asks_staff_to_wait():
    assert decide(Credential(TENANT, 100, 200), None) == GRANTED
    assert decide(Credential(STAFF, 100, 200), None) == NO_CLOCK
    assert decide(Credential(STAFF, 0, 200), None) == NO_CLOCK


def test_the_throttle_comes_first():
    assert decide(Credential(TENANT), 100, 1) == THROTTLED


def test_a_move_in_code_opens_nothing():
    assert decide(Credential(MOVE_IN), None) == MOVING_IN
    assert decide(Credential(MOVE_IN, 100, 200), 300) == MOVING_IN


def test_nobody_moves_in_before_the_lease_begins():
    assert decide(Credential(MOVE_IN, 100), 99) == TOO_EARLY
    assert decide(Credential(MOVE_IN, 100), 100) == MOVING_IN
    assert decide(Credential(MOVE_IN, 100), None) == MOVING_IN


def test_no_other_record_of_the_list_opens_anything():
    for role in (0, 4, 5, 6, 8, 255):
        assert decide(Credential(role), 100) == UNKNOWN


def test_hours_bind_staff_and_no_tenant():
    for role in (STAFF, PASSAGE):
        assert decide(Credential(role, schedule=1), 100, 0, False) == OUTSIDE
        assert decide(Credential(role, schedule=1), 100, 0, True) == GRANTED
        assert decide(Credential(role, schedule=1), None) == NO_CLOCK
    assert decide(Credential(TENANT, schedule=1), 100, 0, False) == GRANTED
    assert decide(Credential(TENANT, schedule=1), None) == GRANTED


def test_dates_come_before_hours():
    assert decide(Credential(STAFF, 100, 200, 1), 99, 0, False) == TOO_EARLY
    assert decide(Credential(STAFF, 100, 200, 1), 200, 0, False) == EXPIRED
