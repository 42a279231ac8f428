"""Runs inside the Unix port: a lock from the keys to the bolt, for test_lock_model.py.

Flash and NVS are in RAM; the list is a dict. A step is [name, …arguments]; what the lock does in it comes
back as a list of signals, with "open" where the bolt moves.
"""

import asyncio
import struct
from binascii import unhexlify
from hashlib import sha256

from default_settings import KEY, settings
from ram_flash import RamFlash
from ram_nvs import RamNVS
from unmounting import unmount

from access import throttle
from access.dialogues import Dialogues
from access.gate import Gate
from access.restrictions import Restrictions
from access.throttle import Throttle
from door import doorkeeper
from door.controller import Controller
from door.doorkeeper import Doorkeeper
from door.phone import Phone
from people.entry import GUEST_KEY
from people.keys import Keys
from people.leases import Leases
from people.register import Register
from people.residents import Residents
from people.shelves import make
from roll.credentials import Credential
from storage.hmac import Mac
from storage.nvs import Numbers

DIGEST = 16
BEGIN_MS = 1000
_FORGOTTEN_MS = 60_000


SETTINGS = settings(cards={"plain_uid": True}, pin={"shortest": 5})


class World:
    """One lock, from its first start on."""

    def __init__(self):
        RamFlash("/access", 32)
        self.nvs, self.mac = RamNVS(), Mac(KEY)
        self.time, self.ticks = None, BEGIN_MS
        self.listed, self.done, self.whole = {}, [], True
        for module in (throttle, doorkeeper):
            module.ticks_ms = lambda: self.ticks
        self.restart()

    # the parts that are played: clock, list, relay, indicator, card reader, light and reports

    def now(self):
        return self.time

    def find(self, digest):
        return self.listed.get(digest)

    def release(self):
        self.done.append("open")

    def say(self, signal, now=0):
        self.done.append(signal)

    def offer(self, signal, now):
        self.say(signal)

    def tell(self, signal):
        """That a key was heard is no news."""

    def emulate(self, tag):
        """The card reader presents a tag, or None; no phone comes."""

    def set(self, condition, lasts):
        """The blue light shows a dialogue."""
        if condition == "enrolling":
            self.is_blue = lasts

    def staff(self, digest, kind):
        self.say("report")

    def alarm(self, kind):
        pass

    # the steps

    def restart(self):
        """Pull the plug, and put it in again."""
        self.nvs.restart()
        self.time = None
        numbers = Numbers(self.nvs)
        self.residents, leases = Residents(KEY, numbers), Leases(KEY, numbers)
        utc = 0, 0, None, None
        self.register = register = Register(self, self.residents, leases)
        restrictions = Restrictions(register, utc, numbers, self.mac)
        self.throttle, self.is_blue = Throttle(numbers), False
        gate = Gate(register, self, self.throttle, restrictions, self.mac, True)
        lend_phone = lambda: Phone("demo", "", self, self)  # noqa: E731
        dialogues = Dialogues(lend_phone, register, restrictions, self.mac, SETTINGS, self)
        controller = Controller(self, self, SETTINGS, self.alarm)
        self.keeper, self.judges = Doorkeeper(gate, dialogues, controller, numbers, self), False
        self.keeper._guest = self._guest

    def clock(self, time):
        self.time = time

    def wait(self, milliseconds):
        self.ticks += milliseconds
        self.throttle.tick(self.ticks)
        self.keeper._follow(self.ticks)

    def leaf(self):
        """The leaf moves."""
        self.keeper._follow(self.ticks, True)

    def keys(self, keys):
        """Keys one after the other; of a code that nobody finishes nothing is left at the next."""
        self.keeper._entry.tick(self.ticks + _FORGOTTEN_MS)
        for key in keys:
            asyncio.run(self._press(key))
        if self.is_blue:
            self.done.append("blue")

    async def _press(self, key):
        """Press a key; until it is known whether that was a guest's code."""
        self.keeper.key(key)
        while self.judges:
            await asyncio.sleep_ms(0)

    def _guest(self, *parts):
        self.judges = True
        return self._judge(*parts)

    async def _judge(self, *parts):
        await Doorkeeper._guest(self.keeper, *parts)
        self.judges = False

    def card(self, uid):
        self.keeper.card(uid.encode())
        if self.is_blue:
            self.done.append("blue")

    def arm(self):
        self.nvs.set_i32("guest_risk", 0)
        self.nvs.commit()

    def guest_key(self, lease, key):
        """Of somebody of the lease who is none of the others."""
        Keys(self.register, lease).write(lambda entry, _: entry, make(unhexlify(key), GUEST_KEY, lease, 0, 9))

    def take_list(self, credentials, hours):
        """Another list: (kind, value, role, lease, schedule, uses, before, after), and schedule 1 as days."""
        self.listed = {}
        for kind, value, role, lease, schedule, uses, before, after in credentials:
            record = struct.pack("<BBHBBIIH", role, kind, lease, schedule, uses, before, after, 0)
            digest = self.mac.digest(bytes((kind,)), value.encode())[:DIGEST]
            self.listed[digest] = Credential(bytes(DIGEST) + record)
        part = sha256(b"menshen schedule v1" + bytes((1, 0))).digest()[:DIGEST]
        record = struct.pack("<BBHBBIIH", 5, hours, 0, 0, 0, 0, 0, 1440)
        self.listed[part] = Credential(bytes(DIGEST) + record)


def run(steps):
    """What the lock does in each of the steps."""
    world, found = World(), []
    for name, *arguments in steps:
        world.done = []
        getattr(world, name)(*arguments)
        found.append(world.done)
    unmount("/access")
    return found
