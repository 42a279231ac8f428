"""When the time is asked for, and what is done with what comes."""

import asyncio
import sys

from scripted_resolver import Server, drive
from test_sntp import AT, reply

import link.timekeeper as room
import loader
from link.timekeeper import Timekeeper


class Clock:
    def __init__(self, at=None):
        self.at = at
        self.told = []

    def now(self):
        return self.at

    def network(self, now):
        self.told.append(now)
        self.at = now
        return True


class Addresses:
    def __init__(self, address="127.0.0.1"):
        self.address = address
        self.doubts = 0

    async def resolve(self, host):
        if self.address is None:
            raise OSError("no server knows the host")
        return self.address

    def doubt(self, host):
        self.doubts += 1


def passing(now):
    """Have this many ms gone by."""
    room.ticks_ms = lambda: now
    room.ticks_diff = lambda a, b: a - b


def answer(query):
    return [reply(query[40:])]


def test_it_is_asked_before_the_first_connection_and_twice_a_day():
    server, clock = Server(answer), Clock()

    async def story():
        keeper = Timekeeper(clock, Addresses(), ("time.test", server.port))
        passing(0)
        await keeper.prepare()
        assert clock.told == [AT]
        for hour in range(25):
            passing(hour * 3_600_000)
            await keeper.prepare()
            await keeper.tick()

    drive([server], story)
    assert clock.told == [AT] * 3
    assert len(server.queries) == 3


def test_while_the_time_is_not_known_it_is_asked_for_every_quarter_of_an_hour():
    clock, addresses = Clock(), Addresses(None)
    keeper = Timekeeper(clock, addresses, ("time.test", 123))

    async def story():
        for minute in range(61):
            passing(minute * 60_000)
            await keeper.tick()
            await keeper.prepare()

    asyncio.run(story())
    assert addresses.doubts == 5
    assert clock.told == []


def test_while_no_connection_comes_about_the_address_is_in_doubt_too():
    """Whoever answers may be who a lying resolver named, and that time keeps the lock from its broker."""
    server, addresses = Server(answer), Addresses()

    async def story():
        keeper = Timekeeper(Clock(), addresses, ("time.test", server.port))
        for minute in range(4):
            passing(minute * 60_000)
            await keeper.prepare()
        assert addresses.doubts == 3
        await keeper.tick()
        passing(50_000_000)
        await keeper.tick()

    drive([server], story)
    assert addresses.doubts == 3, "with a connection it is as good as before"
    assert len(server.queries) == 5


def test_without_a_server_nobody_is_asked():
    clock, addresses = Clock(), Addresses()

    async def story():
        passing(0)
        await Timekeeper(clock, addresses, None).tick()

    asyncio.run(story())
    assert (clock.told, addresses.doubts) == ([], 0)


def test_a_network_that_fails_leaves_nothing_loaded():
    """An address that no socket can be connected to raises an OSError in the midst of the question."""
    sys.modules.pop("link.sntp")  # this test's own need of it
    loader._IS_PLENTY = False  # as on a board without PSRAM
    clock, addresses = Clock(), Addresses("no address")

    async def story():
        passing(0)
        await Timekeeper(clock, addresses, ("time.test", 123)).tick()

    try:
        asyncio.run(story())
    finally:
        loader._IS_PLENTY = True
    assert addresses.doubts == 1
    assert "link.sntp" not in sys.modules


def test_while_no_connection_comes_about_it_is_asked_again_at_each_try_and_at_most_once_a_minute():
    server, clock = Server(answer), Clock()

    async def story():
        keeper = Timekeeper(clock, Addresses(), ("time.test", server.port))
        for second in range(0, 600, 20):  # tries, and none succeeds
            passing(second * 1000)
            await keeper.prepare()
        assert len(clock.told) == 10
        await keeper.tick()  # there is a connection
        for minute in range(10, 60):
            passing(minute * 60_000)
            await keeper.tick()
        await keeper.prepare()
        assert len(clock.told) == 10
        passing(3_700_000)
        await keeper.prepare()  # that try failed, too
        assert len(clock.told) == 11

    drive([server], story)
