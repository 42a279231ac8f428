"""Work that can wait rests for twice the time that it took, and for no more than a quarter of a second."""

import asyncio

import pace as room
from pace import Pace


class Time:
    """Stands for time and asyncio in the room; work takes as long as the test says."""

    def __init__(self):
        self.now, self.rests = (1 << 30) - 5, []  # ticks go round in the first step
        room.asyncio = self
        room.ticks_ms = lambda: self.now & (1 << 30) - 1
        room.ticks_diff = lambda a, b: ((a - b + (1 << 29)) & (1 << 30) - 1) - (1 << 29)

    async def sleep_ms(self, wait):
        self.rests.append(wait)
        self.now += wait


def rests(*steps):
    """How long it rests after steps of so many ms."""
    time = Time()

    async def work():
        pace = Pace()
        for step in steps:
            time.now += step
            await pace()

    asyncio.run(work())
    return time.rests


def test_after_a_short_step_others_have_one_turn():
    assert rests(0, 8) == [0, 0]


def test_after_a_long_one_it_rests_for_twice_as_long():
    assert rests(9, 80) == [18, 160]


def test_it_never_rests_for_longer_than_a_quarter_of_a_second():
    assert rests(125, 126, 60_000) == [250, 250, 250]


def test_the_rest_is_no_part_of_the_next_step():
    assert rests(100, 5) == [200, 0]
