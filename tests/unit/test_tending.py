"""What has ended goes, with all that belonged to it, and nothing else does."""

import asyncio
import gc

from list_parts import install, opened, record
from people_parts import All, Who, tend
from ram_flash import RamFlash
from ram_numbers import RamNvs

from people.entry import CREDENTIAL, GUEST_KEY, HOME_KEY, WITHDRAWN
from people.leases import OVER, WHAT, Leases
from people.register import Register
from people.residents import Residents
from people.terms import lease_digest
from roll.record import LEASE, TENANT
from storage.names import LIVED
from storage.nvs import Numbers

KEY = bytes(32)
NOW, DAY = 1_800_000_000, 86_400


def digest(n):
    return bytes([n]) * 16


class House:
    """A lock whose list has leases 1 and 2; of each a resident has a PIN, a card and keys of their own."""

    def __init__(self):
        RamFlash("/access", 64)
        self.numbers = Numbers(RamNvs())
        self.ends = {1: NOW + 30 * DAY, 2: NOW + 60 * DAY}
        self.lists = 0
        self.publish(1, 2)
        self.register = Register(self.credentials, Residents(KEY, self.numbers), Leases(KEY, self.numbers))
        for lease in self.ends:
            self.settle_in(lease)
        self.tend(NOW)

    def settle_in(self, lease):
        """A resident has changed the PIN of the list, added a card, and has both keys."""
        changes, who = All(self.register, lease), Who(0, digest(lease))
        changes.change_pin(who, digest(lease + 20))
        who.number = 1
        changes.add_card(who, digest(lease + 30))
        changes.set_key(who, GUEST_KEY, digest(lease + 40))
        changes.set_key(who, HOME_KEY, digest(lease + 50))

    def end(self, lease):
        """It is over."""
        leases = self.register.leases
        leases.table[leases.place(lease) + WHAT] = OVER
        leases.changed = True
        leases.save()

    def publish(self, *leases, whole=True):
        """A list with a tenant's PIN of each of these leases."""
        self.lists += 1
        records = [record(digest(n), role=TENANT, lease=n) for n in leases]
        records += [
            record(lease_digest(n), role=LEASE, kind=0, lease=n, before=NOW, after=self.ends[n])
            for n in leases
        ]
        self.credentials = install(opened(), self.lists, sorted(records))
        self.credentials.whole = whole
        if self.lists > 1:
            self.register.credentials = self.credentials

    def tend(self, now):
        gc.collect()  # not when memory is full, in the middle of what a flash in Python does
        asyncio.run(tend(self.register, now, lambda lease, what: True))

    def pass_days(self, days):
        self.numbers.set(LIVED, self.numbers.get(LIVED) + days * 24)

    def held(self, lease):
        """Whether there is PIN, card, guest key, home key of a lease, and the list's PIN as withdrawn."""
        again = Residents(KEY, self.numbers)
        assert again.firsts == self.register.residents.firsts
        what = [again.entry(digest(lease + n)) for n in (20, 30, 0)]
        return [
            what[0] is not None and what[0].what == CREDENTIAL,
            what[1] is not None and what[1].what == CREDENTIAL,
            lease in [whose & 0xFFFF for whose, _ in again.keys(GUEST_KEY)],
            lease in [whose & 0xFFFF for whose, _ in again.keys(HOME_KEY)],
            what[2] is not None and what[2].what == WITHDRAWN,
        ]


def test_a_lease_that_ends_takes_everything_of_its_people_along():
    house = House()
    house.pass_days(30)
    house.tend(NOW + 29 * DAY)
    assert house.held(1) == [True] * 5
    house.tend(NOW + 30 * DAY)
    assert house.held(1) == [False] * 4 + [True], "its card in the list still does not open"
    assert house.held(2) == [True] * 5
    house.publish(2)
    house.tend(NOW + 30 * DAY)
    assert house.held(1) == [False] * 5
    assert house.register.leases.place(1) < 0
    assert house.held(2) == [True] * 5


def test_what_has_ended_once_is_over_without_a_clock_too():
    house = House()
    house.pass_days(30)
    house.tend(NOW + 30 * DAY)
    assert Leases(KEY, house.numbers).over(1, None)


def test_a_clock_alone_takes_nothing_along():
    house = House()
    for now in (NOW + 900 * DAY, None, 1):
        house.tend(now)
        assert house.held(1) == house.held(2) == [True] * 5


def test_a_list_that_stands_in_for_a_broken_one_has_nothing_forgotten():
    house = House()
    house.publish(2, whole=False)
    house.end(1)
    house.tend(NOW)
    assert house.register.leases.over(1, None)
    assert house.held(1)[-1], "or the old PIN would open again when the list is back"
    assert house.held(2) == [True] * 5


def test_hundreds_of_tenancies_leave_nothing_behind():
    house = House()
    for lease in range(60, 160):
        house.ends[lease] = NOW + 30 * DAY
        house.publish(2, lease)
        house.tend(NOW)
        house.settle_in(lease)
        house.end(lease)
        house.tend(NOW)
    house.publish(2)
    house.tend(NOW)
    assert len(house.register.leases.table) == 2 * 28  # the two that run
    assert sum(len(whats) for whats in house.register.residents.whats) == 4 + 5
