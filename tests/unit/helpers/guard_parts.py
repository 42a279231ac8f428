"""A lock with leases and the guard of its lists, for the tests of people/guard.py and people/ledger.py."""

import asyncio
import struct

from list_parts import each_of
from ram_flash import RamFlash

from people.guard import Guard
from people.leases import OVER, WHAT, Leases
from people.ledger import Ledger
from people.terms import lease_digest

TENANT, STAFF, MOVE_IN, LEASE, HOUSE_KEY = 1, 2, 3, 4, 8
PIN, CARD = 1, 2
START, END = 1_800_000_000, 1_831_536_000  # 365 days
DAY, HOUR = 86_400, 3600
_DATA = bytearray(64 * 4096)


class Numbers:
    def __init__(self):
        self.kept = {}

    def get(self, name, default=0):
        return self.kept.get(name, default)

    def set(self, name, value):
        self.kept[name] = value


def digest(n):
    return bytes([n]) * 16


def record(n, lease=1, role=TENANT, kind=PIN, schedule=0, uses=0, before=0, after=0, key=0):
    return digest(n) + struct.pack("<BBHBBIIH", role, kind, lease, schedule, uses, before, after, key)


def stated(lease=1, end=END, start=START):
    return lease_digest(lease) + struct.pack("<BBHBBIIH", LEASE, 0, lease, 0, 0, start, end, 0)


class House:
    """A lock whose list has a lease with two credentials, a code to move in, and staff."""

    def __init__(self, *records, now=START):
        RamFlash("/access", 64, _DATA)
        self.numbers = Numbers()
        self.leases = make(self.numbers)
        self.guard, self.ledger = Guard(self.leases), Ledger(self.leases)
        self.list = records or (
            stated(),
            record(1),
            record(2),
            record(3, role=MOVE_IN),
            record(4, role=STAFF),
        )
        self.note(*self.list, now=now)

    def check(self, *records, now=START + DAY):
        held, self.guard = self.list, Guard(self.leases)
        return asyncio.run(self.guard.check(lambda: each_of(records), lambda: each_of(held), now))

    def changed(self, old, *new, now=START + DAY):
        """The answer to its list with one record replaced by others."""
        return self.check(*[r for r in self.list if r[:16] != old[:16]], *new, now=now)

    def note(self, *records, now=START + DAY):
        asyncio.run(self.ledger.note(lambda: each_of(records), now or 0))

    def take(self, *records, now=START + DAY):
        reason = self.check(*records, now=now)
        if reason is None:
            self.note(*records, now=now)
            self.list = records
        return reason

    def end(self, lease):
        """Its people have given it up."""
        leases = self.leases
        if leases.place(lease) < 0:
            self.note(stated(lease))
        leases.table[leases.place(lease) + WHAT] = OVER
        leases.changed = True
        leases.save()

    def live(self, hours):
        self.numbers.kept["lived"] = self.numbers.get("lived") + hours


def make(numbers):
    return Leases(bytes(32), numbers)
