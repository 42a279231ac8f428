"""Code that is lent leaves no trace, on every path, and what comes late stays; collections are steps."""

import asyncio
import gc
import sys

from noted_collector import Noted

import loader
from loader import Late, Loan, collect, hush, started

_OFTEN = 4096
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


def test_what_an_import_brings_is_given_back_and_comes_back_anew():
    import door.switch

    with Loan():
        from door.relay import Relay as First
    assert not lent()
    assert door.switch
    assert not hasattr(sys.modules["door"], "relay")
    with Loan():
        from door.relay import Relay

        assert lent()
    assert Relay is not First


def test_so_it_is_where_the_work_fails():
    for error in ValueError, OSError, MemoryError, KeyboardInterrupt:
        try:
            with Loan():
                from door.relay import Relay

                raise error(Relay)
        except error:
            pass
        assert not lent()


def test_so_it_is_where_the_work_is_cancelled_or_returns():
    async def works():
        async with Loan():
            from door.relay import Relay

            await asyncio.sleep_ms(0)
            assert lent()
            return Relay

    async def waits():
        async with Loan():
            from door.relay import Relay

            await asyncio.sleep(60)
            return Relay

    async def both():
        assert await works()
        assert not lent()
        task = asyncio.create_task(waits())
        await until(lent)
        task.cancel()
        try:
            await task
        except asyncio.CancelledError:
            pass
        assert not lent()

    asyncio.run(both())


def test_what_was_there_before_stays():
    import door.switch

    assert door.switch
    with Loan():
        import door.relay
        import door.switch

        assert door.relay
    assert "door.switch" in sys.modules
    assert not lent()
    del sys.modules["door.switch"]


def test_an_import_that_fails_leaves_nothing_of_what_came_before_it():
    for kind in Loan, Late:
        try:
            with kind():
                import no.such

                import door.relay

                assert door.relay
                assert no.such
        except ImportError:
            pass
        assert not lent()


def test_what_comes_late_stays():
    async def comes():
        async with Late():
            from door.relay import Relay
        return Relay

    assert asyncio.run(comes())
    assert lent()
    del sys.modules["door.relay"]


def test_of_two_loans_at_a_time_each_gives_back_its_own():
    steps = []

    async def first():
        async with Loan():
            import door.relay

            steps.append(door.relay)
            await until(lambda: "door.switch" in sys.modules)
        steps.append("door.switch" in sys.modules)

    async def second():
        await until(lent)
        async with Loan():
            import door.switch

            steps.append(door.switch)
            await until(lambda: not lent())

    async def both():
        await asyncio.gather(first(), second())

    asyncio.run(both())
    assert steps[-1] is True
    assert not lent()
    assert "door.switch" not in sys.modules


def test_a_loan_within_the_first_step_of_another_is_not_taken_for_its():
    async def outer():
        async with Loan():
            import door.relay

            with Loan():  # before anybody else has had a turn
                import door.switch

                assert door.switch
            assert "door.switch" not in sys.modules
            assert lent()
            assert door.relay
        assert not lent()

    asyncio.run(outer())


def test_where_memory_is_plenty_nothing_is_given_back():
    loader._IS_PLENTY = True
    try:
        with Loan():
            import door.relay

            assert door.relay
        assert lent()
    finally:
        loader._IS_PLENTY = False
        del sys.modules["door.relay"]


def test_no_collection_falls_into_an_import_and_all_are_steps_of_their_own():
    found = []

    class Collector:
        """Stands for gc."""

        def collect(self):
            found.append("collect")

        def threshold(self, size):
            found.append(size)

    async def rest():
        await asyncio.sleep_ms(5)

    async def others():
        for _ in range(12):
            found.append("turn")
            await asyncio.sleep_ms(0)

    async def lends():
        async with Loan():
            found.append("import")
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)

    async def both():
        await asyncio.gather(others(), lends())

    asyncio.run(rest())  # what earlier tests have left to do
    loader.gc = Collector()
    try:
        asyncio.run(both())
    finally:
        loader.gc = gc
    assert found[found.index("import") - 1] == -1
    for place in [n for n in range(len(found)) if found[n] == "collect"]:
        assert "turn" in (found[place - 1], found[place + 1]), found
        assert found[place - 1] != "import"
    assert found[found.index(_OFTEN) - 1] == "collect"
    assert [size for size in found if size in (-1, _OFTEN)][-1] == _OFTEN


def test_nothing_is_collected_while_somebody_is_at_the_door_and_then_once():
    noted = Noted()

    async def visit():
        hush()
        with Loan():
            import door.relay

            assert door.relay
        async with Loan():
            import door.controller

            assert door.controller
        await collect()
        noted.now = 300
        hush()
        noted.now = 650
        await asyncio.sleep_ms(0)
        noted.now = 701

    found = noted.run(visit())
    assert [what for what in found if what != "never"] == [701, "often"]
    assert found[0] == "never"
    assert found[-1] == "often"


def test_after_a_start_the_readers_wait_for_no_collection_and_one_comes_soon():
    noted = Noted()

    async def wakes():
        hush(360)
        async with Loan():
            import door.relay

            assert door.relay
        await collect()
        noted.now = 39
        await asyncio.sleep_ms(60)
        assert "often" not in noted.found
        noted.now = 41

    found = noted.run(wakes())
    assert [what for what in found if what != "never"] == [41, "often"]


def test_in_a_start_garbage_is_collected_though_somebody_is_at_the_door():
    """Otherwise what stays lies among garbage up to the top of memory, and leaves no large piece for good."""
    noted = Noted()

    async def visit():
        hush()
        Late._starts = True
        async with Late():
            import door.relay

            assert door.relay
        started()
        await collect()

    try:
        found = noted.run(visit())
    finally:
        started()
        sys.modules.pop("door.relay", None)
    assert [what for what in found if what == 0][:2] == [0, 0], found


def test_no_collection_falls_into_what_cannot_wait():
    noted = Noted()

    async def lends():
        with Loan():
            import door.relay

            assert door.relay
            noted.found.append("work")

    assert noted.run(lends()) == ["never", "work", 0, "often"]


def test_whoever_is_at_the_door_makes_nobody_wait():
    """When messages go out must not tell of it."""
    noted = Noted()

    async def turns(work):
        count, done = 0, asyncio.create_task(work)
        while not done.done():
            count += 1
            await asyncio.sleep_ms(0)
        return count

    async def lends():
        async with Loan():
            import door.relay

            assert door.relay
        await collect()

    async def both():
        usual = await turns(lends())
        hush()
        assert await turns(lends()) == usual
        noted.now = 1000

    noted.run(both())


def test_after_a_load_little_garbage_is_left_lying():
    async def lends():
        async with Loan():
            import door.relay

            assert door.relay
            await asyncio.sleep_ms(0)
            await asyncio.sleep_ms(0)
            before = gc.mem_alloc()
            for _ in range(64):
                bytearray(1024)
            return gc.mem_alloc() - before

    usual = gc.threshold()
    try:
        assert asyncio.run(lends()) < 4 * _OFTEN
    finally:
        gc.threshold(usual)


def test_collect_is_a_step_of_its_own():
    turns = []

    async def collects():
        turns.append("before")
        await collect()
        turns.append("after")

    async def others():
        for _ in range(3):
            turns.append("other")
            await asyncio.sleep_ms(0)

    async def both():
        await asyncio.gather(collects(), others())

    usual = gc.threshold()
    try:
        asyncio.run(both())
    finally:
        gc.threshold(usual)
    assert turns[:2] == ["before", "other"]
    assert "after" in turns
