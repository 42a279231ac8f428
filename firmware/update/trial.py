"""A release on trial proves itself by the door, and is confirmed or gone back on; what is settled at a start.

Numbers in NVS: `choice` (see boot.py), `trying` the version that was switched to, `failed` and `fails` the
version that was gone back on last and how often, `security` the highest confirmed, `image` 1 + the number of
the partition whose MicroPython is on trial with it, `had` the faults (bits of door/faults.py) from before.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import AT_ONCE
from esp32 import Partition
from update.version import bits_of, version_code, version_text
from version import SECURITY, VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from settings import Settings
    from storage.nvs import Numbers

_LOOK_MS = const(1000)
_PATIENCE = const(60)  # looks


class Running:
    """The release that runs: its slot (0 or 1), version, and security version."""

    def __init__(self, slot: int, version: str, security: int) -> None:
        self.slot, self.version, self.security = slot, version, security


class Trial:
    """report(version, step, reason) takes one of reports/results.py's steps; idle() is whether nobody is at
    the door; `partition` is esp32.Partition; restart() restarts the chip.
    """

    def __init__(
        self,
        running: Running,
        numbers: "Numbers",
        partition: "Any",
        report: "Callable[[str, str, str], None]",
        idle: "Callable[[], bool]",
        restart: "Callable[[], None]",
    ) -> None:
        self._slot, self._version, self._security = running.slot, running.version, running.security
        self._numbers = numbers
        self._partition, self._report, self._idle, self._restart = partition, report, idle, restart

    @property
    def is_on(self) -> bool:
        """Whether this start is one of a release on trial."""
        return self._numbers.get("choice") == 4 + self._slot

    async def run(self, faults: "Callable[[], set[str]]", trial_ms: int) -> None:
        """Watch the door for so long, then confirm; or restart, which is the way back. OSError of NVS."""
        had = self._numbers.get("had")
        end = ticks_add(ticks_ms(), trial_ms)
        self._report(self._version, "trial", "")
        if self._numbers.get("image") and not self._image_is_on():
            return await self.roll_back()
        while True:
            wrong = bits_of(faults()) & ~had
            left = ticks_diff(end, ticks_ms())
            if left <= 0 or wrong & AT_ONCE:
                break
            await asyncio.sleep_ms(min(_LOOK_MS, left))
        if wrong:
            await self.roll_back()
        else:
            self.confirm()
        return None

    async def roll_back(self) -> None:
        """Restart, while nobody is at the door if that is soon."""
        for _ in range(_PATIENCE):
            if self._idle():
                break
            await asyncio.sleep_ms(_LOOK_MS)
        self._restart()

    def confirm(self) -> None:
        """Keep this release. Power may go between any two steps: see boot.py for what comes of it."""
        numbers = self._numbers
        numbers.set("choice", 6 + self._slot)
        if numbers.get("image"):
            self._partition.mark_app_valid_cancel_rollback()
            numbers.set("image", 0)
        numbers.set("choice", self._slot)
        self.settle()

    def settle(self) -> bool:
        """Bring the numbers of a confirmed slot in order; whether only a restart takes MicroPython back."""
        numbers = self._numbers
        numbers.set("choice", self._slot)  # boot.py may have found that the slot chosen is no slot
        if numbers.get("security") < self._security:
            numbers.set("security", self._security)
        trying = numbers.get("trying")
        if trying == version_code(self._version):
            numbers.set("fails", 0)
            self._report(self._version, "confirmed", "")
        elif trying:
            again = trying == numbers.get("failed")
            numbers.set("fails", numbers.get("fails") + 1 if again else 1)
            numbers.set("failed", trying)
            self._report(version_text(trying), "went back", "")
        numbers.set("trying", 0)
        if not numbers.get("image"):
            return False
        pending = self._image_is_on()
        numbers.set("image", 0)
        return pending

    def _image_is_on(self) -> bool:
        """Whether the chip runs from the partition that is on trial."""
        label = self._partition(self._partition.RUNNING).info()[4]
        return label == "ota_%d" % (self._numbers.get("image") - 1)


async def begin(
    settings: "Settings",
    board: "Any",
    faults: "Callable[[], set[str]]",
    quiet: "Callable[[], bool]",
    report: "Callable[[str, str, str], None]",
) -> None:
    """See the release that runs through its trial."""
    running = Running("ab".find(slot()) & 1, VERSION, SECURITY)
    trial = Trial(running, board.numbers, Partition, report, quiet, board.reset)
    try:
        if trial.is_on:
            await trial.run(faults, settings.trial_ms)
        elif trial.settle():
            await trial.roll_back()
    except OSError:
        console.error("update", "no room in NVS to confirm the release")
