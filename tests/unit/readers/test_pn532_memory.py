"""How many bytes a poll of the reader takes of the heap, less what the test itself takes; none stays.

A poll in which no card comes takes none at all.
"""

import asyncio
import gc

from micropython import mem_total

from virtual_time import clock  # isort: skip (it comes before whatever imports time)
from asyncio import core

from scripted_pn532 import TENANT, Chip

from readers.card_reader import CardReader
from readers.pn532 import PN532

_POLLS = 100
# Bytes in the 64-bit port, where a word is twice as long as the chip's: ../../../firmware/readers/README.md
_MOST_LOOKING = 4000
_wait = core.IOQueue.wait_io_event


class Counting(Chip):
    """`own` are the bytes that the test itself has taken."""

    own = 0

    def write(self, data):
        began = mem_total()
        result = Chip.write(self, data)
        Counting.own += mem_total() - began
        return result

    def readinto(self, buffer):
        began = mem_total()
        result = Chip.readinto(self, buffer)
        Counting.own += mem_total() - began
        return result


def _turn(queue, wait_ms):
    began = mem_total()
    clock.now += 1
    _wait(queue, wait_ms)
    Counting.own += mem_total() - began


core.IOQueue.wait_io_event = _turn


def taken(poll_count, card):
    """Bytes of so many polls, and by how much more is in use after all of them."""
    clock.begin()
    chip, found = Counting(), []

    async def whole():
        driver = PN532(chip, chip.irq, chip.reset, liveness_ms=100)
        reader = CardReader(driver)
        running = asyncio.create_task(reader.run(lambda uid, kind: found.append(kind), lambda well: None))
        await asyncio.sleep_ms(3000)
        chip.put(card)
        await asyncio.sleep_ms(3000)
        gc.collect()
        kept = gc.mem_alloc()
        gc.disable()
        began, Counting.own = mem_total(), 0
        polls = chip.commands.count(0x4A)
        while chip.commands.count(0x4A) < polls + poll_count:
            await asyncio.sleep_ms(20)
        used = mem_total() - began - Counting.own
        gc.enable()
        chip.commands.clear()
        chip.reset.levels.clear()
        chip.irq.levels.clear()
        gc.collect()
        kept = gc.mem_alloc() - kept
        assert not running.done()
        running.cancel()
        return used, kept

    return asyncio.run(whole())


def test_a_poll_that_waits_for_a_card_allocates_nothing_and_keeps_nothing():
    used, kept = taken(_POLLS, None)
    assert used == 0
    assert kept <= 0


def test_a_look_at_a_card_that_lies_there_takes_little_memory_and_keeps_none():
    used, kept = taken(_POLLS, TENANT)
    print("bytes for a look:", used // _POLLS, "kept:", kept)
    assert used // _POLLS <= _MOST_LOOKING
    assert kept <= 0
