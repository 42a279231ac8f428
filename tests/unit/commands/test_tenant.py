"""The topic to which anybody may write: six messages a minute are looked at, and a flood is asked to stop."""

import asyncio
import struct
import sys
from hashlib import sha256

from ram_nvs import RamNVS

import commands.tenant as room
import loader
from access.guest_key import complete
from commands.tenant import Tenant
from storage.hmac import Mac
from storage.nvs import Numbers

loader._IS_PLENTY = False  # as on a board without PSRAM


KEY, NOW = complete(bytes(14)), 1_790_000_000


def message():
    head = sha256(b"menshen guest key" + KEY).digest()[:4] + struct.pack("<I", NOW)
    return head + Mac(KEY).digest(b"menshen tenant v1demo", head)[:16]


class Payload:
    """As link/mqtt.py's; `was_read` tells whether anybody looked."""

    def __init__(self, data, retained=False):
        self.data, self.size, self.retained, self.was_read = data, len(data), retained, False

    async def read(self, limit):
        self.was_read = True
        return bytearray(self.data) if self.size <= limit else None


class Lock:
    """Subscriptions, clock and door in one; time stands still unless a test moves it."""

    def __init__(self):
        self.topics, self.left, self.opened, self.at, self.slept = [], [], [], 0, []
        door = self.open, lambda: iter(((7, KEY),))
        self.tenant = Tenant(self, "demo", self, Numbers(RamNVS()), door)
        room.ticks_ms = lambda: self.at
        self.tenant._since = 0

    def now(self):
        return NOW

    def open(self, lease, digest):
        assert digest == b""
        self.opened.append(lease)

    async def subscribe(self, topic, handler, qos):
        self.topics.append((topic, qos))

    async def unsubscribe(self, topic):
        self.left.append(topic)

    def get(self, data, retained=False):
        payload = Payload(data, retained)
        asyncio.run(self.tenant.on_message(payload))
        return payload


def test_a_residents_message_opens_and_no_code_stays():
    lock = Lock()
    lock.get(message())
    assert lock.opened == [7]
    assert "commands.opening" not in sys.modules


def test_what_is_retained_or_of_another_size_is_not_read():
    lock = Lock()
    for data, retained in ((message(), True), (message() + b"x", False), (b"", False), (bytes(5000), False)):
        assert not lock.get(data, retained).was_read
    assert lock.opened == []


def test_the_seventh_in_a_minute_is_not_read_and_after_it_the_next_is():
    lock = Lock()
    for _ in range(6):
        assert lock.get(bytes(24)).was_read
    for _ in range(2000):
        assert not lock.get(message()).was_read
    assert lock.opened == []
    assert lock.tenant._flooded.is_set()


def test_six_in_each_minute_are_no_flood():
    lock = Lock()
    for minute in range(100):
        lock.at = minute * 60_000
        for _ in range(6):
            assert lock.get(bytes(24)).was_read
    assert not lock.tenant._flooded.is_set()


def test_a_flood_is_unsubscribed_for_a_minute():
    lock = Lock()

    async def sleep_ms(wait):
        lock.slept.append((wait, list(lock.left)))
        await real(0)

    async def through():
        task = asyncio.create_task(lock.tenant.run())
        await real(0)
        for _ in range(7):
            await lock.tenant.on_message(Payload(bytes(24)))
        for _ in range(10):
            await real(0)
        task.cancel()

    real = asyncio.sleep_ms
    room.asyncio.sleep_ms = sleep_ms
    try:
        asyncio.run(through())
    finally:
        room.asyncio.sleep_ms = real
    topic = "menshen/v1/demo/tenant"
    assert lock.topics == [(topic, 0), (topic, 0)]
    assert [slept for slept in lock.slept if slept[0] > 1000] == [(60_000, [topic])]
    assert not lock.tenant._flooded.is_set()
    assert lock.tenant._seen == 0
