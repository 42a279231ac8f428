"""A restart from afar: while nobody is at the door, and at a moment that says nothing of it."""

import asyncio

import commands.remote as room
from commands.remote import Remote
from link import backoff


class Time:
    """Passes at once; somebody is at the door until `gone`, in ms."""

    def __init__(self, gone=0):
        self.now, self.gone, self.jobs, self.reset_at = 0, gone, [], None

    async def sleep_ms(self, wait):
        self.now += wait

    def create_task(self, job):
        self.jobs.append(job)

    def quiet(self):
        return self.now >= self.gone

    def identify(self):
        pass

    remote = identify

    def reset(self):
        self.reset_at = self.now


def restarted(gone=0):
    time = Time(gone)
    room.asyncio = backoff.asyncio = time
    try:
        Remote(time, lambda: iter(((7, b"k" * 16),)), dict, time.reset).restart()
        assert time.reset_at is None, "the answer goes out first"
        asyncio.run(time.jobs[0])
    finally:
        room.asyncio = backoff.asyncio = asyncio
    return time.reset_at


def test_it_comes_within_a_minute_at_random():
    moments = [restarted() for _ in range(300)]
    assert all(2000 <= moment <= 62_000 for moment in moments)
    assert min(moments) < 12_000
    assert max(moments) > 52_000


def test_it_waits_for_whoever_is_at_the_door_however_long_that_is():
    for gone in (1000, 20_000, 50_000, 600_000):
        for _ in range(30):
            assert gone <= restarted(gone) < max(62_000, gone + 2000)


def test_a_lease_has_the_keys_of_its_residents_and_another_has_none():
    part = Remote(Time(), lambda: iter(((7, b"k" * 16), (9, b"m" * 16), (7, b"l" * 16))), dict, print)
    assert part.guest_keys(7) == [b"k" * 16, b"l" * 16]
    assert part.guest_keys(8) == []
