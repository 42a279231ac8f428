"""Of a lease's people each changes what is their own, and nobody takes another's place."""

from people_parts import House, Who, digest, record

from people.cards import CARDS_MAX
from people.changes import PEOPLE_MAX, WITHDRAWN_MAX
from people.entry import CREDENTIAL, GUEST_KEY, HOME_KEY, NoPlace
from people.shelves import make
from roll.record import CARD, MOVE_IN

LISTED, FOB = 1, 9  # a PIN and a card of the list


def refused(change):
    try:
        change()
    except NoPlace:
        return True
    return False


def two():
    """A lease with two residents, by codes of the list; each has a card and both keys."""
    house = House(record(5001, MOVE_IN), record(5002, MOVE_IN), record(FOB, kind=CARD))
    people = house.move_in(1), house.move_in(2)
    for n, who in enumerate(people):
        house.at().add_card(who, digest(20 + n, CARD))
        house.at().set_key(who, GUEST_KEY, bytes([n + 1]) * 16)
        house.at().set_key(who, HOME_KEY, bytes([n + 65]) * 16)
    return house, people[0], people[1]


def test_who_moves_in_has_a_number_of_their_own_and_the_code_is_used_up():
    house, first, second = two()
    assert (first.number, second.number) == (1, 2)
    assert house.at().people() == [1, 2]
    for n in (5001, 5002):
        assert not house.opens(n)


def test_who_moves_out_takes_their_own_along_and_nothing_else():
    for restarts in (False, True):
        house, first, second = two()
        house.at().move_out(first)
        if restarts:
            house.start()
        assert [house.opens(1), house.opens(20, CARD)] == [False, False]
        assert [house.opens(2), house.opens(21, CARD), house.opens(FOB, CARD)] == [True] * 3
        assert list(house.residents.keys()) == [(2 << 16 | 1, b"\x02" * 16)]
        assert list(house.residents.keys(HOME_KEY)) == [(2 << 16 | 1, b"B" * 16)]
        assert house.at().people() == [second.number]


def test_who_comes_then_is_somebody_else_and_opens():
    house, first, _ = two()
    house.at().move_out(first)
    third = house.move_in(3)
    assert house.opens(3)
    assert house.at().key(third, GUEST_KEY) is None
    assert house.at().people() == [2, 1]


def test_an_old_pin_opens_no_more_wherever_it_stands():
    house = House(record(LISTED), record(2))
    house.listed.put(record(7))  # the operator has listed what a resident will choose
    mine = Who(0, digest(LISTED))
    house.at().change_pin(mine, digest(7))
    assert [house.opens(LISTED), house.opens(7), house.opens(2)] == [False, True, True]
    mine = Who(house.residents.entry(digest(7)).number, digest(7))
    house.at().change_pin(mine, digest(8))
    for _ in range(2):
        assert [house.opens(LISTED), house.opens(7), house.opens(8)] == [False, False, True]
        house.start()
    house.at().move_out(Who(mine.number, digest(8)))
    assert [house.opens(LISTED), house.opens(7), house.opens(8), house.opens(2)] == [False] * 3 + [True]


def test_a_list_that_stands_in_brings_no_old_pin_back():
    house = House(record(5001, MOVE_IN))
    mine = house.move_in(1)
    house.listed.whole = False
    house.at().change_pin(mine, digest(2))
    house.listed.put(record(1))
    house.listed.whole = True
    assert [house.opens(1), house.opens(2)] == [False, True]


def test_whoever_has_a_pin_of_the_list_becomes_a_resident_with_the_first_change():
    for change in (
        lambda changes, who: changes.add_card(who, digest(20, CARD)),
        lambda changes, who: changes.set_key(who, GUEST_KEY, b"1" * 16),
        lambda changes, who: changes.remove_cards(who),
    ):
        house = House(record(LISTED), record(2))
        change(house.at(), Who(0, digest(LISTED)))
        assert house.at().people() == [1]
        assert house.residents.entry(digest(LISTED)).number == 1
        assert house.opens(LISTED)


def test_whoever_changes_the_pin_stays_in_their_place():
    house, first, _ = two()
    house.at().change_pin(first, digest(30))
    assert house.at().people() == [1, 2]


def test_all_cards_are_ones_own_alone_unless_nobody_else_lives_there():
    house, first, second = two()
    house.at().remove_cards(first)
    assert [house.opens(20, CARD), house.opens(21, CARD)] == [False, True]
    house.tend()
    assert house.opens(FOB, CARD)
    house.at().move_out(first)
    house.at().remove_cards(second)
    assert house.residents.to_do
    house.tend()
    assert [house.opens(21, CARD), house.opens(FOB, CARD)] == [False, False]
    assert [house.opens(2), house.entries()[-1][0]] == [True, 0]


def test_what_is_nobodys_alone_goes_with_the_last_who_lives_there_and_with_no_flatmate():
    """Cards and keys of a lease that had several residents in version 0.1.0."""
    for stays in (True, False):
        house, first, second = two()
        card, key = digest(40, CARD), b"k" * 16
        of_all = make(card, CREDENTIAL, 1, CARD) + make(key, GUEST_KEY, 1)
        house.at().write(lambda entry, one: entry, of_all)
        if not stays:
            house.at().move_out(second)
        house.at().remove_cards(first)
        house.at().set_key(first, GUEST_KEY, b"n" * 16)
        assert house.opens(40, CARD) == stays
        assert (key in [found for _, found in house.residents.keys()]) == stays  # noqa: SIM118


def test_of_the_lists_cards_none_goes_where_the_list_has_somebody_elses_pin():
    house = House(record(LISTED), record(2), record(FOB, kind=CARD))
    house.at().remove_cards(Who(0, digest(LISTED)))
    house.tend()
    assert house.opens(FOB, CARD)


def test_eight_residents_with_three_cards_each_and_keys_and_no_more():
    house = House(*[record(5000 + n, MOVE_IN, lease) for lease, n in ((1, 1), (2, 60))])
    people = [house.move_in(n) for n in range(1, PEOPLE_MAX + 1)]
    assert refused(lambda: house.move_in(99))
    for n, who in enumerate(people):
        for card in range(CARDS_MAX):
            house.at().add_card(who, digest(100 + n * 10 + card, CARD))
        assert refused(lambda: house.at().add_card(who, digest(999, CARD)))  # noqa: B023
    assert len(house.entries(1)) == PEOPLE_MAX * (1 + CARDS_MAX + 1)
    other = house.move_in(60, 2)
    house.at(2).add_card(other, digest(998, CARD))
    assert house.opens(60)
    assert house.opens(998, CARD)


def test_thirty_two_leases_with_everything_and_none_at_anothers_expense():
    house = House()
    for lease in range(100, 132):
        for n in range(PEOPLE_MAX):
            who = house.move_in(lease * 100 + n, lease)
            for card in range(CARDS_MAX):
                house.at(lease).add_card(who, digest(lease * 100 + n * 10 + card, CARD))
    house.start()
    for lease in range(100, 132):
        for n in range(PEOPLE_MAX):
            assert house.opens(lease * 100 + n)
            assert house.opens(lease * 100 + n * 10 + 2, CARD)


def test_of_the_list_so_many_can_be_withdrawn_for_a_lease():
    house = House(*[record(n, kind=CARD) for n in range(50)], record(90, lease=2, kind=CARD))
    for n in range(WITHDRAWN_MAX):
        house.at().withdraw(digest(n, CARD))
    assert refused(lambda: house.at().withdraw(digest(40, CARD)))
    house.at(2).withdraw(digest(90, CARD))
    house.at().withdraw(digest(3, CARD))  # it is already


def test_no_number_of_cards_that_were_withdrawn_is_in_the_way_of_who_moves_in_or_out():
    """Whoever has the lock's key can list as many for a lease as they like."""
    cards = [record(n, kind=CARD) for n in range(60)]
    house = House(*cards, record(80), record(81), *[record(5000 + n, MOVE_IN) for n in range(3)])
    house.at().withdraw_all([digest(n, CARD) for n in range(40)])
    who = house.move_in(1)
    house.at().change_pin(who, digest(2))
    listed = Who(0, digest(80))
    house.at().change_pin(listed, digest(3))
    house.at().move_out(Who(0, digest(81)))
    assert [house.opens(n) for n in (1, 2, 3)] == [False, True, True]
    assert refused(lambda: house.at().withdraw(digest(41, CARD)))
    house.at().withdraw_all([digest(n, CARD) for n in range(60)])


def test_a_seventh_home_key_is_refused_and_another_for_one_is_not():
    house = House(*[record(5000 + n, MOVE_IN) for n in range(8)])
    people = [house.move_in(n) for n in range(7)]
    for who in people[:6]:
        house.at().set_key(who, HOME_KEY, bytes([who.number]) * 16)
    assert refused(lambda: house.at().set_key(people[6], HOME_KEY, b"7" * 16))
    house.at().set_key(people[6], GUEST_KEY, b"7" * 16)
    house.at().set_key(people[0], HOME_KEY, b"a" * 16)
    assert house.at().key(people[0], HOME_KEY) == b"a" * 16
    assert house.at().key(people[1], HOME_KEY) == b"\x02" * 16


def test_a_key_is_no_credential():
    house, _, _ = two()
    assert house.residents.entry(b"\x01" * 16) is None


def test_a_key_can_be_given_up_by_one_and_for_all():
    house, first, _ = two()
    house.at().set_key(first, HOME_KEY, b"")
    assert list(house.residents.keys(HOME_KEY)) == [(2 << 16 | 1, b"B" * 16)]
    assert len(list(house.residents.keys())) == 2
    house.at().drop_keys(HOME_KEY)
    assert list(house.residents.keys(HOME_KEY)) == []
    assert len(list(house.residents.keys())) == 2
