"""Heads of lists that come one upon the other: each is read or replaced by a newer one, and none is lost."""

import asyncio

from lists.listener import Lists


class Settings:
    lock, key = "demo", bytes(32)


class Operator:
    """Subscriptions and telemetry in one: sends heads, hears why they are refused."""

    def __init__(self):
        self.reasons = []

    async def subscribe(self, topic, handler):
        self.send = handler

    def list_refused(self, version, reason):
        self.reasons.append(reason)


class Register:
    credentials = None


class House:
    def __init__(self, settled):
        self.settled = settled

    def on_list(self):
        pass


class Head:
    retained = False

    async def read(self, limit):
        return bytearray(b"no head at all")


def test_a_head_that_comes_while_another_is_taken_is_not_mistaken_for_one_too_large():
    async def story(turns):
        operator, ready = Operator(), asyncio.Event()
        lists = Lists(Settings(), Register(), None, House(ready), operator, operator)
        running = asyncio.create_task(lists.run())
        ready.set()
        await asyncio.sleep_ms(0)
        await operator.send(Head())
        for _ in range(turns):
            await asyncio.sleep_ms(0)
        await operator.send(Head())
        for _ in range(1000):  # until both have been looked at, or a computer is far too slow
            if lists._head is None and not lists._came.is_set() and operator.reasons:
                break
            await asyncio.sleep_ms(10)
        running.cancel()
        assert operator.reasons, turns
        return operator.reasons

    for turns in range(12):
        assert set(asyncio.run(story(turns))) == {"malformed"}, turns
