"""A fault that was there all the while an update came is no fault of the release; one of a moment is."""

import asyncio
import sys

sys.path.append("/slots/a")

from update import updater, version


class Release:
    """An update in four steps; before each, `faults` are those of that step."""

    spread_ms = 0  # of the settings
    numbers = reset = None  # of the board

    def __init__(self, *faults):
        self.steps, self.now, self.excused = list(faults), faults[0], None

    async def prepare(self, manifest):
        for faults in self.steps[1:]:
            self.now = faults
            await self.pace()

    def switch(self, to, numbers, restart):
        self.excused = to.faults

    def excuses(self):
        """The faults that the release on trial is not blamed for."""
        updater.Updater, version.switch = self.make, self.switch
        manifest = {"version": "1.1.0"}
        door = (lambda: set(self.now)), (lambda *said: None)
        asyncio.run(updater.update(manifest, None, self, self, door))
        return self.excused

    def make(self, slot, partition, fetch, pace):
        self.pace, self.image = pace, None
        return self


def test_a_fault_that_lasts_excuses_the_release():
    assert Release(*[("reader",)] * 4).excuses() == {"reader"}


def test_a_fault_at_both_ends_that_was_gone_between_excuses_nothing():
    assert Release(("reader", "keypad"), ("keypad",), ("reader", "keypad")).excuses() == {"keypad"}


def test_a_fault_that_comes_meanwhile_excuses_nothing():
    assert Release((), ("reader",), ("reader",), ("reader",)).excuses() == set()
