"""A restart from afar comes at a moment drawn beforehand. (That the door moves it by nothing is measured in
unit/link/test_presence.py.)
"""

import asyncio
from time import ticks_add

import commands.remote as room
from commands.remote import Remote


class Time:
    """Passes at once."""

    def __init__(self):
        self.now, self.jobs, self.reset_at = 0, [], None

    async def sleep_ms(self, wait):
        self.now += wait

    def create_task(self, job):
        self.jobs.append(job)

    def identify(self):
        pass

    remote = identify

    def reset(self):
        self.reset_at = self.now


def restarted(started=None, now=0):
    time = Time()
    room.asyncio, room.ticks_ms = time, lambda: now
    try:
        Remote(time, lambda: iter(((7, b"k" * 16),)), dict, time.reset, started).restart()
        assert time.reset_at is None, "the answer goes out first"
        asyncio.run(time.jobs[0])
    finally:
        room.asyncio = asyncio
    return time.reset_at


def test_it_comes_one_to_two_minutes_later_at_random():
    moments = [restarted() for _ in range(300)]
    assert all(60_000 <= moment <= 120_000 for moment in moments)
    assert min(moments) < 70_000
    assert max(moments) > 110_000


def test_after_one_that_was_no_power_up_the_next_is_ten_minutes_away_at_least():
    """The keypad waits for five minutes at most, and anew after each start."""
    for passed, least in ((0, 600_000), (599_999, 1), (600_000, 0), (10**7, 0)):
        for started in (0, 5, (1 << 30) - 1000):
            now = ticks_add(started, passed)
            assert 60_000 <= restarted(started, now) - least <= 120_000
    assert 60_000 <= restarted(5, ticks_add(5, -7)) <= 120_000, "ticks go round"


def test_a_lease_has_the_keys_of_its_residents_and_another_has_none():
    part = Remote(Time(), lambda: iter(((7, b"k" * 16), (9, b"m" * 16), (7, b"l" * 16))), dict, print)
    assert asyncio.run(part.guest_keys(7)) == [b"k" * 16, b"l" * 16]
    assert asyncio.run(part.guest_keys(8)) == []


def test_others_have_a_turn_between_two_of_the_256_keys_of_a_house_door():
    part = Remote(Time(), lambda: iter([(n % 32, b"k" * 16) for n in range(256)]), dict, print)

    async def story():
        task, turns = asyncio.create_task(part.guest_keys(7)), 0
        while not task.done():
            turns += 1
            await asyncio.sleep_ms(0)
        return len(await task), turns

    keys, turns = asyncio.run(story())
    assert keys == 8
    assert turns >= 256
