"""A list may have any number of cards for a lease: what is decided of them is done in parts, to the end."""

from people_parts import DAY, NOW, House, Who, digest, lease_of, record

from people import decisions
from people.cards import Cards
from people.notices import at_entry
from roll.record import CARD, MOVE_IN

CARDS = range(100, 195)
MOST = 32  # of people/decisions.py
ROUNDS = (len(CARDS) + MOST) // MOST


class Counted(Cards):
    """As Cards, and notes how many are withdrawn at a time."""

    parts = []

    def withdraw_all(self, digests):
        self.parts.append(len(digests))
        super().withdraw_all(digests)


class Flat(House):
    def __init__(self, *records):
        super().__init__(
            lease_of(end=NOW + 900 * DAY), record(5001, MOVE_IN), record(5002, MOVE_IN), *records
        )
        self.listed.put(*[record(n, kind=CARD) for n in CARDS])
        self.tend()
        self.first = self.move_in(1)
        self.pass_hours(1)

    def goes_on(self, power_fails=False):
        """Rounds of housekeeping as long as there is something to do; how many."""
        decisions.Cards, Counted.parts = Counted, []
        rounds, self.residents.to_do = 0, True
        while self.residents.to_do and rounds < 20:
            self.residents.to_do = False
            rounds += 1
            self.tend()
            if power_fails:
                self.start()
                self.residents.to_do = rounds < ROUNDS
        assert max(Counted.parts or [0]) <= MOST
        return rounds

    def cards(self):
        return [n for n in CARDS if self.opens(n, CARD)]


def test_all_are_removed_by_30():
    for power_fails in (False, True):
        flat = Flat()
        flat.at().remove_cards(flat.first)
        assert flat.goes_on(power_fails) == ROUNDS
        assert flat.cards() == []
        assert flat.opens(1)
        assert flat.goes_on() == 1


def test_all_are_void_after_notice_but_those_that_were_used():
    for power_fails in (False, True):
        flat = Flat()
        flat.voids().give(flat.first, flat.leases.lived())
        used = (100, 131, 132, 194)
        for n in used:
            at_entry(flat.register, Who(0, digest(n, CARD), 1))
        flat.pass_hours(24 * 90)
        flat.start()
        assert flat.goes_on(power_fails) == ROUNDS
        assert flat.cards() == list(used)
        assert flat.opens(1)
        assert flat.goes_on() == 1
        assert flat.cards() == list(used)


def test_one_that_comes_while_they_are_being_removed_stays_after_notice():
    flat = Flat()
    flat.voids().give(flat.first, flat.leases.lived())
    flat.pass_hours(24 * 90)
    flat.start()
    flat.tend()
    assert len(flat.cards()) == len(CARDS) - MOST
    last = flat.cards()[-1]
    at_entry(flat.register, Who(0, digest(last, CARD), 1))
    flat.goes_on()
    assert flat.cards() == [last]


def test_a_flatmate_with_a_pin_of_the_list_keeps_the_cards_however_many_come_before_it():
    for n in range(3000, 3040):  # by their digests some come before the cards, and some behind
        flat = Flat(record(n))
        flat.at().remove_cards(flat.first)
        flat.goes_on()
        assert flat.cards() == list(CARDS)
