"""A release is confirmed when the door has proved itself: neither silence nor a stall is a proof."""

import asyncio
import time

from ram_numbers import RamNvs

from door.faults import FAULTS, KEYPAD, NO_CREDENTIALS, READER
from storage.nvs import Numbers
from update import trial
from update.trial import Trial


class Clock:
    """Time that passes where somebody sleeps, and at once; `now` is in ms."""

    def __init__(self):
        self.now = 0

    async def sleep_ms(self, ms):
        self.now += ms
        await asyncio.sleep(0)


def tried(faults, seconds=5, had=(), stall=None):
    """ "confirmed" or "went back" of a release on trial, and after how many ms; faults(ms) are those then."""
    numbers, said, clock = Numbers(RamNvs()), [], Clock()
    numbers.set("choice", 5)
    numbers.set("had", sum(FAULTS[name] for name in had))
    numbers.set("trying", 1 << 20 | 1 << 10)

    def report(version, step, reason):
        said.append(step)

    running = Trial((1, "1.1.0", 1), numbers, None, report, lambda: said.append("went back"))
    trial.asyncio = stall or clock
    try:
        asyncio.run(running.run(lambda: set(faults(clock.now)), seconds * 1000))
    finally:
        trial.asyncio = asyncio
    assert said[0] == "trial"
    return said[-1], clock.now


def test_a_door_that_is_well_confirms_the_release_after_its_time():
    assert tried(lambda ms: ()) == ("confirmed", 5000)


def test_a_fault_at_the_end_has_ten_seconds_to_go():
    assert tried(lambda ms: (READER,)) == ("went back", 15_000)
    assert tried(lambda ms: (READER,) if ms < 12_000 else ()) == ("confirmed", 12_000)
    assert tried(lambda ms: (KEYPAD,)) == ("went back", 15_000)


def test_a_list_that_cannot_be_read_ends_it_at_once():
    assert tried(lambda ms: (NO_CREDENTIALS,)) == ("went back", 0)


def test_what_was_so_before_is_no_fault_of_the_release_and_excuses_nothing_else():
    assert tried(lambda ms: (READER,), had=(READER,)) == ("confirmed", 5000)
    assert tried(lambda ms: (READER, KEYPAD), had=(READER,)) == ("went back", 15_000)


class Busy:
    """A computer that is busy with something else at the first look, for longer than the trial lasts."""

    def __init__(self):
        self.looks = 0

    async def sleep_ms(self, ms):
        self.looks += 1
        if self.looks == 1:
            time.sleep_ms(3100)
        await asyncio.sleep(0)


def test_a_stall_is_no_proof():
    """The driver of the reader had no turn either: its fault is told a moment later."""
    busy, looks = Busy(), []

    def faults(ms):
        looks.append(ms)
        return (READER,) if len(looks) > 2 else ()

    assert tried(faults, seconds=3, stall=busy)[0] == "went back"
    assert busy.looks == 3 + 10
