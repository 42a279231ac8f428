"""A clock and a client for the tests of telemetry."""

import asyncio
import json

from ram_numbers import RamNvs

import reports.telemetry as room
from link import backoff
from link.errors import MQTTError
from reports.telemetry import Telemetry
from storage.nvs import Numbers

STATUS = {
    "firmware": "0.1.0",
    "list": 3,
    "hash": "ab" * 16,
    "clock": "unknown",
    "challenge": "",
    "slot": "a",
    "order": 5,
    "command": 9,
    "days": 90,
    "faults": [],
    "board": "devkit",
    "trusts": ["ab" * 8],
}
DIGEST = bytes(range(16))
ROOT = "menshen/v1/demo"
NOW = 1_790_000_000


class TheEnd(Exception):
    pass


class Time:
    """Stands for time and asyncio in the room under test: hours pass at once, as a script says."""

    Event = asyncio.Event
    TimeoutError = asyncio.TimeoutError

    def __init__(self, now=0):
        self.now = now
        self.script = []  # (ms, function), in ascending order
        room.asyncio = backoff.asyncio = self
        room.ticks_ms = lambda: self.now & (1 << 30) - 1
        room.ticks_diff = lambda a, b: ((a - b + (1 << 29)) & (1 << 30) - 1) - (1 << 29)
        room.ticks_add = lambda a, b: (a + b) & (1 << 30) - 1

    async def wait_for_ms(self, waiting, wait_ms):
        end = self.now + wait_ms
        if self.script and self.script[0][0] <= end:
            self.now, act = self.script.pop(0)
            act()
            return
        self.now = end
        raise asyncio.TimeoutError

    async def sleep_ms(self, ms):
        """Others have a turn; none passes any time."""


class Client:
    """Notes what is published and when; `faults` of the calls fail first; `until` ends the story."""

    def __init__(self, time, until=None, faults=0):
        self.time = time
        self.until = until
        self.faults = faults
        self.said = []

    async def publish(self, topic, msg, retain=False):
        if self.until is not None and self.time.now > self.until:
            raise TheEnd
        if self.faults:
            self.faults -= 1
            raise MQTTError("gone")
        said = b"".join([bytes(piece) for piece in msg]) if isinstance(msg, tuple) else msg
        self.said.append((self.time.now, topic, json.loads(said), retain))

    def times(self, leaf):
        return [when for when, topic, _, _ in self.said if topic == ROOT + leaf]

    def texts(self, leaf):
        return [fields for _, topic, fields, _ in self.said if topic == ROOT + leaf]


def talk(telemetry, client):
    """Run until the connection ends."""
    try:
        asyncio.run(telemetry.run(client))
    except (TheEnd, MQTTError):
        return


def end():
    raise TheEnd


def lock(time, nvs=None, now=lambda: NOW):
    return Telemetry("demo", lambda anew: dict(STATUS), Numbers(nvs or RamNvs()), now)
