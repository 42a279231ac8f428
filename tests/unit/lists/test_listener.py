"""Heads of lists that come one upon the other: each is read or replaced by a newer one, and none is lost."""

import virtual_time  # noqa: F401  # isort: skip (it comes before whatever imports time)

import asyncio

from lists import listener, sync
from lists.listener import Lists
from reports import acks

acks.Acks = lambda telemetry: telemetry  # what is told, as it is told


class Settings:
    lock, key = "demo", bytes(32)


class Operator:
    """Subscriptions and telemetry in one: sends heads, hears why they are refused."""

    def __init__(self):
        self.reasons, self.asked = [], 0

    async def subscribe(self, topic, handler):
        self.send, self.asked = handler, self.asked + 1

    def list_refused(self, version, reason):
        self.reasons.append(reason)


class Register:
    credentials = None


class House:
    def __init__(self, settled):
        self.settled, self.turn = settled, asyncio.Lock()

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


def is_live_after(waited_ms):
    """Whether a head tells the time that has waited for so long for its turn, and another after it."""

    async def story():
        operator, ready = Operator(), asyncio.Event()
        house, now = House(ready), [0]
        listener.ticks_ms = lambda: now[0]
        lists = Lists(Settings(), Register(), None, house, operator, operator)
        await house.turn.acquire()
        running = asyncio.create_task(lists.run())
        ready.set()
        await asyncio.sleep_ms(0)
        for _ in range(2):  # the second is taken for the first
            await operator.send(Head())
            await asyncio.sleep_ms(20)
        assert lists._head is not None
        assert not operator.reasons
        now[0] = waited_ms
        house.turn.release()
        for _ in range(1000):
            if operator.reasons:
                break
            await asyncio.sleep_ms(1)
        await asyncio.sleep_ms(20)
        assert len(operator.reasons) == 1
        assert not house.turn.locked()
        running.cancel()
        return lists._live

    return asyncio.run(story())


def test_a_head_that_comes_with_a_release_waits_for_it_and_sets_no_clock():
    assert not is_live_after(61_000), "its time is not now"
    assert not is_live_after(3_600_000)


def test_a_head_that_waits_for_the_hours_work_tells_the_time():
    """Else the one publication that heals a clock does nothing if it comes as an hour begins."""
    for waited_ms in (0, 100, 5000, 60_000):
        assert is_live_after(waited_ms), waited_ms


def test_a_head_tells_the_time_if_the_broker_did_not_keep_it_and_it_echoes_a_challenge():
    class Clock:
        challenges = "", ""

        def signed(self, now, live):
            told.append((now, live))

    class Sync:
        def __init__(self, *parts):
            pass

        async def receive(self, heads, told, on_time):
            heads.pop()
            on_time(1_800_000_000, echo)
            return 1

    async def story():
        operator, ready = Operator(), asyncio.Event()
        clock, head = Clock(), Head()
        clock.challenges, head.retained = challenges, retained
        lists = Lists(Settings(), Register(), clock, House(ready), operator, operator)
        running = asyncio.create_task(lists.run())
        ready.set()
        await asyncio.sleep_ms(0)
        await operator.send(head)
        for _ in range(1000):
            if told:
                break
            await asyncio.sleep_ms(1)
        running.cancel()

    before, sync.Sync = sync.Sync, Sync
    try:
        for echo, challenges, retained, tells in (
            ("ab" * 8, ("ab" * 8, "cd" * 8), False, True),
            ("ab" * 8, ("cd" * 8, "ab" * 8), False, True),  # the next state was made while it was on its way
            ("ab" * 8, ("ab" * 8, "cd" * 8), True, False),
            ("ab" * 8, ("cd" * 8, "ef" * 8), False, False),  # held back
            (None, ("ab" * 8, "cd" * 8), False, False),  # of tools that know of no challenge
            (None, ("", ""), False, False),  # there was no state yet
        ):
            told = []
            asyncio.run(story())
            assert told == [(1_800_000_000, tells)], (echo, challenges, retained)
    finally:
        sync.Sync = before


class NoMemory:
    retained = True

    async def read(self, limit):
        raise MemoryError


def tries(lacking, retains=True):
    """A head for which there is no memory so many times: (how often it was asked for, what was refused)."""

    async def story():
        operator, ready, waits = Operator(), asyncio.Event(), []

        class Soon:
            """The pause before the next try takes no time."""

            Event = asyncio.Event

            @staticmethod
            async def sleep_ms(ms):
                waits.append(ms)
                await asyncio.sleep_ms(0)

        listener.asyncio = Soon
        lists = Lists(Settings(), Register(), None, House(ready), operator, operator)
        running = asyncio.create_task(lists.run())
        ready.set()
        await asyncio.sleep_ms(0)
        await operator.send(NoMemory())
        while not operator.reasons:
            before = operator.asked
            for _ in range(10_000):  # until it is asked for again, or a computer is far too slow
                if operator.asked > before or operator.reasons:
                    break
                await asyncio.sleep_ms(1)
            assert operator.asked > before or operator.reasons
            if not retains:
                break
            if not operator.reasons:
                await operator.send(NoMemory() if operator.asked < lacking + 1 else Head())
        running.cancel()
        listener.asyncio = asyncio
        assert operator.asked - 1 == len([wait for wait in waits if wait])
        return operator.asked - 1, operator.reasons

    return asyncio.run(story())


def test_a_list_for_which_there_was_no_memory_is_asked_for_again():
    for lacking in (1, 2, 4):
        assert tries(lacking) == (lacking, ["malformed"]), lacking  # it was read at last


def test_after_five_tries_the_operator_is_told():
    assert tries(5) == (4, ["no memory"])
    assert tries(50) == (4, ["no memory"])


def test_a_list_that_the_broker_does_not_keep_is_waited_for():
    assert tries(1, retains=False) == (1, [])
