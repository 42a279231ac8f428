"""The lease guard: a test for every way around it that we could think of."""

import asyncio
import struct

import vfs
from list_parts import each_of

from people.changes import Changes
from people.guard import LOCKED_OUT, SHORTENED, TOO_MANY, Guard, lease_digest
from people.leases import Leases
from people.residents import Residents

TENANT, STAFF, MOVE_IN, LEASE = 1, 2, 3, 4
PIN, CARD = 1, 2
START, END = 1_800_000_000, 1_831_536_000  # 365 days
DAY, HOUR = 86_400, 3600


class Ram:
    def __init__(self):
        self.data = bytearray(b"\xff" * 4096 * 64)

    def readblocks(self, n, buf, off=0):
        buf[:] = self.data[n * 4096 + off : n * 4096 + off + len(buf)]

    def writeblocks(self, n, buf, off=0):
        self.data[n * 4096 + off : n * 4096 + off + len(buf)] = buf

    def ioctl(self, op, arg):
        return {4: 64, 5: 4096}.get(op, 0)


class Numbers:
    def __init__(self):
        self.kept = {}

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        self.kept[name] = value


def digest(n):
    return bytes([n]) * 16


def record(n, lease=1, role=TENANT, kind=PIN, schedule=0, after=0, before=0):
    return digest(n) + struct.pack("<BBHBBIIH", role, kind, lease, schedule, 0, before, after, 0)


def stated(lease=1, end=END):
    return lease_digest(lease) + struct.pack("<BBHBBIIH", LEASE, 0, lease, 0, 0, START, end, 0)


class House:
    """A lock with a lease that its tenant has used by credential 1; credential 2 was never used."""

    mounted = False

    def __init__(self, *records, used=1, now=START):
        device = Ram()
        vfs.VfsLfs2.mkfs(device)
        if House.mounted:
            vfs.umount("/access")
        vfs.mount(vfs.VfsLfs2(device), "/access")
        House.mounted = True
        self.numbers = Numbers()
        self.leases = make(self.numbers)
        self.residents = Residents(bytes(32))
        self.guard = Guard(self.leases, self.residents, True)
        self.note(*(records or (stated(), record(1), record(2))), now=now)
        if used:
            self.leases.proved(1, digest(used), now)
        self.leases.save()
        self.leases.ensure_copy()

    def check(self, *records, now=START + DAY):
        return asyncio.run(self.guard.check(lambda: each_of(records), now))

    def note(self, *records, now=START + DAY):
        asyncio.run(self.guard.note(lambda: each_of(records), now))

    def take(self, *records, now=START + DAY):
        reason = self.check(*records, now=now)
        if reason is None:
            self.note(*records, now=now)
        return reason

    def live(self, hours):
        self.numbers.kept["lived"] = self.numbers.get("lived") + hours


def make(numbers):
    return Leases(bytes(32), numbers)


def test_the_same_list_again_is_taken():
    house = House()
    assert house.check(stated(), record(1), record(2)) is None
    assert house.check(stated(), record(1), record(9, role=STAFF)) is None  # 2 was never used, 1 is there


def test_an_empty_list():
    assert House().check() == SHORTENED  # its lease is gone with it
    assert House(record(1)).check() == LOCKED_OUT
    assert House().check(stated()) == LOCKED_OUT


def test_a_shortened_lease():
    assert House().check(stated(end=START + 2 * DAY), record(1)) == SHORTENED
    assert House().check(record(1)) == SHORTENED
    assert House().check(stated(end=END + DAY), record(1)) is None


def test_a_renamed_lease():
    assert House().check(stated(2), record(1, lease=2)) == SHORTENED
    assert House().check(stated(), stated(2), record(1, lease=2)) == LOCKED_OUT


def test_a_changed_role():
    assert House().check(stated(), record(1, role=STAFF)) == LOCKED_OUT
    assert House().check(stated(), record(1, role=MOVE_IN)) == LOCKED_OUT


def test_a_credential_that_ends_before_the_lease():
    assert House().check(stated(), record(1, after=START)) == LOCKED_OUT
    assert House().check(stated(), record(1, after=END - 1)) == LOCKED_OUT
    assert House().check(stated(), record(1, after=END)) is None


def test_a_credential_that_begins_later():
    assert House().check(stated(), record(1, before=START + 9 * DAY)) == LOCKED_OUT
    assert House().check(stated(), record(1, before=START + 9 * DAY), now=None) == LOCKED_OUT


def test_a_schedule_that_never_matches():
    assert House().check(stated(), record(1, schedule=1)) == LOCKED_OUT


def test_a_credential_that_nobody_has_in_place_of_the_right_one():
    assert House().check(stated(), record(77)) == LOCKED_OUT


def test_two_updates_in_a_row():
    house = House()
    assert house.take(stated(), record(1), record(77)) is None
    assert house.take(stated(), record(77)) == LOCKED_OUT


def test_a_new_credential_counts_once_it_has_opened_the_door():
    house = House()
    assert house.take(stated(), record(1), record(77)) is None
    house.leases.proved(1, digest(77), START)
    assert house.take(stated(), record(77)) is None


def test_before_the_first_use_all_must_stay():
    house = House(used=0)
    assert house.check(stated(), record(1)) == LOCKED_OUT
    assert house.check(stated(), record(1), record(2), record(3)) is None


def test_a_clock_set_forward_ends_no_lease():
    house = House()
    assert not house.leases.over(1, END + DAY)
    assert house.check(now=END + DAY) == SHORTENED
    house.live((END - START) // HOUR // 2)
    assert not house.leases.over(1, END + DAY)


def test_the_end_of_the_lease_is_the_end():
    house = House()
    house.live((END - START) // HOUR)
    assert not house.leases.over(1, None)
    assert not house.leases.over(1, END - 1)
    assert house.leases.over(1, END)
    assert house.check(now=END) is None


def test_a_clock_set_forward_when_the_lease_is_first_seen_ends_nothing():
    house = House(now=END + 9 * DAY)
    house.live(1)
    assert house.leases.over(1, END + 9 * DAY)  # then it was over when it came, and never was a lease
    house = House(now=None)
    house.live(99_999)
    assert not house.leases.over(1, END + DAY)


def test_moving_out_ends_it():
    house = House()
    house.guard.move_out(1)
    assert house.leases.over(1, None)
    assert house.check() is None


def test_a_residents_own_pin_stands_for_any_in_the_list_but_no_shorter_lease():
    house = House()
    Changes(house.residents).add(digest(200), PIN, 1)
    assert house.check(stated()) is None
    assert house.check(stated(end=START)) == SHORTENED


def test_all_of_it_outlives_a_restart_and_a_broken_file():
    house = House()
    again = make(house.numbers)
    assert again.table == house.leases.table
    with open("/access/leases", "wb") as file:
        file.write(b"\0" * 100)
    assert make(house.numbers).table == house.leases.table


def test_too_many_leases():
    assert House().check(*([stated(n) for n in range(1, 40)] + [record(1)])) == TOO_MANY


def test_cards_count_only_where_they_open():
    house = House(stated(), record(1, kind=CARD))
    house.guard = Guard(house.leases, house.residents, False)
    assert house.check(stated(), record(1, kind=CARD)) == LOCKED_OUT


def test_it_is_known_by_which_credentials_somebody_came_in():
    house = House()
    assert house.leases.opened(1, digest(1))
    assert not house.leases.opened(1, digest(2))
    assert not house.leases.opened(2, digest(1))


def test_no_copy_is_made_of_what_is_not_written_yet():
    """A copy with the number of an older table would not be told from it."""
    house = House()
    house.leases.add(digest(8), 1, 1)
    house.leases.save()
    house.leases.add(digest(9), 1, 1)
    house.leases.ensure_copy()
    with open("/access/leases.old", "rb") as file:
        assert digest(9) not in file.read()
    house.leases.save()
    house.leases.ensure_copy()
    with open("/access/leases.old", "rb") as file:
        assert digest(9) in file.read()
