"""Confirms a release on trial when the door has worked for long enough; otherwise rolls it back.

The state of a trial is in NVS, so that it is the same after a restart: see storage/names.py, and start.py for
what a start does with it.
"""

import asyncio

from micropython import const

import console
from door.faults import AT_ONCE
from esp32 import Partition
from storage.names import (
    CHOICE,
    FAILED,
    FAILURES,
    FAULTS_BEFORE,
    IMAGE_ON_TRIAL,
    ORDER,
    SECURITY_FLOOR,
    TRYING,
)
from update.steps import DONE
from update.version import bits_of, version_code, version_text
from version import SECURITY, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from storage.nvs import Numbers
    from update.steps import Next, Update

_LOOK_MS = const(1000)
_MEND_MS = const(10_000)


class Trial:
    """`running` is the release that runs: its slot (0 or 1), version, and security version.

    report(version, step, reason) tells how far the trial is; `partition` is esp32.Partition; restart()
    restarts the chip.
    """

    def __init__(
        self,
        running: "tuple[int, str, int]",
        numbers: "Numbers",
        partition: "Any",
        report: "Callable[[str, str, str], None]",
        restart: "Callable[[], None]",
    ) -> None:
        self._slot, self._version, self._security = running
        self._numbers = numbers
        self._partition, self._report, self._restart = partition, report, restart

    @property
    def is_on(self) -> bool:
        """Whether the release that runs is on trial."""
        return self._numbers.get(CHOICE) == 4 + self._slot

    async def run(self, faults: "Callable[[], set[str]]", trial_ms: int) -> None:
        """Watch for faults for so long, then confirm, or restart, which rolls back. OSError of NVS.

        Only the time in which the event loop ran counts: in a stall nothing could go wrong. A fault at the
        end has ten seconds to go away: a reader that is silent for a moment is mended by then.
        """
        had, left = self._numbers.get(FAULTS_BEFORE), trial_ms
        self._report(self._version, "trial", "")
        if self._numbers.get(IMAGE_ON_TRIAL) and not self._image_is_on():
            return self._restart()
        while True:
            wrong = bits_of(faults()) & ~had
            if wrong & AT_ONCE or left <= (-_MEND_MS if wrong else 0):
                break
            step = left if 0 < left < _LOOK_MS else _LOOK_MS
            await asyncio.sleep_ms(step)
            left -= step
        if wrong:
            self._restart()
        else:
            self.confirm()
        return None

    def confirm(self) -> None:
        """Confirm this release. Power may go between any two steps: README.md says what comes of it."""
        numbers = self._numbers
        numbers.set(CHOICE, 6 + self._slot)
        if numbers.get(IMAGE_ON_TRIAL):
            self._partition.mark_app_valid_cancel_rollback()
            numbers.set(IMAGE_ON_TRIAL, 0)
        numbers.set(CHOICE, self._slot)
        self.settle()

    def settle(self) -> bool:
        """Update NVS for a confirmed slot, and tell the result of a trial that has ended.

        Whether a restart is needed to roll MicroPython itself back.
        """
        numbers = self._numbers
        numbers.set(CHOICE, self._slot)  # start.py may have found that the slot chosen is no slot
        if numbers.get(SECURITY_FLOOR) < self._security:
            numbers.set(SECURITY_FLOOR, self._security)
        trying = numbers.get(TRYING)
        if trying == version_code(self._version):
            numbers.set(FAILURES, 0)
            numbers.set(ORDER, abs(numbers.get(ORDER)))  # it is carried out, and is not obeyed again
            self._report(self._version, "confirmed", "")
        elif trying:
            again = trying == numbers.get(FAILED)
            numbers.set(FAILURES, numbers.get(FAILURES) + 1 if again else 1)
            numbers.set(FAILED, trying)
            self._report(version_text(trying), "went back", "")
        numbers.set(TRYING, 0)
        if not numbers.get(IMAGE_ON_TRIAL):
            return False
        pending = self._image_is_on()
        numbers.set(IMAGE_ON_TRIAL, 0)
        return pending

    def _image_is_on(self) -> bool:
        """Whether the chip runs from the partition that is on trial."""
        label = self._partition(self._partition.RUNNING).info()[4]
        return label == "ota_%d" % (self._numbers.get(IMAGE_ON_TRIAL) - 1)


async def step(update: "Update", given: None) -> "Next":
    """See the release that runs through its trial."""
    board = update.board
    running = update.slot, VERSION, SECURITY
    trial = Trial(running, board.numbers, Partition, update.reports.update, board.reset)
    try:
        if trial.is_on:
            await trial.run(update.faults, update.settings.trial_ms)
        elif trial.settle():
            board.reset()
    except OSError:
        console.error("update", "NVS is full: it is not confirmed")
    return DONE, None
