"""A fault that was there all the while an update came is no fault of the release; one of a moment is."""

import asyncio
import sys

sys.path.append("/slots/a")

from update import updater


class Release:
    """An update in four steps; before each, `faults` are those of that step."""

    def __init__(self, *faults):
        self.steps, self.now = list(faults), faults[0]

    async def prepare(self, manifest):
        for faults in self.steps[1:]:
            self.now = faults
            await self.pace()

    def excuses(self):
        """The faults that the release on trial is not blamed for."""
        updater.Updater = self.make
        door = lambda: set(self.now), lambda *said: None
        return asyncio.run(updater.prepare({"version": "1.1.0"}, None, door))[2]

    def make(self, slot, partition, fetch, pace):
        self.pace, self.image = pace, None
        return self


def test_a_fault_that_lasts_excuses_the_release():
    assert Release(*[("reader",)] * 4).excuses() == {"reader"}


def test_a_fault_at_both_ends_that_was_gone_between_excuses_nothing():
    assert Release(("reader", "keypad"), ("keypad",), ("reader", "keypad")).excuses() == {"keypad"}


def test_a_fault_that_comes_meanwhile_excuses_nothing():
    assert Release((), ("reader",), ("reader",), ("reader",)).excuses() == set()
