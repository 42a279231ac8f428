"""The table of leases has places for so many, and what fills it leaves no lease less guarded."""

import asyncio

from guard_parts import DAY, END, HOUR, START, House, digest, make, record, stated
from list_parts import each_of

from people.guard import SHORTENED, TOO_MANY
from people.leases import ENTRIES_MAX, ENTRY


def test_so_many_leases_and_no_more():
    many = [stated(n) for n in range(1, 33)]
    house = House(*many)
    assert house.check(*many) is None
    assert house.check(*many, stated(33)) == TOO_MANY
    assert house.check(*many, record(1, lease=33)) == TOO_MANY
    house.end(5)
    assert house.check(*many, stated(33)) is None


def test_the_table_has_places_for_so_many_and_no_more_whatever_a_list_names():
    house = House()
    for lease in range(1, 2 * ENTRIES_MAX):
        house.end(lease) if lease <= 80 else house.note(stated(lease))
    assert len(house.leases.table) == ENTRIES_MAX * ENTRY
    assert house.leases.over(1, None)


def test_leases_that_were_over_as_they_came_leave_the_next_no_less_guarded():
    """Each list names 31 more that have ended: they fill the table, and one without a place has no end."""
    house = House(stated(), record(1))
    names, many = list(house.list), None
    for first in (100, 131, 162, 193):
        new = [stated(lease, end=START - 5, start=START - 90) for lease in range(first, first + 31)]
        many = house.take(*sorted(names + new))
        if many is None:
            names += new
            house.ledger.settle(START + DAY)
    assert many == TOO_MANY
    victim = record(5, lease=500)
    assert house.take(*sorted(names + [stated(500), victim])) is None
    assert house.leases.place(500) >= 0
    assert house.take(*sorted([stated(), record(1), stated(500, end=START), victim])) == SHORTENED


def test_no_lease_gets_an_end_by_a_record_that_stands_under_another_digest():
    """The ledger learns leases from each record: one of which the guard has judged nothing must not come."""
    for held in ((record(1),), (stated(end=0), record(1)), (stated(), record(1))):
        for other in (b"\0" * 15 + b"\7", digest(99), b"\xff" * 15 + b"\7"):
            house = House(*held)
            assert house.take(*sorted(held + (other + stated(end=START)[16:],))) == SHORTENED
            house.live((END - START) // HOUR)
            assert not house.leases.over(1, START + DAY)


def test_leases_come_and_go_for_ever():
    house = House(stated(1), record(1))
    for lease in range(1, 100):
        house.end(lease)
        mine = stated(lease + 1), record(lease + 1, lease=lease + 1)
        assert house.take(*mine) is None, lease
        asyncio.run(house.ledger.forget(lambda: each_of(mine)))  # noqa: B023
    assert len(house.leases.table) == 28


def test_what_is_over_is_forgotten_once_the_list_has_nothing_of_it():
    house = House(stated(), stated(2), record(1), record(2, lease=2))
    house.end(1)
    asyncio.run(house.ledger.forget(lambda: each_of((record(1), stated(2)))))
    assert house.leases.over(1, None), "its card is still in the list"
    asyncio.run(house.ledger.forget(lambda: each_of(())))
    for leases in house.leases, make(house.numbers):
        assert (leases.place(1), leases.place(2) >= 0) == (-1, True)
