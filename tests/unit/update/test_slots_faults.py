"""A fault that was there all the while an update came is no fault of the release; one of a moment is."""

import asyncio
import sys

sys.path.append("/slots/a")

from update import slots
from update.course import Course
from update.steps import HAD, PARTITION, PLANNED


class Release:
    """A build in some steps; before each, `faults` are those of that step."""

    version, slot = "1.1.0", 0
    reports = property(lambda self: self)

    def __init__(self, *faults):
        self.steps, self.now = list(faults), faults[0]

    async def build(self, *named):
        for faults in self.steps[1:]:
            self.now = faults
            await self.turns()

    watch = Course.watch

    def faults(self):
        return set(self.now)

    def update(self, *said):
        pass

    def excuses(self):
        """The faults that the release on trial is not blamed for."""
        slots.Builder = self.make
        manifest = {"security": 1, "slot": None, "files": None}
        release = dict(manifest)
        release[HAD], release[PARTITION], release[PLANNED] = self.faults(), None, []
        _, ready = asyncio.run(slots.step(self, release))
        return ready[2]

    def make(self, slot, turns):
        self.turns = turns
        return self


def test_a_fault_that_lasts_excuses_the_release():
    assert Release(*[("reader",)] * 4).excuses() == {"reader"}


def test_a_fault_at_both_ends_that_was_gone_between_excuses_nothing():
    assert Release(("reader", "keypad"), ("keypad",), ("reader", "keypad")).excuses() == {"keypad"}


def test_a_fault_that_comes_meanwhile_excuses_nothing():
    assert Release((), ("reader",), ("reader",), ("reader",)).excuses() == set()
