"""A running lease only grows: a test for every way around the guard that we could think of."""

import struct

from guard_parts import (
    CARD,
    DAY,
    END,
    HOUR,
    HOUSE_KEY,
    MOVE_IN,
    STAFF,
    START,
    House,
    digest,
    make,
    record,
    stated,
)

from people.guard import LOCKED_OUT, SHORTENED
from people.leases import PATH
from storage.files import exists
from storage.purposes import LEASES_FILE
from storage.sealed import Sealed


def test_what_stays_as_it_is_or_grows_is_taken():
    house = House()
    assert house.check(*house.list) is None
    assert house.check(*house.list, record(9), record(8, role=MOVE_IN), record(7, lease=2)) is None
    assert house.changed(record(4)) is None  # staff are the operator's own
    assert house.changed(record(4), record(4, role=STAFF, schedule=3)) is None
    assert house.changed(stated(), stated(end=END + DAY)) is None
    assert house.changed(stated(), stated(end=0)) is None


def test_nothing_is_taken_from_it_whether_it_was_ever_used_or_not():
    house = House()
    assert house.check() == LOCKED_OUT
    for n in (1, 2):
        assert house.changed(record(n)) == LOCKED_OUT
        assert house.changed(record(n), record(77)) == LOCKED_OUT


def test_nothing_of_it_becomes_weaker():
    weaker = [
        {"role": STAFF},
        {"role": MOVE_IN},
        {"kind": CARD},
        {"lease": 2},
        {"schedule": 1},
        {"uses": 1},
        {"key": 5},
        {"before": 1},
        {"after": END},
        {"after": END + 9 * DAY},
    ]
    for one in weaker:
        assert House().changed(record(1), record(1, **one)) == LOCKED_OUT, one


def house_key(reference=1, half=0, content=(7, 9)):
    n = 100 + 2 * reference + half
    return record(n, 0, HOUSE_KEY, 0, before=content[0], after=content[1], key=reference)


def test_the_house_key_of_a_tenants_card_neither_goes_nor_changes():
    halves = house_key(), house_key(half=1)
    house = House(stated(), record(1), record(5, kind=CARD, key=1), *halves)
    for half in halves:
        assert house.changed(half) == LOCKED_OUT
    for content in ((8, 9), (7, 8)):
        assert house.changed(halves[1], house_key(half=1, content=content)) == LOCKED_OUT
    assert house.changed(halves[1], record(halves[1][0], key=1, before=7, after=9)) == LOCKED_OUT
    assert house.check(*house.list, house_key(2)) is None
    house.end(1)
    assert house.changed(halves[0]) is None


def test_the_house_key_of_nobodys_card_may_go():
    house = House(stated(), record(1), record(5, kind=CARD, key=1), house_key(1), house_key(2), house_key(3))
    assert house.changed(house_key(2)) is None
    assert house.changed(house_key(3), house_key(3, content=(1, 1))) is None
    house = House(stated(), record(1, kind=CARD), record(4, role=STAFF, kind=CARD, key=1), house_key(1))
    assert house.changed(house_key(1)) is None  # staff are the operator's own


def test_a_later_end_and_an_earlier_beginning_are_taken():
    limited = record(1, before=START, after=END)
    for better in ({"before": START - DAY, "after": END}, {"after": END + DAY}, {"after": 0}, {}):
        assert House(stated(), limited).check(stated(), record(1, **better)) is None, better
    for worse in ({"before": START + 1}, {"before": START, "after": END - 1}):
        assert House(stated(), limited).check(stated(), record(1, **worse)) == LOCKED_OUT, worse


def test_a_credential_that_begins_later_is_guarded_too():
    for now in (START, None):
        house = House(stated(), record(1), record(2, before=START + 90 * DAY))
        assert house.check(stated(), record(1), now=now) == LOCKED_OUT


def test_a_code_to_move_in_may_be_replaced_by_another_and_not_taken_away():
    house = House()
    assert house.changed(record(3), record(30, role=MOVE_IN)) is None
    assert house.changed(record(3)) == LOCKED_OUT
    assert house.changed(record(3), record(30, lease=2, role=MOVE_IN)) == LOCKED_OUT


def test_a_lease_does_not_end_earlier():
    for end in (1, START, END - 1):
        assert House().changed(stated(), stated(end=end)) == SHORTENED
    assert House().changed(stated()) == SHORTENED
    assert House().changed(stated(), stated(2)) == SHORTENED
    assert (
        House().changed(stated(), digest(99) + stated()[16:]) == SHORTENED
    )  # no record under its own digest
    assert House(stated()).check(stated(end=START)) == SHORTENED


def test_a_lease_without_an_end_gets_none_by_a_list():
    for house in (House(stated(end=0), record(1)), House(record(1))):
        for end in (1, START, END):
            assert house.check(stated(end=end), record(1)) == SHORTENED
        assert house.check(*house.list) is None


def test_an_end_that_was_heard_once_holds_though_a_later_list_was_without_the_lease():
    """The list in force is one that stands in for a broken one: the table of leases speaks for itself."""
    house = House()
    house.list = ()
    assert house.check() == SHORTENED
    assert house.check(stated(end=START)) == SHORTENED
    assert house.check(stated()) is None


def test_what_residents_do_changes_no_answer():
    """The guard is not given what they have set or by what they came in, so it cannot tell of it."""
    assert not hasattr(House().guard, "_residents")


def test_a_clock_that_was_set_forward_ends_no_lease():
    house = House()
    for hours in (0, (END - START) // HOUR // 2, (END - START) // HOUR * 30 // 32):
        house.numbers.kept["lived"] = hours
        assert not house.leases.over(1, END + DAY), hours
        assert house.check(now=END + DAY) == LOCKED_OUT
        assert house.ledger.settle(END + DAY) == []


def test_the_end_of_the_lease_is_the_end_and_stays_it():
    house = House()
    house.live((END - START) // HOUR)
    assert not house.leases.over(1, None)
    assert not house.leases.over(1, END - 1)
    assert house.leases.over(1, END)
    assert house.check(now=END) is None
    assert house.ledger.settle(END) == [1]
    for leases in house.leases, make(house.numbers):
        assert leases.over(1, None)
        assert leases.over(1, START)


def test_a_lease_that_was_heard_of_without_a_clock_lasts_from_its_stated_start():
    house = House(now=None)
    house.live((END - START) // HOUR // 2)
    house.note(*house.list, now=END - 60)  # a clock that lies, and a list that comes again
    assert not house.leases.over(1, END)
    house.live((END - START) // HOUR // 2)
    assert house.leases.over(1, END)


def test_a_lease_that_was_heard_of_late_and_without_a_clock_ends_in_time_once_the_time_is_sure():
    """As a board is replaced in the middle of a lease: the hours before count, from when it was heard of."""
    middle = START + (END - START) // 2
    house = House(now=None)
    house.live(48)
    assert house.ledger.settle(middle + 2 * DAY, middle + 2 * DAY) == []
    house.live((END - middle) // HOUR - 48)
    assert house.leases.over(1, END)
    assert not house.leases.over(1, END - 1)


def test_a_lease_that_was_heard_of_by_a_clock_far_ahead_does_not_end_by_that():
    for ahead in (1000 * DAY, END - START - DAY):
        house = House(now=START + ahead)
        house.live(24)
        house.ledger.settle(START + DAY, START + DAY)
        assert not house.leases.over(1, END + DAY), ahead
        for leases in house.leases, make(house.numbers):
            assert not leases.over(1, END)
        house.live((END - START) // HOUR)
        assert house.leases.over(1, END)


def test_a_lease_that_nobody_can_date_is_not_ended_by_a_clock():
    house = House(stated(start=0), record(1), now=None)
    house.live(99_999)
    assert not house.leases.over(1, END + DAY)


def test_a_lease_that_is_heard_of_early_ends_no_earlier():
    """Whoever sets the clock ahead right after its start does not find it half over."""
    house = House(now=START - 200 * DAY)
    house.live(200 * 24)
    assert not house.leases.over(1, END)
    house.live((END - START) // HOUR)
    assert house.leases.over(1, END)


def test_a_lease_that_has_begun_has_begun_whatever_the_clock_says():
    house = House()
    assert not house.leases.begun(1, 0)
    house.ledger.settle(START - 1)
    assert not house.leases.begun(1, 0)
    house.ledger.settle(START)
    for leases in house.leases, make(house.numbers):
        assert leases.begun(1, START)
        assert not leases.begun(1, START + 1)  # a credential that begins later has not
        assert not leases.begun(2, 0)


def test_it_ends_when_it_is_given_up():
    house = House()
    house.end(1)
    assert house.leases.over(1, None)
    assert house.check() is None
    house.end(5)
    assert make(house.numbers).over(5, None)


def test_what_0_1_0_has_stored_is_kept_but_for_its_credentials():
    house = House()
    old = struct.pack("<I12xHHII", 7, 3, 0, END, START), digest(1) + struct.pack("<HHII", 3, 2, 0, 0)
    Sealed(bytes(32), LEASES_FILE, PATH).save(b"".join(old))
    again = make(house.numbers)
    assert again.place(3) == 0
    assert len(again.table) == 28
    house.live(7 + (END - START) // HOUR)
    assert again.over(3, END)


def test_all_of_it_outlives_a_restart_and_a_broken_file():
    house = House()
    house.leases.ensure_copy()
    again = make(house.numbers)
    assert again.table == house.leases.table
    for path in ("/access/leases", "/access/leases.old", "/access/leases"):
        with open(path, "wb") as file:
            file.write(b"\0" * 100)
        again = make(house.numbers)
        assert again.table == house.leases.table
        again.ensure_copy()  # what has rotted is mended before the other does


def test_who_comes_in_anew_is_news():
    house = House()
    for grown in ((), (record(9, role=STAFF),)):
        house.check(*house.list, *grown)
        assert not house.guard.news
    house.changed(stated(), stated(end=END + DAY))
    assert not house.guard.news
    for new in (record(9), record(9, role=MOVE_IN), stated(2), record(9, lease=2)):
        house.check(*house.list, new)
        assert house.guard.news


def test_no_copy_is_made_of_what_is_not_written_yet():
    """A copy with the number of an older table would not be told from it."""
    house = House()
    house.leases.table[20] ^= 1
    house.leases.changed = True
    house.leases.ensure_copy()
    assert not exists("/access/leases.old")
    house.leases.save()
    house.leases.ensure_copy()
    with open("/access/leases.old", "rb") as file:
        assert bytes(house.leases.table) in file.read()
