"""Code that is needed now and then leaves no trace in sys.modules, and comes back whole."""

import asyncio
import gc
import sys

from loader import OFTEN, collect, unload


def test_a_module_is_forgotten_and_comes_back_anew():
    import door.relay

    first = door.relay.Relay
    unload("door.relay")
    assert "door.relay" not in sys.modules
    assert not hasattr(sys.modules["door"], "relay")
    from door.relay import Relay

    assert Relay is not first


def test_what_was_never_loaded_can_be_forgotten_too():
    unload("no.such", "nothing")


def test_of_two_names_the_second_goes_though_the_first_was_not_there():
    import door.switch

    assert door.switch
    unload("no.such", "door.switch")
    assert "door.switch" not in sys.modules


def test_nothing_is_collected_in_what_follows_until_that_is_allowed_again():
    async def left() -> list:
        sizes = []
        for threshold in (-1, OFTEN):
            await collect(threshold)
            before = gc.mem_alloc()
            for _ in range(64):
                bytearray(1024)
            sizes.append(gc.mem_alloc() - before)
        return sizes

    usual = gc.threshold()
    try:
        free, often = asyncio.run(left())
    finally:
        gc.threshold(usual)
    assert free >= 64 * 1024
    assert often < 4 * OFTEN


def test_a_collection_is_a_step_of_its_own():
    turns = []

    async def collects() -> None:
        turns.append("before")
        await collect(OFTEN)
        turns.append("after")

    async def others() -> None:
        for _ in range(3):
            turns.append("other")
            await asyncio.sleep_ms(0)

    async def both() -> None:
        await asyncio.gather(collects(), others())

    usual = gc.threshold()
    try:
        asyncio.run(both())
    finally:
        gc.threshold(usual)
    assert turns == ["before", "other", "other", "after", "other"]
