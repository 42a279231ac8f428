"""Nobody new opens this door unseen: each of those who live here is shown it, once."""

import asyncio
import struct

from people_parts import NOW, House, Who, digest, lease_of, record

from people.approval import approve
from people.notices import GRANTED, NEW_WAY_IN, at_entry, renew
from roll.record import MOVE_IN, STAFF
from storage.names import NEW_WAYS, NEW_WAYS_MAX


def comer(lease=1, number=0, n=1):
    who = Who(number, digest(n))
    who.lease = lease
    return who


def shown(house, who, times=3):
    """What is shown at so many entries, the power gone after each."""
    found = []
    for _ in range(times):
        found.append(at_entry(house.register, who))
        house.start()
        house.register.shared = house.shared
    return found


def make(shared=False):
    house = House()
    house.shared = house.register.shared = shared
    return house


def marks(house):
    table = house.numbers.blob(NEW_WAYS, NEW_WAYS_MAX)
    return [table[place : place + 6] for place in range(0, len(table), 6)]


ONCE, NEVER = [NEW_WAY_IN, GRANTED, GRANTED], [GRANTED] * 3


def test_without_news_an_entry_writes_nothing():
    house = make()
    commits = house.nvs.commits
    for n in range(5):
        assert at_entry(house.register, comer(n=n)) == GRANTED
    assert house.nvs.commits == commits


def test_each_is_shown_it_at_their_next_entry_and_once():
    house = make()
    everybody = comer(1, 1), comer(1, 2), comer(2, 1), comer(1, 0, 7), comer(1, 0, 8)
    renew(house.register, (1,))
    for who in everybody:
        assert shown(house, who) == ONCE
    renew(house.register, (2,))
    for who in everybody:
        assert shown(house, who) == ONCE


def test_whoever_holds_a_residents_phone_is_shown_nothing_and_uses_nothing_up():
    house = make()
    renew(house.register, (1,))
    phone = comer(1, 3)
    phone.digest = b""
    assert shown(house, phone) == NEVER
    assert shown(house, comer(1, 3)) == ONCE


def test_a_resident_is_one_by_whatever_pin_or_card():
    house = make()
    renew(house.register, (1,))
    assert [shown(house, comer(1, 3, n)) for n in (1, 2)] == [ONCE, NEVER]
    assert shown(house, comer(1, 4, 3)) == ONCE


def test_whoever_was_shown_it_before_they_had_a_number_is_not_shown_it_again():
    house = make()
    renew(house.register, (1,))
    assert [shown(house, comer(1, number)) for number in (0, 2)] == [ONCE, NEVER]


def test_at_a_houses_door_it_is_shown_to_ones_own_lease_alone():
    house = make(shared=True)
    renew(house.register, (1, 3))
    assert shown(house, comer(2, 1)) == NEVER
    assert shown(house, comer(1, 1)) == ONCE
    renew(house.register, (2,))
    assert [shown(house, comer(n, 1)) for n in (1, 2, 3)] == [NEVER, ONCE, ONCE]


def test_what_is_added_by_many_lists_in_a_row_is_written_once():
    house = make()
    renew(house.register, (1,))
    commits = house.nvs.commits
    for lease in range(100):
        renew(house.register, (lease,))
    renew(house.register, ())
    assert house.nvs.commits == commits


def test_nobody_is_missed_however_many_live_here_and_the_place_is_bounded():
    house = make()
    renew(house.register, (1,))
    for n in range(300):
        assert at_entry(house.register, comer(n // 8, 1 + n % 8)) == NEW_WAY_IN
    assert len(house.numbers.blob(NEW_WAYS, NEW_WAYS_MAX)) == NEW_WAYS_MAX
    assert at_entry(house.register, comer(299 // 8, 1 + 299 % 8)) == GRANTED


def test_at_a_houses_door_leases_come_and_go_for_ever_and_what_is_new_is_shown():
    """None is in the table of leases any more, but for the last: it could be, and stays, while it is new."""
    house = make(shared=True)
    for lease in range(1, 300):
        renew(house.register, (lease, lease + 1))
        assert at_entry(house.register, comer(lease, 1)) == NEW_WAY_IN, lease
        assert at_entry(house.register, comer(lease, 1)) == GRANTED
        assert len(house.numbers.blob(NEW_WAYS, NEW_WAYS_MAX)) <= NEW_WAYS_MAX
    assert shown(house, comer(300, 1)) == ONCE


def test_where_every_place_is_taken_by_who_was_shown_it_what_is_new_elsewhere_finds_one():
    house = make(shared=True)
    leases = [lease_of(lease) for lease in range(1, 18)]
    house.listed.put(*leases)
    house.tend()
    renew(house.register, range(1, 17))
    for lease in range(1, 17):
        for number in range(1, 9):
            at_entry(house.register, comer(lease, number))
    renew(house.register, (17,))
    assert shown(house, comer(17, 1)) == ONCE
    for lease in range(1, 17):
        assert struct.pack("<HI", lease, 0) in marks(house), lease


def test_whoever_needs_nothing_shown_is_known_without_reading_it_until_there_is_news():
    house = make()
    at_entry(house.register, comer())
    assert house.residents.greeted == [digest(1)]
    renew(house.register, (1,))
    assert house.residents.greeted == []
    for n in range(50):
        house.residents.greet(digest(n))
    assert len(house.residents.greeted) == 8


def test_a_full_nvs_shows_it_again_and_lets_nobody_new_in_unseen():
    house = make()
    renew(house.register, (1,))
    house.nvs.full = True
    assert [at_entry(house.register, comer()) for _ in range(2)] == [NEW_WAY_IN] * 2
    house.nvs.full = False
    at_entry(house.register, comer())
    house.nvs.full = True
    try:
        renew(house.register, (1,))
    except OSError:
        pass
    else:
        raise AssertionError("it came in unseen")


def _take(house, *records):
    new = House(*records, flash=False).listed
    asyncio.run(approve(new.each, NOW, NOW, house.register))
    house.listed.records = new.records


def test_whatever_a_list_adds_is_shown_though_it_is_gone_again():
    kept = record(1), record(2, MOVE_IN)
    for new in (record(9), record(9, MOVE_IN), record(9, lease=4)):
        house = make()
        house.listed.put(*kept)
        _take(house, *kept, record(8, STAFF))
        assert shown(house, comer()) == NEVER
        _take(house, *kept, new)
        _take(house, *kept, *([] if new == record(9, MOVE_IN) else [new]))
        assert shown(house, comer()) == ONCE
