"""The waits between two tries: full jitter up to a limit that doubles and is capped."""

import asyncio

import link.backoff as room
from link.backoff import Backoff, random_up_to


def test_the_limit_doubles_up_to_the_cap():
    backoff = Backoff(1000, 6000, lambda limit: limit)
    assert [backoff.next() for _ in range(6)] == [1000, 2000, 4000, 6000, 6000, 6000]


def test_after_a_success_it_starts_again():
    backoff = Backoff(1000, 600_000, lambda limit: limit)
    for _ in range(30):
        backoff.next()
    backoff.reset()
    assert [backoff.next(), backoff.next()] == [1000, 2000]


def test_it_never_waits_longer_than_the_cap():
    backoff = Backoff(5000, 3000, lambda limit: limit)
    assert [backoff.next() for _ in range(3)] == [3000, 3000, 3000]


def test_years_without_a_network_do_not_make_the_numbers_grow():
    backoff = Backoff(1000, 600_000)
    for _ in range(5000):
        assert 0 <= backoff.next() <= 600_000
    assert backoff._limit == 600_000


def test_the_wait_is_spread_over_the_whole_range():
    tenths = [0] * 10
    for _ in range(2000):
        tenths[min(random_up_to(999) // 100, 9)] += 1
    assert all(100 < tenth < 320 for tenth in tenths), tenths


def test_both_ends_of_the_range_can_come():
    assert {random_up_to(2) for _ in range(200)} == {0, 1, 2}
    assert random_up_to(0) == 0


class Sleeper:
    """Notes how long it was to sleep."""

    def __init__(self):
        self.slept = []

    async def sleep_ms(self, wait):
        self.slept.append(wait)


def paused(limit, quiet, random):
    sleeper = Sleeper()
    room.asyncio = sleeper
    try:
        asyncio.run(Backoff(limit, limit, random).pause(quiet))
    finally:
        room.asyncio = asyncio
    return sleeper.slept


def test_when_nobody_is_there_it_waits_once():
    assert paused(30_000, lambda: True, lambda limit: limit // 3) == [10_000]


def test_while_somebody_is_at_the_door_it_draws_again_from_what_is_left():
    answers = [False, False, True]
    assert paused(30_000, lambda: answers.pop(0), lambda limit: limit // 3) == [10_000, 6666, 4444]


def test_a_crowd_at_the_door_does_not_keep_it_longer_than_the_limit():
    for limit in (1000, 30_000, 600_000):
        for _ in range(50):
            slept = paused(limit, lambda: False, room.random_up_to)
            assert sum(slept) <= limit
            assert len(slept) < 40


def test_who_is_at_the_door_can_hardly_be_told_from_when_it_comes_back():
    """Somebody there for 15 of 60 seconds: in no other tenth of the time does it come twice as often."""
    counts = [[0] * 10, [0] * 10]
    for presence in (0, 1):
        for _ in range(3000):
            at = Elapsed()
            room.asyncio = at
            try:
                there = presence and (lambda at=at: 20_000 <= at.now < 35_000)
                run = Backoff(60_000, 60_000).pause(lambda there=there: not (there and there()))
                asyncio.run(run)
            finally:
                room.asyncio = asyncio
            counts[presence][min(at.now // 6000, 9)] += 1
    for tenth in (0, 1, 2, 6, 7, 8, 9):
        assert counts[1][tenth] < 2.2 * counts[0][tenth], counts


class Elapsed:
    def __init__(self):
        self.now = 0

    async def sleep_ms(self, wait):
        self.now += wait
