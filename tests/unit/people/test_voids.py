"""Notice at the door: what nobody uses is void after some weeks, what is used stays, and both are told."""

import asyncio

from people_parts import DAY, NOW, House, Listed, Who, digest, lease_of, record

from people.approval import approve
from people.decisions import give_up
from people.entry import GUEST_KEY, STAYS
from people.notices import GRANTED, NEW_WAY_IN, NOTICED, at_entry
from roll.record import CARD, MOVE_IN

FOB, OTHER = 60, 61


class Flat(House):
    """Three residents, who came one after the other, and two cards of the list; the second gives notice."""

    def __init__(self, giver=1):
        super().__init__(
            lease_of(end=NOW + 900 * DAY),
            *[record(5001 + n, MOVE_IN) for n in range(3)],
            record(FOB, kind=CARD),
            record(OTHER, kind=CARD),
        )
        self.tend()
        self.people = [self.move_in(n) for n in (1, 2, 3)]
        for who in self.people:
            who.lease = 1
            self.at().add_card(who, digest(20 + who.number, CARD))
            self.at().set_key(who, GUEST_KEY, bytes([who.number]) * 16)
        self.pass_hours(1)
        self.voids().give(self.people[giver], self.leases.lived())

    def comes(self, who):
        return at_entry(self.register, who)

    def by_card(self, n):
        who = Who(0, digest(n, CARD))
        who.lease = 1
        return self.comes(who)

    def days(self, count):
        self.pass_hours(24 * count)
        self.start()
        self.tend()

    def ways(self):
        return [self.opens(n) for n in (1, 2, 3)] + [self.opens(n, CARD) for n in (21, 22, 23, FOB, OTHER)]


def test_after_21_days_who_came_later_is_out_and_after_90_who_was_there_before():
    flat = Flat()
    flat.days(20)
    assert flat.ways() == [True] * 8
    flat.days(1)
    assert flat.ways() == [True, True, False, True, True, False, True, True]
    assert sorted([found[1][0] for found in flat.residents.keys()]) == [1, 2]  # noqa: SIM118
    flat.days(68)
    assert flat.ways()[0]
    flat.days(1)
    assert flat.ways() == [False, True, False, False, True, False, False, False]
    assert flat.at().people() == [2]


def test_the_first_voids_the_lists_cards_after_21_days():
    flat = Flat(giver=0)
    flat.days(21)
    assert flat.ways() == [True, False, False, True, False, False, False, False]


def test_whoever_comes_meanwhile_stays_whole_and_both_are_told_once():
    flat = Flat()
    first, giver, third = flat.people
    assert [flat.comes(third) for _ in range(2)] == [NOTICED, GRANTED]
    assert [flat.comes(giver) for _ in range(2)] == [NOTICED, GRANTED]
    flat.days(90)
    assert flat.ways() == [False, True, True, False, True, True, False, False]
    assert first.number not in flat.at().people()
    assert [flat.comes(giver) for _ in range(2)] == [NOTICED, GRANTED]


def test_whoever_comes_by_phone_alone_stays_and_is_told_when_they_have_a_pin_or_card_in_hand():
    """Some never type their PIN; and who holds the phone may be another, who is told nothing."""
    flat = Flat()
    _, giver, third = flat.people
    phone = Who(third.number, b"")
    assert [flat.comes(phone) for _ in range(3)] == [GRANTED] * 3
    assert [flat.comes(giver) for _ in range(2)] == [NOTICED, GRANTED]
    flat.days(21)
    assert [flat.comes(phone) for _ in range(2)] == [GRANTED] * 2
    assert flat.ways()[2:3] + flat.ways()[5:6] == [True, True]
    assert [flat.comes(third) for _ in range(2)] == [NOTICED, GRANTED]
    flat.days(69)
    assert flat.ways() == [False, True, True, False, True, True, False, False]


def test_a_phone_whose_key_is_nobodys_alone_changes_nothing():
    flat = Flat()
    before = flat.entries()
    assert flat.comes(Who(0, b"")) == GRANTED
    assert flat.entries() == before


def test_of_the_lists_cards_each_stays_that_was_used():
    flat = Flat()
    assert [flat.by_card(FOB) for _ in range(2)] == [NOTICED, GRANTED]
    flat.days(90)
    assert flat.ways()[6:] == [True, False]


LATE = 62


def bring(flat, *records):
    """A list that adds these."""
    new = Listed()
    new.put(*flat.listed.records.values())
    new.put(*records)
    asyncio.run(approve(new.each, None, 0, flat.register))
    flat.listed.put(*records)


def test_what_the_list_brings_meanwhile_had_no_notice_and_stays():
    for used in (False, True):
        flat = Flat(giver=0)
        flat.days(20)
        bring(flat, record(LATE, kind=CARD), record(70, lease=5, kind=CARD), lease_of(5))
        flat.start()  # the power was cut
        assert flat.opens(LATE, CARD)
        if used:
            assert [flat.by_card(LATE) for _ in range(3)].count(NOTICED) == 1  # both are told, as ever
        flat.days(1)
        assert flat.ways()[6:] == [False, False]  # those that had notice
        assert flat.opens(LATE, CARD)
        flat.days(100)
        assert flat.opens(LATE, CARD)
        assert flat.opens(70, CARD)
        flat.voids().give(flat.people[0], flat.leases.lived())
        flat.days(21)
        assert not flat.opens(LATE, CARD)


def test_a_list_that_comes_again_notes_nothing_twice():
    flat = Flat(giver=0)
    new = Listed()
    new.put(*flat.listed.records.values())
    new.put(*[record(100 + n, kind=CARD) for n in range(20)])
    for _ in range(5):  # approved each time, and not put in force: the power was cut, or the flash was full
        asyncio.run(approve(new.each, None, 0, flat.register))
    assert [one.what for _, one in flat.voids().ours()].count(STAYS) == 20
    flat.listed.put(*new.records.values())
    flat.days(21)
    assert flat.ways()[6:] == [False, False]
    assert all(flat.opens(100 + n, CARD) for n in range(20))


def test_more_than_can_be_noted_ends_the_notice_to_what_the_list_has():
    flat = Flat()
    bring(flat, *[record(100 + n, kind=CARD) for n in range(30)])
    flat.days(1)
    bring(flat, *[record(130 + n, kind=CARD) for n in range(3)])
    assert [flat.comes(flat.people[1]) for _ in range(2)] == [NOTICED, NEW_WAY_IN]
    flat.days(90)
    assert flat.ways()[6:] == [True, True]
    assert flat.ways()[0] is False  # flatmates had notice all the same
    assert all(flat.opens(100 + n, CARD) for n in range(33))
    assert len(list(flat.voids().ours())) < 20


def test_what_comes_to_a_lease_that_was_left_has_notice_of_its_own():
    flat = Flat()
    for who in flat.people:
        give_up(flat.leases, 1)
        flat.at().move_out(who)
    flat.days(2)
    flat.days(19)
    bring(flat, record(LATE, kind=CARD))
    flat.days(2)
    assert [flat.opens(n, CARD) for n in (FOB, OTHER, LATE)] == [False, False, True]
    flat.days(19)
    assert (flat.opens(LATE, CARD), flat.leases.over(1, None)) == (True, False)
    flat.days(2)
    flat.days(1)
    assert flat.leases.over(1, None)


def test_notice_is_no_shorter_if_given_again_and_goes_with_who_gave_it():
    flat = Flat()
    flat.days(20)
    flat.voids().give(flat.people[1], flat.leases.lived())
    flat.days(1)
    assert not flat.opens(3)
    flat = Flat()
    flat.at().move_out(flat.people[1])
    flat.days(90)
    assert flat.ways() == [True, False, True, True, False, True, True, True]


def test_a_landlord_who_has_moved_in_voids_nothing_of_who_comes_and_goes():
    flat = Flat(giver=2)
    for _ in range(10):
        flat.days(12)
        for who in flat.people[:2]:
            flat.comes(who)
        flat.by_card(FOB)
    assert flat.ways()[:5] == [True] * 5
    assert flat.ways()[6]


def test_another_lease_is_none_of_this():
    flat = Flat()
    flat.listed.put(record(70, lease=5, kind=CARD), lease_of(5), record(5009, MOVE_IN, 5))
    flat.move_in(9, 5)
    flat.days(90)
    assert flat.opens(9)
    assert flat.opens(70, CARD)


def test_a_lease_that_was_left_ends_once_its_cards_have_passed_notice():
    flat = Flat()
    for who in flat.people:
        give_up(flat.leases, 1)
        flat.at().move_out(who)
    flat.days(2)
    flat.days(20)
    assert (flat.opens(FOB, CARD), flat.leases.over(1, None)) == (True, False)
    flat.days(2)
    flat.days(1)
    assert flat.leases.over(1, None)
    assert flat.told == [(1, "given up")]


def test_a_card_that_is_used_keeps_it():
    flat = Flat()
    for who in flat.people:
        give_up(flat.leases, 1)
        flat.at().move_out(who)
    flat.days(2)
    assert flat.by_card(FOB) == NOTICED
    for _ in range(5):
        flat.days(30)
    assert flat.ways()[6:] == [True, False]
    assert not flat.leases.over(1, None)
    assert flat.told == []
