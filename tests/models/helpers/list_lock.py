"""Runs inside the Unix port: a lock that takes real lists into a flash with a knife, for test_list_model.py.

A step is [cut, seed, name, …arguments]: with a cut, the power goes in that flash operation of the step and
comes back after it. What the lock says in each step comes back, and what it holds after it.
"""

import asyncio
import gc
import struct
from binascii import hexlify, unhexlify

import vfs
from knife_flash import BLOCK, Flash, Knife
from list_parts import KEY, opened, tend
from lock_with_list import sync_of
from people_parts import All, Who
from people_parts import tend as tend_people
from postman import Postman
from ram_nvs import RamNVS
from reordering_flash import CutFlash, ReorderingFlash
from unmounting import unmount

import console
from access import throttle
from access.gate import Gate
from access.restrictions import Restrictions
from access.throttle import Throttle
from people.approval import approve
from people.entry import CREDENTIAL, SHELVES
from people.leases import BEGUN, ENTRY, ENTRY_FORMAT, OVER, STATED, WHAT, Leases
from people.register import Register
from people.residents import Residents
from storage.hmac import Mac
from storage.nvs import Numbers

console.error = console.warning = lambda source, message: None  # their lines would be taken for answers
_BLOCKS = 40
_DATA = bytearray(BLOCK * _BLOCKS)  # one for all worlds: the heap has no place for many
_LONG_MS = 400_000  # more than the keypad ever waits


class World:
    """One lock, from its first start on; `tokens` are all [kind, value] that there are."""

    def __init__(self, tokens):
        self.data = _DATA
        for at in range(0, len(_DATA), BLOCK):
            _DATA[at : at + BLOCK] = b"\xff" * BLOCK
        vfs.VfsLfs2.mkfs(Flash(Knife(), self.data))
        self.nvs, self.mac, self.knife = RamNVS(), Mac(KEY), None
        self.digests = [self.digest(*token) for token in tokens]
        self.post, self.said, self.ticks, self.kind = Postman(), [], 1000, CutFlash
        throttle.ticks_ms = lambda: self.ticks
        self.restart()

    def digest(self, kind, value):
        return self.mac.digest(bytes((kind,)), value.encode())[:16]

    def step(self, cut, seed, name, *arguments):
        """Do it; what was said, whether the power went, and what the lock holds."""
        self.said = []
        gc.collect()  # not in the middle of what a flash in Python does
        if cut:
            self.kind = ReorderingFlash if seed & 1 else CutFlash
            self.restart(self.time)
            self.knife.set(cut, seed)
        try:
            getattr(self, name)(*arguments)
        except OSError:
            if not cut:
                raise
        fell = self.knife.dead
        if cut:
            self.kind = CutFlash
            self.restart()
        return {
            "said": self.said,
            "fell": fell,
            "version": self.credentials.version if self.credentials.whole else -1,
            "listed": [self._found(self.credentials.find(digest)) for digest in self.digests],
            "count": sum(1 for _ in self.credentials.each()),
            "leases": self._leases(),
            "residents": self._residents(),
        }

    # what happens

    def restart(self, time=None):
        """Pull the plug, and put it in again."""
        asyncio.new_event_loop()
        unmount("/access")
        self.knife = Knife()
        flash = self.kind(self.knife, self.data)
        vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/access")
        self.nvs.restart()
        self.time = time
        numbers = Numbers(self.nvs)
        self.credentials = opened()
        if not self.credentials.version:
            self.credentials.whole = True  # nothing was taken yet
        residents, leases = Residents(KEY, numbers), Leases(KEY, numbers)
        self.residents, self.leases = residents, leases
        self.register = Register(self.credentials, residents, leases)
        restrictions = Restrictions(self.register, (0, 0, None, None), numbers, self.mac)
        self.gate = Gate(self.register, self, Throttle(numbers), restrictions, self.mac, True)

    def clock(self, time):
        self.time = time

    def lives(self, hours):
        self.nvs.set_i32("lived", self.leases.lived() + hours)
        self.nvs.commit()

    def present(self, kind, value):
        """A PIN or card at the door."""
        self.ticks += _LONG_MS
        verdict = self.gate.pin(value.encode(), self.ticks) if kind == 1 else self.gate.card(value.encode())
        self.said.append(verdict.reason)

    def tend(self):
        """What is done when nobody is at the door."""
        asyncio.new_event_loop()
        asyncio.run(tend_people(self.register, self.time, lambda lease, what: True))
        self.leases.ensure_copy()
        while self.residents.stale:
            self.residents.ensure_copy()
        tend(self.credentials)

    def change(self, name, lease, *tokens):
        """A change of what residents have set, unless the dialogue would not let it come to that."""
        digests = [self.digest(*token) for token in tokens]
        found = [self.residents.entry(digest) for digest in digests]
        changes = All(self.register, lease)
        if name == "change_pin":
            old, listed = found[0], self.credentials.find(digests[0])
            if found[1] is not None or (old is None and (listed is None or listed.lease != lease)):
                return
            if old is not None and (old.what != CREDENTIAL or old.lease != lease):
                return
            changes.change_pin(Who(old.number if old else 0, digests[0]), digests[1])
        elif name == "remove" or not any(found):
            getattr(changes, name)(*digests)

    def move_out(self, lease):
        """Its people have given it up."""
        place = self.leases.place(lease)
        if place >= 0:
            self.leases.table[place + WHAT] = OVER
            self.leases.changed = True
            self.leases.save()

    def publish(self, head, blob):
        """The operator's head comes; its snapshot can be had."""
        self.post.keep(unhexlify(blob))

        async def word(listed):
            await approve(listed, self.time, self.signed, self.register)

        asyncio.new_event_loop()
        sync = sync_of(self.credentials, word, self, self.post)
        asyncio.run(sync.receive([head.encode()], 0, self.sign))

    def sign(self, time, echo):
        self.signed = time

    # the parts that are played: clock and telemetry

    def now(self):
        return self.time

    def list_accepted(self, version, base, digest):
        self.said.append("taken")

    def list_refused(self, version, reason):
        self.said.append(reason)

    # what the lock holds

    @staticmethod
    def _found(found):
        return found and [found.role, found.lease, found.not_before, found.not_after]

    def _leases(self):
        table, found = self.leases.table, []
        for at in range(0, len(table), ENTRY):
            lived, start, flags, _, _, lease, what, end, seen = struct.unpack_from(ENTRY_FORMAT, table, at)
            found.append(
                [lease, lived, seen, flags & STATED > 0, start, end, flags & BEGUN > 0, what == OVER]
            )
        return found

    def _residents(self):
        every = [entry for shelf in range(SHELVES) for entry in self.residents.each(shelf)]
        return [[hexlify(one[:16]).decode(), one[16], one[18] | one[19] << 8] for one in every]


def run(tokens, steps):
    """What the lock says and holds in each of the steps."""
    gc.collect()
    world = World(tokens)
    try:
        return [world.step(*step) for step in steps]
    finally:
        unmount("/access")
