"""A lease ends earlier only where every resident has agreed, and nobody's hour is shown by it."""

import asyncio

from people_parts import DAY, NOW, House, Who, digest, lease_of, record

from people.changes import PEOPLE_MAX
from people.entry import AGREES
from people.guard import LOCKED_OUT, SHORTENED, Guard
from people.ledger import Ledger
from roll.record import CARD, MOVE_IN

END, SOONER = NOW + 300 * DAY, NOW + 60 * DAY
CONFIRMED = (1, "end confirmed", SOONER)


class Home(House):
    """Two residents of lease 1, in the 30th hour of the lock's life; the list has a code for one more."""

    def __init__(self, *records, people=2, end=END):
        super().__init__(lease_of(end=end), record(5001, MOVE_IN), *records)
        self.tend()
        self.people = [self.move_in(n) for n in range(1, people + 1)]
        self.pass_hours(30)
        self.tend()

    def hours(self, count):
        """They pass one by one, as they do for a lock."""
        for _ in range(count):
            self.pass_hours(1)
            self.tend()

    def days(self, count):
        """The same by the hours at which days begin."""
        for _ in range(count):
            self.pass_hours(24 - self.leases.lived() % 24)
            self.tend()

    def agree(self, *who, end=SOONER):
        for one in who or self.people:
            self.consent().agree(one, end)

    def answer(self, end, now=NOW + DAY):
        """What the guard says to a list that states another end."""
        listed = dict(self.listed.records)
        listed[lease_of()[:16]] = lease_of(end=end)
        new = [(found, each_of(one)) for found, one in sorted(listed.items())]
        return asyncio.run(Guard(self.leases).check(lambda: iter(new), self.listed.each, now))

    def take(self, end):
        """A list that the guard lets pass is in force; its answer."""
        answer = self.answer(end)
        if answer is None:
            self.note(end)
            self.listed.put(lease_of(end=end))
            self.tend()
        return answer

    def note(self, end):
        """As a list that passed is noted, just before it is in force."""
        new = [(lease_of()[:16], each_of(lease_of(end=end)))]
        asyncio.run(Ledger(self.leases).note(lambda: iter(new), NOW))

    def ends(self, end, lease=1):
        """Whether it ends then, and no earlier."""
        self.pass_hours(400 * 24)
        return not self.leases.over(lease, end - 1) and self.leases.over(lease, end)

    def voices(self):
        return sum([what == AGREES for what, _, _, _ in self.entries()])


def each_of(one):
    from roll.record import Credential

    return Credential(one)


def test_all_agree_and_from_the_second_day_after_a_list_may_state_it():
    home = Home()
    home.agree()
    for hour in range(31, 80):
        home.hours(1)
        is_due = hour >= 72
        assert home.answer(SOONER) == (None if is_due else SHORTENED), hour
        assert home.told == [CONFIRMED] * is_due
    assert home.take(SOONER) is None
    assert home.ends(SOONER)


def test_nothing_happens_by_itself_and_nothing_but_that_end_is_agreed_to():
    home = Home()
    home.agree()
    home.days(2)
    for end in (1, NOW, SOONER - DAY, SOONER - 1):
        assert home.answer(end) == SHORTENED, end
    assert home.answer(SOONER + DAY) is None, "later than they agreed to"
    assert home.answer(END) is None
    assert home.answer(0) is None
    del home.listed.records[digest(5001)]
    assert home.answer(SOONER) is None
    assert home.ends(END), "no list has stated it"


def test_no_list_takes_more_than_the_time_away():
    home = Home(record(9), people=0)
    me = Who(0, digest(9))
    home.agree(me)
    home.days(2)
    assert home.answer(SOONER) is None
    held = home.listed.records.pop(digest(9))
    home_list = dict(home.listed.records)
    home.listed.put(held)
    new = [(found, each_of(one)) for found, one in sorted(home_list.items())]
    assert asyncio.run(Guard(home.leases).check(lambda: iter(new), home.listed.each, NOW)) == LOCKED_OUT


def test_one_alone_shortens_nothing_for_the_other():
    """A flatmate, or a landlord who has moved in by a code of their own and says so every day."""
    for one in (0, 1):
        home = Home()
        for day in range(40):
            if day % 5 == 0:
                home.agree(home.people[one])
            home.days(1)
            assert home.answer(SOONER) == SHORTENED
        assert (home.answer(SOONER), home.told) == (SHORTENED, [])


def test_who_lives_there_by_a_pin_or_card_of_the_list_is_asked_too():
    for kept in (record(7), record(7, kind=CARD)):
        home = Home(kept)
        home.agree()
        home.days(3)
        assert (home.answer(SOONER), home.told) == (SHORTENED, [])
    home.at().withdraw(digest(7, CARD))
    home.days(1)
    assert home.answer(SOONER) is None
    home = Home(record(7), people=1)
    home.agree(home.people[0], Who(0, digest(7)))
    home.days(2)
    assert home.answer(SOONER) is None


def test_nobody_agrees_for_a_lease_without_residents():
    home = Home(people=0)
    home.days(5)
    assert home.answer(SOONER) == SHORTENED


def test_a_pin_of_the_list_gets_a_number_by_agreeing():
    home = Home(record(7), people=0)
    me = Who(0, digest(7))
    home.agree(me)
    assert home.at().people() == [1]
    assert home.opens(7)


def test_the_latest_day_that_one_of_them_named_is_what_all_agree_to():
    home = Home()
    home.agree(home.people[0], end=SOONER)
    home.agree(home.people[1], end=SOONER + 9 * DAY)
    home.days(2)
    assert [home.answer(SOONER + days * DAY) for days in (0, 8, 9)] == [SHORTENED, SHORTENED, None]
    home.agree(home.people[1], end=SOONER)
    home.days(2)
    assert home.answer(SOONER) is None
    assert home.told == [(1, "end confirmed", SOONER + 9 * DAY), CONFIRMED]
    assert home.voices() == 2


def test_it_holds_for_thirty_days_of_the_lock_and_for_a_list_that_comes_in_them():
    home = Home()
    home.agree(home.people[0])
    home.days(20)
    home.agree(home.people[1])
    home.days(2)
    assert home.answer(SOONER) is None
    home.days(8)
    assert home.answer(SOONER) is None
    home.days(1)
    assert (home.answer(SOONER), home.told, home.voices()) == (SHORTENED, [CONFIRMED], 1)
    home.agree(home.people[0])
    home.days(2)
    assert (home.answer(SOONER), home.told) == (None, [CONFIRMED] * 2)


def test_it_can_be_taken_back_until_a_list_has_stated_it():
    home = Home()
    home.agree()
    home.days(2)
    home.consent().take_back(home.people[0])
    home.days(1)
    assert home.answer(SOONER) == SHORTENED
    home.agree(home.people[0])
    home.days(2)
    assert home.take(SOONER) is None
    home.consent().take_back(home.people[0])
    home.days(1)
    assert home.ends(SOONER)


def test_who_moves_in_has_to_agree_too_and_who_moves_out_has_not():
    home = Home()
    home.agree()
    home.days(2)
    third = home.move_in(3)
    home.days(1)
    assert home.answer(SOONER) == SHORTENED
    home.at().move_out(third)
    home.days(1)
    assert home.answer(SOONER) is None
    third = home.move_in(3)
    assert third.number == 3
    home.at().move_out(home.people[0])
    home.days(1)
    assert home.answer(SOONER) == SHORTENED
    again = home.move_in(4)
    assert again.number == 1, "the number of who has left, and not their word"
    home.agree(third)
    home.days(3)
    assert home.answer(SOONER) == SHORTENED
    home.agree(again)
    home.days(2)
    assert home.answer(SOONER) is None


def test_whoever_has_not_agreed_is_not_seen_to_leave():
    """Else the hour of a message, or of another answer, would be that of somebody at the door."""
    for hour in (1, 13, 23):
        home = Home()
        home.agree(home.people[0])
        home.days(5)
        home.hours(hour)
        home.at().move_out(home.people[1])
        answers = []
        for _ in range(48):
            home.hours(1)
            answers.append((home.answer(SOONER), len(home.told)))
        changed = answers.index((None, 1))
        assert (home.leases.lived() - 48 + 1 + changed) % 24 == 0, hour


def test_the_same_agreement_is_not_good_for_another_shortening():
    """An old list that comes again is refused by its number; a new one like it by this."""
    home = Home()
    home.agree()
    home.days(2)
    assert home.take(SOONER) is None
    home.days(1)
    assert home.voices() == 0
    assert home.take(END) is None
    for _ in range(30):
        assert home.answer(SOONER) == SHORTENED
        home.days(1)


def test_a_cut_between_the_leases_and_the_list_loses_nothing():
    """The lock has noted the earlier end, and the list in force states the later one."""
    home = Home()
    home.agree()
    home.days(2)
    home.note(SOONER)
    home.start()
    home.tend()
    assert home.answer(SOONER) is None
    assert home.take(SOONER) is None
    home.start()
    home.tend()
    assert home.ends(SOONER)


def test_it_outlives_cuts_and_each_is_whole():
    home = Home()
    home.agree(home.people[0])
    home.start()
    home.agree(home.people[1])
    for _ in range(3):
        home.start()
        home.days(1)
    assert home.answer(SOONER) is None
    home.start()
    assert home.answer(SOONER) is None
    assert home.told == [CONFIRMED]


def test_no_clock_plays_a_part():
    for now in (None, 1, NOW + 290 * DAY, END + 900 * DAY):
        home = Home()
        home.agree()
        for _ in range(2):
            home.pass_hours(24 - home.leases.lived() % 24)
            home.tend(now)
        assert home.answer(SOONER) is None
        assert home.answer(SOONER - 1) == SHORTENED
        assert not home.leases.over(1, END + DAY)


def test_a_lease_that_is_shorter_is_no_sooner_over_by_a_clock_that_lies():
    home = Home()
    home.agree()
    home.days(2)
    home.take(SOONER)
    assert not home.leases.over(1, END)
    home.pass_hours(50 * 24)
    assert not home.leases.over(1, END)
    home.pass_hours(10 * 24)
    assert home.leases.over(1, SOONER)


def test_a_lease_without_an_end_gets_one():
    home = Home(end=0)
    assert home.answer(SOONER) == SHORTENED
    home.agree()
    home.days(2)
    assert home.take(SOONER) is None
    assert home.ends(SOONER)


def test_each_lease_is_one_of_its_own():
    home = Home(
        lease_of(2, end=END), lease_of(5, end=END), record(5009, MOVE_IN, 2), record(5010, MOVE_IN, 5)
    )
    others = [home.move_in(8, 2), home.move_in(9, 5)]  # lease 5 lies on the shelf of 1
    home.agree()
    home.days(2)
    assert home.answer(SOONER) is None
    listed = dict(home.listed.records)
    listed[lease_of(5)[:16]] = lease_of(5, end=SOONER)
    new = [(found, each_of(one)) for found, one in sorted(listed.items())]
    assert asyncio.run(Guard(home.leases).check(lambda: iter(new), home.listed.each, NOW)) == SHORTENED
    home.consent(5).agree(others[1], SOONER)
    home.days(2)
    assert home.told == [CONFIRMED, (5, "end confirmed", SOONER)]
    assert asyncio.run(Guard(home.leases).check(lambda: iter(new), home.listed.each, NOW)) is None


def test_is_earlier_is_earlier():
    home = Home()
    assert [home.consent().is_earlier(END + n) for n in (-1, 0, 1)] == [True, False, False]
    assert not home.consent(9).is_earlier(1)
    assert Home(end=0).consent().is_earlier(END)


def test_each_resident_has_one_word_and_eight_have_eight():
    home = Home(people=PEOPLE_MAX)
    for _ in range(3):
        home.agree()
    assert home.voices() == PEOPLE_MAX
    home.days(2)
    assert home.answer(SOONER) is None


def test_a_list_that_stands_in_decides_nothing():
    home = Home()
    home.agree()
    home.listed.whole = False
    home.days(5)
    assert (home.answer(SOONER), home.told) == (SHORTENED, [])
    home.listed.whole = True
    home.days(1)
    assert home.answer(SOONER) is None


def test_the_operator_is_told_once_there_is_somebody_to_tell():
    home = Home()
    home.agree()
    home.hears = False
    home.days(2)
    home.start()
    assert (home.told, home.answer(SOONER)) == ([], None)
    home.hears = True
    home.hours(3)
    assert home.told == [CONFIRMED]
