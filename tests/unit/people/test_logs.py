"""A resident's log holds what concerns them, no flatmate's comings, and for no longer than they want."""

import asyncio
import gc
import os
import struct

from log_parts import LogPhone
from people_parts import NOW, House, Who, lease_of, record

from access.decide import GUEST
from log.entry import (
    ALARM,
    BY_GUEST,
    BY_PHONE,
    ENTRIES,
    LIST_REFUSED,
    LOGS,
    NEW_WAY,
    NOTES_MAX,
    STAFF_IN,
    UNTOLD,
    WRONG_CODE,
)
from log.rings import PATH
from people.approval import approve
from people.entry import LOG, NoPlace
from people.logs import close, hand_over, move_on
from people.notices import renew
from people.register import Register
from roll.credentials import BadList
from roll.record import CARD, PHONE, PIN, STAFF, TENANT
from version import VERSION

KEY = b"a key of its own"
DAY = 24
NIGHTLY = os.getenv("MENSHEN_NIGHTLY")


class Flat(House):
    """Lease 1 has three residents; `now` is the lock's clock."""

    def __init__(self, **more):
        gc.collect()  # a file of the flash before that is open yet must not be closed in this one
        super().__init__(record(900), record(901), lease_of(1, NOW, NOW + 90 * 86_400), **more)
        self.people = [self.move_in(n) for n in (1, 2, 3)]

    def start(self):
        super().start()
        self.now = NOW
        self.register = Register(self.listed, self.residents, self.leases, False, lambda: self.now)

    def note(self, kind, who=0, detail=0, lease=1, role=TENANT):
        """Somebody has come in: a resident, their guest, or what is nobody's alone."""
        number = who.number if who else 0
        self.register.note(kind | role << 4, 1, detail, lease, number)

    def taps(self, who, phone, days=0):
        return phone.read(hand_over(self.register, who, days, bytes((who.number,)) * 16))

    def hours(self, count=1):
        for _ in range(count):
            move_on(self.register)
            self.now += 3600

    def whats(self, who, phone):
        return [(what, more, detail) for _, what, more, detail in self.taps(who, phone).entries]


def file():
    with open(PATH, "rb") as one:
        return one.read()


def test_off_until_it_is_asked_for_nothing_is_noted():
    flat = Flat()
    one = flat.people[0]
    for kind in (PIN, CARD, ALARM, WRONG_CODE):
        flat.note(kind, one)
        flat.register.note(kind)
    assert flat.register.noted == b""
    phone = LogPhone()
    assert flat.whats(one, phone) == []
    flat.hours(3)
    assert flat.whats(one, phone) == []


def test_each_reads_their_own_ways_in_and_what_concerns_all_and_no_flatmates():
    flat = Flat()
    one, two, three = flat.people
    phones = [LogPhone(), LogPhone()]
    for who, phone in zip((one, two), phones):
        flat.taps(who, phone)
    flat.note(PIN, one, 0xDEAD)  # what the digest of a PIN begins with is in no log
    flat.note(CARD, two, 0x1234)
    flat.note(PIN, one, role=GUEST)
    flat.note(PHONE, one)
    flat.note(PHONE, two)
    flat.note(PIN, three)
    flat.note(PIN, one, lease=2)
    flat.note(CARD, None, 0x5678)  # nobody's alone, and three live there
    flat.note(PIN, None, 0xABCD, 0, STAFF)
    flat.hours()
    flat.register.note(ALARM, 2)
    common = [(ALARM, 2, 0), (STAFF_IN, 0x12, 0xABCD)]
    assert flat.whats(one, phones[0]) == common + [(BY_PHONE, 1, 0), (BY_GUEST, 1, 0), (PIN, 1, 0)]
    assert flat.whats(two, phones[1]) == common + [(BY_PHONE, 1, 0), (CARD, 1, 0x1234)]
    flat.hours(200)
    assert flat.whats(two, phones[1]) == common + [(BY_PHONE, 1, 0), (CARD, 1, 0x1234)]


def test_who_lives_alone_reads_of_the_lists_cards_too():
    house = House()
    one, phone = house.move_in(1), LogPhone()
    phone.read(hand_over(house.register, one, 0, KEY))
    house.register.note(CARD | TENANT << 4, 1, 0x5678, 1)
    move_on(house.register)
    phone.read(hand_over(house.register, one, 0, KEY))
    assert phone.entries == [(0, CARD, 1, 0x5678)]


def test_a_phone_that_comes_later_reads_what_comes_later():
    flat = Flat()
    one, first, second = flat.people[0], LogPhone(), LogPhone()
    flat.taps(one, first)
    flat.note(PIN, one)
    flat.hours(2)
    flat.taps(one, second)
    assert second.entries == []
    flat.note(CARD, one)
    flat.hours(2)
    assert [entry[1] for entry in flat.taps(one, second).entries] == [CARD]
    assert [entry[1] for entry in flat.taps(one, first).entries] == [CARD, PIN]


def test_the_page_is_told_lease_firmware_and_clock():
    flat = Flat()
    flat.tend()
    about = flat.taps(flat.people[1], LogPhone()).about
    assert about[0] == 1
    assert ".".join([str(part) for part in about[1:4]]) == VERSION
    assert about[4:8] == (1, NOW, NOW + 90 * 86_400, NOW)
    assert about[8:] == (30, 0, 0)


def test_an_entry_is_gone_after_the_days_that_were_asked_for():
    for days in (1, 2, 7, 9, 30) if NIGHTLY else (1, 4):
        for busy in (0, 1, 5) if NIGHTLY else (0, 5):
            flat = Flat()
            one, phone = flat.people[0], LogPhone()
            flat.taps(one, phone, days)
            for _ in range(ENTRIES // 2):
                flat.note(CARD, one)
            for day in range(2 * days):
                for hour in range(DAY):
                    if hour < busy:
                        flat.note(PIN, one)
                    flat.hours()
                if day == 0 and days > 1:
                    assert CARD in [entry[1] for entry in flat.taps(one, phone).entries]
                if day >= days:
                    left = flat.taps(one, phone, 0).entries
                    assert CARD not in [entry[1] for entry in left], (days, busy, day)
                    assert all(entry[0] >= flat.now - (days + 1) * 86_400 for entry in left)


def test_with_so_few_a_day_each_stays_for_nearly_as_long_as_was_asked_for():
    for days, least in ((30, 24), (7, 6)) if NIGHTLY else ((7, 6),):
        flat = Flat()
        one, phone = flat.people[0], LogPhone()
        flat.taps(one, phone, days)
        for _ in range(days * DAY):
            if not flat.now // 3600 % 24:
                flat.note(PIN, one)
            flat.hours()
        assert len(flat.taps(one, phone).entries) >= least


def test_days_can_be_changed_and_what_is_there_stays():
    flat = Flat()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    flat.note(PIN, one)
    flat.hours()
    assert flat.taps(one, phone, 7).about[8] == 7
    assert len(phone.entries) == 1
    assert flat.taps(one, phone).about[8] == 7
    assert len([e for e in flat.entries(1) if e[0] == LOG]) == 1


def test_it_is_erased_when_asked_for_and_by_moving_out_and_with_the_lease():
    def asks(flat, who):
        close(flat.register, who)

    def moves_out(flat, who):
        flat.at().move_out(who)
        close(flat.register)

    def ends(flat, who):
        flat.at().clear()
        move_on(flat.register)

    for how in (asks, moves_out, ends):
        flat = Flat()
        one, two, phone = flat.people[0], flat.people[1], LogPhone()
        flat.taps(one, phone)
        flat.taps(two, LogPhone())
        flat.note(PIN, one)
        flat.hours(2)
        before = file()
        how(flat, one)
        after = file()
        assert len(after) == len(before)
        first = [before[at : at + 16] for at in range(4, 4 + 992, 16)]
        assert not any(part in after for part in first), how
        if how is not ends:
            assert after[4 + 992 : 4 + 2 * 992] == before[4 + 992 : 4 + 2 * 992], "a flatmate's stays"


def test_only_so_many_keep_one_and_the_place_of_who_leaves_is_free():
    flat = Flat()
    more = [flat.move_in(n) for n in (4, 5)]
    for who in flat.people + more[:1]:
        flat.taps(who, LogPhone())
    try:
        flat.taps(more[1], LogPhone())
        raise AssertionError
    except NoPlace:
        pass
    assert len([e for e in flat.entries() if e[0] == LOG]) == LOGS
    close(flat.register, flat.people[2])
    flat.taps(more[1], LogPhone())


def test_a_stranger_at_the_keypad_drives_nothing_out():
    flat = Flat()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    flat.note(PIN, one)
    for _ in range(22):  # as the throttle lets them
        flat.register.note(WRONG_CODE, 1, 0xFFFF, 1, 1)
    assert flat.whats(one, phone) == [(WRONG_CODE, 22, 0), (PIN, 1, 0)]


def test_more_in_an_hour_than_there_is_place_for_is_said():
    flat = Flat()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    for _ in range(NOTES_MAX + 9):
        flat.note(PIN, one)
    assert flat.whats(one, phone)[0] == (UNTOLD, 1, 0)
    assert len(phone.entries) == NOTES_MAX + 1
    flat.hours()
    assert len(flat.taps(one, phone).entries) == ENTRIES


def test_a_list_that_wants_to_take_something_away_is_in_it_once_in_an_hour():
    flat = Flat()
    flat.listed.put(*[record(n) for n in (70, 71)])
    flat.tend()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    for _ in range(3):
        try:
            asyncio.run(approve(lambda: iter([]), NOW, NOW, flat.register))
            raise AssertionError
        except BadList:
            pass
    assert flat.whats(one, phone) == [(LIST_REFUSED, 1, 0)]


def test_a_new_way_in_is_in_it_where_the_door_is_a_houses_for_ones_own_lease():
    flat = Flat()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    renew(flat.register, (1,))
    renew(flat.register, (2,))
    assert flat.whats(one, phone) == [(NEW_WAY, 1, 2), (NEW_WAY, 1, 1)]
    flat.hours()
    flat.register.shared = True
    renew(flat.register, (2,))
    renew(flat.register, (1,))
    assert flat.whats(one, phone) == [(NEW_WAY, 1, 1), (NEW_WAY, 1, 2), (NEW_WAY, 1, 1)]


def test_what_finds_no_memory_is_not_noted_and_the_door_goes_on():
    flat, phone = Flat(), LogPhone()
    who = flat.people[0]
    flat.taps(who, phone)

    def now():
        raise MemoryError

    flat.register.now = now
    flat.note(PIN, who)  # as door/doorkeeper.py does, between the grant and the light
    flat.register.now = lambda: flat.now
    flat.note(CARD, who)
    assert [what for what, *_ in flat.whats(who, phone)] == [CARD]


def test_who_has_a_pin_of_the_list_gets_a_number_with_it():
    flat = House(record(900))
    who = Who(0, record(900)[:16])
    hand_over(flat.register, who, 0, KEY)
    assert [e[0] for e in flat.entries()] == [2, LOG]


def test_it_outlives_a_power_cut_but_for_the_hour():
    flat = Flat()
    one, phone = flat.people[0], LogPhone()
    flat.taps(one, phone)
    flat.note(PIN, one)
    flat.hours()
    flat.note(CARD, one)
    flat.start()
    assert flat.whats(one, phone) == [(PIN, 1, 0)]


def test_what_is_handed_over_says_when_it_was_not_whole():
    flat = Flat()
    told = hand_over(flat.register, flat.people[0], 0, KEY)
    assert len(told) == 40 + 960 + 4
    assert struct.unpack_from("<I", told, 20) == (0,)
