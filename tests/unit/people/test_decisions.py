"""A lease that its last resident has left ends a day later, and the operator is told once."""

from people_parts import DAY, NOW, House, Who, digest, lease_of, record

from people.decisions import give_up
from roll.record import CARD, MOVE_IN

END = NOW + 100 * DAY


def left(*records):
    """A lease whose only resident has moved out in the 30th hour of the lock's life."""
    house = House(lease_of(end=END), record(5001, MOVE_IN), *records)
    house.pass_hours(30)
    house.tend()
    mine = house.move_in(1)
    _go(house, mine)
    return house


def _go(house, who):
    give_up(house.leases, 1)
    house.at().move_out(who)


def test_it_ends_as_the_second_day_after_begins_and_is_told_once():
    house = left()
    for hour in range(31, 120):
        house.pass_hours(1)
        if hour % 7 == 0:
            house.start()
        house.tend()
        assert house.leases.over(1, None) == (hour >= 72), hour
        assert house.told == [(1, "given up")] * (hour >= 72)


def test_a_cut_before_the_last_step_ends_nothing():
    """It is noted first that the lease is left; a resident who is still there keeps it."""
    house = House(lease_of(end=END), record(5001, MOVE_IN))
    house.tend()
    house.move_in(1)
    give_up(house.leases, 1)
    house.start()
    house.pass_hours(300)
    house.tend()
    assert not house.leases.over(1, None)
    assert house.opens(1)
    assert house.told == []


def test_whoever_moves_in_meanwhile_keeps_it():
    house = left()
    house.listed.put(record(5002, MOVE_IN))
    house.pass_hours(20)
    house.move_in(2)
    house.pass_hours(300)
    house.tend()
    assert house.opens(2)
    assert house.told == []
    house.pass_hours(3000)
    house.tend()
    assert house.opens(2)


def test_a_pin_or_a_card_of_the_list_keeps_it():
    for kept in (record(7), record(7, kind=CARD)):
        house = left(kept)
        house.pass_hours(300)
        house.tend()
        assert not house.leases.over(1, None)
        assert house.told == []


def test_a_card_that_was_withdrawn_keeps_it_not():
    house = left(record(7, kind=CARD))
    house.at().withdraw(digest(7, CARD))
    house.pass_hours(72)
    house.tend()
    assert house.leases.over(1, None)


def test_another_lease_is_another():
    house = House(lease_of(end=END), lease_of(2, end=END), record(5001, MOVE_IN), record(8, lease=2))
    house.tend()
    mine = house.move_in(1)
    house.move_in(2, 2)
    _go(house, mine)
    house.pass_hours(100)
    house.tend()
    assert house.leases.over(1, None)
    assert [house.opens(2), house.opens(8)] == [True, True]


def test_it_waits_until_there_is_somebody_to_tell_and_is_not_forgotten_before():
    house = left()
    house.hears = False
    house.listed.records.clear()
    house.pass_hours(72)
    house.tend()
    house.start()
    house.tend()
    assert house.told == []
    assert house.leases.over(1, None)
    house.hears = True
    house.tend()
    house.tend()
    assert house.told == [(1, "given up")]
    assert house.leases.place(1) < 0


def test_a_list_that_stands_in_decides_nothing():
    house = left()
    house.listed.whole = False
    house.pass_hours(300)
    house.tend()
    assert not house.leases.over(1, None)


def test_what_is_over_by_the_clock_tells_the_operator_nothing():
    house = House(lease_of(end=END), record(5001, MOVE_IN))
    house.tend(NOW)
    house.move_in(1)
    house.pass_hours(100 * 24)
    house.tend(END)
    assert house.leases.over(1, None)
    assert house.told == []
    assert house.entries(1) == [(0, 1, 0, 1)], "the code, which is still in the list"


def test_the_clock_plays_no_part():
    for now in (None, 1, NOW + 99 * DAY):
        house = left()
        house.pass_hours(41)
        house.tend(now)
        assert not house.leases.over(1, None)
        house.pass_hours(1)
        house.tend(now)
        assert house.leases.over(1, None)


def test_who_has_nothing_but_a_pin_of_the_list_can_leave():
    house = House(lease_of(end=END), record(1))
    house.tend()
    _go(house, Who(0, digest(1)))
    assert not house.opens(1)
    house.pass_hours(72)
    house.tend()
    assert house.told == [(1, "given up")]
