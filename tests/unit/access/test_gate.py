"""From what is presented to a verdict: who is asked, in which order, and what is counted."""

import asyncio

from access.decide import (
    ASKING,
    EXPIRED,
    GRANTED,
    GUESTS,
    MOVING_IN,
    NO_CLOCK,
    OUTSIDE,
    THROTTLED,
    TOO_EARLY,
    UNKNOWN,
    USED_UP,
)
from access.gate import Gate
from people import notices
from people.entry import CREDENTIAL, OWNER, WITHDRAWN
from people.register import Register
from roll.record import CARD, PHONE, PIN
from storage.hmac import Mac

MAC = Mac(bytes(32))
TENANT, STAFF, MOVE_IN, LEASE, PASSAGE = 1, 2, 3, 4, 7


class Record:
    """`span`: not before, and not after; 0 for ever."""

    def __init__(self, role=TENANT, kind=PIN, lease=7, span=(0, 0), schedule=0, uses=0):
        self.role, self.kind, self.lease, self.schedule, self.uses = role, kind, lease, schedule, uses
        self.not_before, self.not_after = span


class World:
    """All that the gate asks, in one; notes what it is told, in order."""

    def __init__(self, plain_uid=True):
        self.listed, self.own, self.given_up, self.ended = {}, {}, set(), set()
        self.begun_leases = set()
        self.wait, self.time, self.notes = 0, None, []
        table = self.table = Table(self.own, self.given_up)
        self.open_hours, self.uses_left, self.guests_verdict = True, True, (UNKNOWN, 0, False)
        self.register = Register(Finder(self), table, self)
        self.gate = Gate(self.register, self, self, self, MAC, plain_uid)

    def judge_guest(self, digits):
        """The verdict on what nobody has as a PIN."""
        verdict = self.gate.pin(digits, 0)
        assert (verdict.reason, verdict.granted) == (GUESTS, False)
        asyncio.run(self.gate.guest(verdict, digits))
        return verdict

    def put(self, where, value, record):
        where[MAC.digest(bytes([record.kind]), value)[:16]] = record

    def now(self):
        return self.time

    def over(self, lease, now):
        return lease in self.ended

    def begun(self, lease, since):
        return (lease, since) in self.begun_leases

    def in_hours(self, schedule, now):
        self.notes.append("schedule %d" % schedule)
        return self.open_hours

    def count_use(self, digest, most):
        self.notes.append("take %d" % most)
        return self.uses_left

    async def guest(self, digits, now):
        self.notes.append("guest")
        return self.guests_verdict

    def take_back(self):
        self.notes.append("take back")

    def left_ms(self, now):
        return self.wait

    def count(self, now):
        self.notes.append("count")
        return True


class Finder:
    def __init__(self, world):
        self.world = world

    def find(self, digest):
        self.world.notes.append("find")
        return self.world.listed.get(digest)


class Table:
    def __init__(self, own, given_up):
        self.own, self.given_up, self.owners = own, given_up, {}
        self.greeted = []

    def find(self, digest, purpose, value):
        assert MAC.digest(purpose, value)[:16] == digest
        if digest in self.given_up:
            return Entry(WITHDRAWN)
        if digest in self.owners:
            return Entry(OWNER, self.owners[digest])
        found = self.own.get(digest)
        return found and Entry(CREDENTIAL, 2, found.lease)


class Entry:
    """What the table of residents has of a digest."""

    def __init__(self, what, number=0, lease=0):
        self.what, self.number, self.lease = what, number, lease


def test_a_code_is_counted_before_it_is_looked_up():
    world = World()
    world.put(world.listed, b"2468", Record())
    assert world.gate.pin(b"2468", 0).reason == GRANTED
    assert world.notes == ["count", "find", "take back"]


def test_while_the_keypad_waits_nothing_is_looked_at():
    world = World()
    world.wait = 1
    assert world.gate.pin(b"2468", 0).reason == THROTTLED
    assert world.notes == []


def test_the_throttle_is_never_in_a_cards_way():
    world = World()
    world.wait = 300_000
    world.put(world.listed, b"\x04abcdef", Record(kind=CARD))
    assert world.gate.card(b"\x04abcdef").granted
    assert "count" not in world.notes


def test_a_code_of_a_wrong_length_counts_and_is_unknown():
    for digits in (b"123", b"12345678901"):
        world = World()
        assert world.gate.pin(digits, 0).reason == UNKNOWN
        assert world.notes == ["count"]


def test_plain_cards_open_only_where_the_settings_say_so():
    world = World(plain_uid=False)
    world.put(world.listed, b"\x04abcdef", Record(kind=CARD))
    assert world.gate.card(b"\x04abcdef").reason == UNKNOWN


def test_a_residents_own_pin_opens_without_the_list():
    world = World()
    world.put(world.own, b"2468", Record())
    verdict = world.gate.pin(b"2468", 0)
    assert (verdict.granted, verdict.role, verdict.lease, verdict.number) == (True, TENANT, 7, 2)
    assert "find" not in world.notes


def test_a_pin_of_the_list_that_a_resident_owns_opens_as_theirs():
    world = World()
    world.put(world.listed, b"2468", Record())
    assert world.gate.pin(b"2468", 0).number == 0
    world.table.owners[MAC.digest(b"\x01", b"2468")[:16]] = 5
    verdict = world.gate.pin(b"2468", 0)
    assert (verdict.granted, verdict.role, verdict.lease, verdict.number) == (True, TENANT, 7, 5)
    world.listed.clear()
    assert not world.gate.pin(b"2468", 0).granted


def test_what_is_new_is_looked_up_for_those_alone_to_whom_something_may_be_shown():
    world = World()
    notices.at_entry = lambda register, who: "new way in" if register is world.register else ""
    world.put(world.own, b"2468", Record())
    verdict = world.gate.pin(b"2468", 0)
    assert world.gate.greeting(verdict) == "new way in"
    phone = world.gate.remote(7 | 3 << 16, b"", PHONE)
    assert world.gate.greeting(phone) == "new way in", "notices.py knows that it is a phone"
    world.table.greeted.append(verdict.digest)
    assert world.gate.greeting(verdict) == GRANTED

    def none(*_):
        raise MemoryError

    world.table.greeted.clear()
    notices.at_entry = none
    assert world.gate.greeting(verdict) == GRANTED


def test_what_its_owner_gave_up_opens_no_more():
    world = World()
    world.put(world.listed, b"2468", Record())
    world.given_up.add(MAC.digest(b"\x01", b"2468")[:16])
    assert world.gate.pin(b"2468", 0).reason == UNKNOWN


def test_the_clock_alone_shuts_no_tenant_out():
    world = World()
    world.time = 2_000_000_000
    world.put(world.listed, b"2468", Record(span=(0, 1_900_000_000)))
    assert world.gate.pin(b"2468", 0).granted
    world.ended.add(7)
    assert world.gate.pin(b"2468", 0).reason == EXPIRED
    world.put(world.own, b"8642", Record())
    assert world.gate.pin(b"8642", 0).reason == EXPIRED


def test_a_move_in_code_opens_nothing_by_whatever_clock():
    world = World()
    world.begun_leases.add((7, 1_900_000_000))
    world.put(world.listed, b"2468", Record(MOVE_IN, span=(1_900_000_000, 1_950_000_000)))
    for world.time in (None, 1_000_000_000, 1_900_000_000, 2_000_000_000):
        assert world.gate.pin(b"2468", 0).reason == MOVING_IN
    world.ended.add(7)
    assert world.gate.pin(b"2468", 0).reason == EXPIRED


def test_a_clock_set_back_shuts_nobody_out_whose_lease_had_begun():
    world = World()
    world.time = 1_000_000_000
    world.put(world.listed, b"2468", Record(span=(1_900_000_000, 0)))
    assert world.gate.pin(b"2468", 0).reason == TOO_EARLY
    world.begun_leases.add((7, 1_900_000_000))
    assert world.gate.pin(b"2468", 0).granted
    world.ended.add(7)
    assert world.gate.pin(b"2468", 0).reason == EXPIRED


def test_what_was_found_over_stays_over_where_the_clock_is_unknown():
    world = World()
    world.ended.add(7)
    for record in (Record(), Record(MOVE_IN)):
        world.put(world.listed, b"2468", record)
        assert world.gate.pin(b"2468", 0).reason == EXPIRED
    world.put(world.own, b"8642", Record())
    assert world.gate.pin(b"8642", 0).reason == EXPIRED


def test_the_clock_does_end_what_staff_may():
    world = World()
    world.time = 2_000_000_000
    world.put(world.listed, b"2468", Record(STAFF, span=(0, 1_900_000_000)))
    assert world.gate.pin(b"2468", 0).reason == EXPIRED


def test_an_alarm_is_due_for_wrong_codes_alone():
    world = World()
    world.put(world.own, b"2468", Record())
    world.put(world.listed, b"1357", Record(MOVE_IN))
    for digits in (b"2468", b"1357"):
        assert not world.gate.pin(digits, 0).begins_throttle
    assert not world.gate.pin(b"2468", 0, b"1").begins_throttle
    for digits in (b"9999", b"1"):
        assert world.gate.pin(digits, 0).begins_throttle


ORDERS = b"1", b"2", b"3", b"30", b"4", b"40", b"6", b"60", b"8", b"80", b"87", b"9"


def test_a_tenants_pin_before_a_number_asks_and_opens_nothing():
    for where in ("own", "listed"):
        for number in ORDERS:
            world = World()
            world.put(getattr(world, where), b"2468", Record())
            verdict = world.gate.pin(b"2468", 0, number)
            assert (verdict.reason, verdict.granted) == (ASKING, False)
            assert (verdict.order, verdict.lease) == (int(number), 7)
            assert verdict.digest == MAC.digest(b"\x01", b"2468")[:16]
            assert world.notes[-1] == "take back"


def test_an_unknown_number_an_empty_one_and_a_wrong_pin_are_one_and_the_same():
    tried = [
        (b"2468", n) for n in (b"", b"0", b"70", b"90", b"10", b"01", b"03", b"33", b"880", b"08", b"99")
    ]
    tried += [(digits, n) for digits in (b"8642", b"123", b"12345678901") for n in ORDERS + (b"", b"77")]
    for digits, number in tried:
        world = World()
        world.put(world.own, b"2468", Record())
        verdict = world.gate.pin(digits, 0, number)
        assert (verdict.reason, verdict.granted, verdict.begins_throttle) == (UNKNOWN, False, True)
        assert world.notes in (["count"], ["count", "find"])


def test_nobody_but_a_tenant_asks_and_nothing_of_theirs_is_used_up():
    for role in (STAFF, PASSAGE, MOVE_IN, LEASE):
        for number in ORDERS:
            world = World()
            world.time = 2_000_000_000
            world.put(world.listed, b"2468", Record(role, schedule=3, uses=2))
            assert world.gate.pin(b"2468", 0, number).reason == UNKNOWN
            assert world.notes == ["count", "find"]
    world = World()
    world.guests_verdict = (GRANTED, 7, True)
    assert world.gate.pin(b"123456780", 0, b"1").reason == UNKNOWN
    assert world.notes == ["count", "find"]


def test_what_opens_no_more_or_not_yet_asks_for_nothing_either():
    for place, record, time in (
        ("own", Record(), None),
        ("listed", Record(span=(1_900_000_000, 0)), 1_000_000_000),
        ("listed", Record(span=(0, 1)), 2_000_000_000),
    ):
        world = World()
        world.time = time
        world.ended.add(7)
        world.put(getattr(world, place), b"2468", record)
        verdict = world.gate.pin(b"2468", 0, b"1")
        assert (verdict.reason, verdict.begins_throttle) == (UNKNOWN, True)


def test_while_the_keypad_waits_nobody_asks():
    world = World()
    world.wait = 1
    world.put(world.own, b"2468", Record())
    for number in (b"1", b"77", b""):
        assert world.gate.pin(b"2468", 0, number).reason == THROTTLED
    assert world.notes == []


def test_a_move_in_code_grants_nothing_and_is_no_wrong_code():
    world = World()
    world.put(world.listed, b"2468", Record(MOVE_IN))
    verdict = world.gate.pin(b"2468", 0)
    assert (verdict.reason, verdict.granted, verdict.lease) == (MOVING_IN, False, 7)
    assert world.notes[-1] == "take back"


def test_a_card_is_no_code_and_a_code_no_card():
    world = World()
    digest = MAC.digest(b"\x01", b"2468")[:16]
    world.listed[digest] = Record(kind=CARD)
    assert world.gate.pin(b"2468", 0).reason == UNKNOWN


def test_staff_come_in_their_hours_only_and_tenants_always():
    for role, asked in ((STAFF, True), (TENANT, False)):
        world = World()
        world.time, world.open_hours = 2_000_000_000, False
        world.put(world.listed, b"2468", Record(role, schedule=3))
        assert world.gate.pin(b"2468", 0).reason == (OUTSIDE if asked else GRANTED)
        assert ("schedule 3" in world.notes) == asked


def test_without_a_clock_no_schedule_is_asked():
    world = World()
    world.put(world.listed, b"2468", Record(STAFF, schedule=3))
    assert world.gate.pin(b"2468", 0).reason == NO_CLOCK
    assert "schedule 3" not in world.notes


def test_a_use_is_counted_last_and_for_staff_only():
    world = World()
    world.time = 2_000_000_000
    world.put(world.listed, b"2468", Record(STAFF, schedule=3, uses=2))
    assert world.gate.pin(b"2468", 0).granted
    assert world.notes == ["count", "find", "schedule 3", "take 2", "take back"]
    world.notes.clear()
    world.open_hours = False
    assert world.gate.pin(b"2468", 0).reason == OUTSIDE
    assert "take 2" not in world.notes
    world.open_hours, world.uses_left = True, False
    assert world.gate.pin(b"2468", 0).reason == USED_UP
    world.put(world.listed, b"2468", Record(TENANT, uses=2))
    assert world.gate.pin(b"2468", 0).granted
