"""A critical task that ends resets the board; any other comes back, each time a little later."""

import asyncio

import supervisor
from supervisor import CRITICAL, Supervisor


class Clock:
    """Notes the sleeps of the supervisor instead of sleeping."""

    def __init__(self, most):
        self.slept, self._most = [], most

    async def sleep_ms(self, ms):
        self.slept.append(ms)
        if len(self.slept) >= self._most:
            raise asyncio.CancelledError


class Asyncio:
    create_task = staticmethod(asyncio.create_task)


def waits(name, run, most):
    resets = []
    clock = Clock(most)
    fake = Asyncio()
    fake.sleep_ms = clock.sleep_ms
    supervisor.asyncio = fake
    try:
        asyncio.run(attempt(Supervisor(lambda: resets.append(name)), name, run))
    finally:
        supervisor.asyncio = asyncio
    return clock.slept, resets


async def attempt(keeper, name, run):
    try:
        await keeper._restart(name, run)
    except asyncio.CancelledError:
        pass


async def dies():
    raise OSError(5)


async def ends():
    pass


def test_the_door_is_critical_and_the_readers_are_not():
    assert CRITICAL == ("door",)


def test_a_task_that_dies_comes_back_with_a_growing_wait():
    slept, resets = waits("link", dies, 12)
    assert slept == [100, 200, 400, 800, 1600, 3200, 6400, 12800, 25600, 51200, 60000, 60000]
    assert resets == []


def test_a_task_that_ends_comes_back_too():
    assert waits("cards", ends, 2) == ([100, 200], [])


def test_a_task_that_has_done_all_that_it_was_for_does_not_come_back():
    async def is_done():
        return True

    assert waits("outside", is_done, 1) == ([], [])


def test_the_end_of_a_critical_task_resets():
    assert waits("door", dies, 1)[1] == ["door"]
    assert waits("door", ends, 1)[1] == ["door"]


def test_what_a_task_drives_is_ill_when_it_ends_and_not_when_it_is_done():
    """Else a release whose keypad driver dies would be confirmed: nobody would have heard of a fault."""

    async def done():
        return True

    told = []
    fake = Asyncio()
    fake.sleep_ms = Clock(2).sleep_ms
    supervisor.asyncio = fake
    try:
        for run in (dies, ends, done):
            try:
                asyncio.run(Supervisor(None)._restart("keypad", run, told.append))
            except asyncio.CancelledError:
                pass
    finally:
        supervisor.asyncio = asyncio
    assert told == [False] * 3
