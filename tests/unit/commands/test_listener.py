"""Commands are carried out one at a time; bad ones cost a second, and no code stays."""

import asyncio
import sys

from command_parts import KEY, NOW, Clock, order, sign
from ram_numbers import RamNvs

import commands.listener as room
import loader
from commands.listener import Listener
from storage.nvs import Numbers

loader._IS_PLENTY = False  # as on a board without PSRAM

ITS_CODE = ("commands.commands", "commands.remote", "reports.acks")


class Message:
    """As link/mqtt.py's Payload."""

    def __init__(self, data, retained=False):
        self.data, self.retained = data, retained

    async def read(self, limit):
        return bytearray(self.data) if len(self.data) <= limit else None


class Lock:
    """Telemetry and door in one; `rests` is how long it waited after which message."""

    def __init__(self):
        self.said, self.did, self.rests = [], [], []
        parts = KEY, Clock(), Numbers(RamNvs()), self
        door = self, lambda: iter(()), dict, lambda: self.did.append("reset")
        self.listener = Listener("demo", parts, door)
        room.asyncio = self

    async def sleep_ms(self, wait):
        self.rests.append(wait)

    def identify(self):
        self.did.append("identify")

    def remote(self, lease, digest):
        return False

    def acknowledge(self, fields):
        self.said.append(fields["result"])

    def refuse(self, fields):
        self.said.append(fields["reason"])

    def get(self, data, retained=False):
        """What was told of one message."""
        asyncio.run(self.listener.on_message(Message(data, retained)))
        return self.said[-1] if self.said else None


def test_a_command_is_carried_out_and_the_next_need_not_wait():
    lock = Lock()
    assert lock.get(sign(order())) == "done"
    assert lock.did == ["identify"]
    assert lock.rests == []


def test_after_a_bad_one_it_rests_for_a_second():
    for data, retained, reason in (
        (sign(order(), key=bytes(32)), False, "bad signature"),
        (b"no command at all", False, "malformed"),
        (sign(order(time=NOW - 6000)), False, "expired"),
        (bytes(2049), False, "too large"),
        (sign(order()), True, "retained"),
    ):
        lock = Lock()
        assert lock.get(data, retained) == reason
        assert lock.rests == [1000], reason
        assert lock.did == []


def test_a_command_is_not_carried_out_twice_though_its_code_was_loaded_anew():
    lock = Lock()
    message = sign(order())
    assert lock.get(message) == "done"
    assert lock.get(message) == "replayed"
    assert lock.did == ["identify"]


def test_no_code_stays_for_either():
    for name in ITS_CODE:
        sys.modules.pop(name, None)  # these tests' own need of it
    lock = Lock()
    lock.get(sign(order()))
    lock.get(b"no command at all")
    assert not [name for name in ITS_CODE if name in sys.modules]
