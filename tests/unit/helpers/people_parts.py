"""A lock's people for the tests: residents' table in flash, leases, and an operator's list that is a dict."""

import asyncio
import struct

from ram_flash import RamFlash
from ram_numbers import RamNvs

from people.cards import Cards
from people.consent import Consent
from people.entry import SHELVES, Resident
from people.keys import Keys
from people.leases import Leases
from people.ledger import settle
from people.pins import Pins
from people.register import Register
from people.residents import Residents
from people.terms import lease_digest
from people.voids import Voids
from roll.record import FIELDS, LEASE, PIN, TENANT, Credential
from storage.hmac import Mac
from storage.names import LIVED
from tending import carry_out, clear

KEY = bytes(32)
NOW, DAY = 1_800_000_000, 86_400


def digest(n, kind=PIN):
    """The digest of a PIN or card, as a number stands for it."""
    return Mac(KEY).digest(bytes((kind,)), struct.pack("<I", n))[:16]


def record(n, role=TENANT, lease=1, kind=PIN, before=0, after=0):
    return digest(n, kind) + struct.pack(FIELDS, role, kind, lease, 0, 0, before, after, 0)


async def tend(register, now, tell, on_trial=False):
    """As housekeeping.py has people looked after."""
    await carry_out(register, tell, on_trial)
    await clear(register, await settle(register, now))


class All(Pins, Cards, Keys):
    """All changes."""


class Who:
    """A resident who asks."""

    def __init__(self, number, found, lease=1):
        self.number, self.digest, self.lease = number, found, lease


class Listed:
    """The operator's list."""

    def __init__(self):
        self.records, self.whole, self.version = {}, True, 1

    def put(self, *records):
        for one in records:
            self.records[one[:16]] = one

    def find(self, found):
        one = self.records.get(bytes(found))
        return one and Credential(one)

    def each(self):
        return iter([(found, Credential(one)) for found, one in sorted(self.records.items())])


class House:
    """`told` is what the operator was told."""

    def __init__(self, *records, flash=True):
        if flash:
            RamFlash("/access", 64)
        self.nvs, self.listed, self.told = RamNvs(), Listed(), []
        self.listed.put(*records)
        self.hears, self.on_trial = True, False
        self.start()

    def start(self):
        """As after a power cut."""
        self.numbers = self.nvs.restart()
        self.residents = Residents(KEY, self.numbers)
        self.leases = Leases(KEY, self.numbers)
        self.register = Register(self.listed, self.residents, self.leases)

    def at(self, lease=1):
        return All(self.register, lease)

    def move_in(self, n, lease=1):
        """A resident with PIN n, by a code of the list; they."""
        changes = self.at(lease)
        number = changes.free()
        changes.move_in(digest(n + 5000), digest(n))
        return Who(number, digest(n), lease)

    def voids(self, lease=1):
        return Voids(self.register, lease)

    def consent(self, lease=1):
        return Consent(self.register, lease)

    def opens(self, n, kind=PIN):
        """Whether it opens: the table's own, or the list's."""
        found = self.residents.entry(digest(n, kind))
        if found is None or found.what == 2:
            one = self.listed.find(digest(n, kind))
            return one is not None and one.role == TENANT and not self.leases.over(one.lease, None)
        return found.what == 1 and not self.leases.over(found.lease, None)

    def entries(self, lease=None):
        """(what, kind, number, lease) of all entries, or of a lease's."""
        every = [Resident(e) for shelf in range(SHELVES) for e in self.residents.each(shelf)]
        return [(e.what, e.kind, e.number, e.lease) for e in every if lease in (None, e.lease)]

    def tell(self, lease, what, end):
        if self.hears:
            self.told.append((lease, what, end) if end else (lease, what))
        return self.hears

    def tend(self, now=NOW):
        asyncio.new_event_loop()
        asyncio.run(tend(self.register, now, self.tell, self.on_trial))

    def pass_hours(self, hours):
        self.numbers.set(LIVED, self.numbers.get(LIVED) + hours)


def lease_of(lease=1, start=NOW, end=0):
    """The list's record of a lease."""
    return lease_digest(lease) + struct.pack(FIELDS, LEASE, 0, lease, 0, 0, start, end, 0)
