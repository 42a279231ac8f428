"""What is kept of lent code goes before whatever needs its room, and is never pulled from under its user."""

import asyncio
import sys

from noted_collector import Noted

import loader
from loader import Brief, Late, Loan, hush, is_calm, spare, started

loader._IS_PLENTY = False  # as on a board without PSRAM
started()  # nor in a start


def lent():
    return "door.relay" in sys.modules


async def until(condition):
    """Give others their turns until this holds; if it never does, that is the failure."""
    for _ in range(1000):
        if condition():
            return
        await asyncio.sleep_ms(0)
    raise AssertionError("it never came")


class _Thing:
    """Stands for what was made of lent code."""


def _kept_beside(kind, free, waits):
    """Whether what is kept is there in a block of this kind, and behind it."""
    noted, found = Noted(), []
    noted.free = free

    async def story():
        spare.append(_Thing())
        if waits:
            async with kind():
                import door.relay

                found.append(bool(spare) and door.relay is not None)
                await asyncio.sleep_ms(0)
        else:
            with kind():
                import door.relay

                found.append(bool(spare) and door.relay is not None)
        found.append(bool(spare))
        spare.clear()

    noted.run(story())
    sys.modules.pop("door.relay", None)
    return found


def test_what_is_kept_goes_before_any_block_that_may_need_its_room():
    for waits in (True, False):
        for kind in (Loan, Late):
            assert _kept_beside(kind, 20_000, waits) == [False, False]
        assert _kept_beside(Brief, 20_000, waits) == [True, True]
        assert _kept_beside(Brief, 5_000, waits) == [False, False]


def test_it_goes_before_the_collection_that_comes_before_the_block():
    noted, found = Noted(), []

    async def story():
        spare.append(_Thing())
        noted.collect = lambda: found.append(bool(spare))
        async with Loan():
            import door.relay

            assert door.relay

    noted.run(story())
    assert found[0] is False


def test_whoever_uses_it_as_it_goes_has_it_to_the_end():
    noted, done = Noted(), []

    async def uses():
        thing = spare[0]
        await asyncio.sleep_ms(0)
        await asyncio.sleep_ms(0)
        done.append(thing)

    async def story():
        spare.append(_Thing())
        using = asyncio.create_task(uses())
        await asyncio.sleep_ms(0)
        with Loan():
            import door.relay

            assert door.relay
        assert not spare
        await using

    noted.run(story())
    assert len(done) == 1


def test_it_may_come_again_ten_seconds_behind_the_last_block_and_with_nobody_at_the_door():
    noted, found = Noted(), []

    def look(at):
        noted.now = at
        found.append(is_calm())

    async def story():
        with Loan():
            import door.relay

            assert door.relay
            look(20_000)  # it lasts
        look(29_999)
        look(30_000)
        with Brief():
            look(30_001)
        async with Loan():
            look(60_000)
            await asyncio.sleep_ms(0)
            look(80_000)
        look(89_000)
        look(90_001)
        noted.free = 10_000
        look(90_002)
        noted.free = 20_000
        hush()
        look(90_003)

    noted.run(story())
    assert found == [False, False, True, True, False, False, False, True, False, False]


def test_a_block_that_fails_or_is_cancelled_is_over():
    noted = Noted()

    async def waits():
        async with Loan():
            import door.relay

            assert door.relay
            await asyncio.sleep(60)

    async def story():
        try:
            with Loan():
                raise MemoryError
        except MemoryError:
            pass
        task = asyncio.create_task(waits())
        await until(lent)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        noted.now = 50_000
        assert is_calm()

    noted.run(story())


def test_where_memory_is_plenty_it_stays():
    loader._IS_PLENTY = True
    try:
        spare.append(_Thing())
        with Loan():
            import door.relay

            assert door.relay
        assert spare
    finally:
        loader._IS_PLENTY = False
        spare.clear()
        sys.modules.pop("door.relay", None)
