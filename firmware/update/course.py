"""Takes an update or a trial step after step; loaded for as long as that takes, with the code of one step."""

import asyncio

from micropython import const

import console
from door.faults import READER, RESIDENTS
from link.errors import Interrupted, Refused
from loader import Loan
from update.steps import (
    BUILD,
    DELTA,
    FETCH,
    HAD,
    IMAGE,
    JUDGE,
    LOOK,
    NEXT,
    PLAN,
    REQUEST,
    SWITCH,
    TRIAL,
    WANTED,
)
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from update.steps import Next

_FILE = const(252)  # bytes that littlefs needs in one piece for each open file
_TRIES = const(5)
_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Course:
    """What the steps know as the update: see steps.py. `parts` are those of manager.py."""

    again_ms = 2_000  # after a step for which there was no memory in one piece

    def __init__(self, parts: tuple, version: "str | None") -> None:
        self.settings, self.board, self.clock, door, self._memory, self.subscriptions = parts
        self._residents, self.reports = door
        self.version, self.slot = version, "ab".find(slot()) & 1  # that the order asks for; 0 or 1

    async def follow(self, step: int, given: "Any") -> "Any":
        """Take step after step. A step that lacks memory in one piece is tried again: other tasks free some,
        and a build goes on where it was. From the manifest on, this holds the lock for the memory of a
        tenant's own broker.
        """
        tries, holds = _TRIES, False
        try:
            while step:
                if not holds and (step > SWITCH or tries < _TRIES):
                    await self._memory.acquire()
                    holds = True
                try:
                    step, given = await self._step(step, given)
                    if step != JUDGE:  # that may fail each time, and the message is got anew for it
                        tries = _TRIES
                except Interrupted:
                    return None  # the next order resumes from there
                except (Refused, OSError) as error:
                    self._refuse(error)
                    return None
                except MemoryError as error:
                    console.info("update", str(error))
                    tries -= 1
                    if not tries:
                        if step == TRIAL:
                            raise
                        self.reports.update(self.version, "refused", "no memory")
                        return None
                    if step == JUDGE:
                        step = REQUEST  # a part of the message is spent
                    await asyncio.sleep_ms(self.again_ms)
            return given
        finally:
            if holds:
                self._memory.release()

    async def _step(self, number: int, given: "Any") -> "Next":
        if number == FETCH:
            await self.subscriptions.fetch(*given[WANTED])
            return given[NEXT], given
        room = bytearray(_FILE), bytearray(_FILE), bytearray(_FILE)
        async with Loan():
            if number == LOOK:
                from update.switch import look as step
            elif number == SWITCH:
                from update.switch import step
            elif number == REQUEST:
                from update.request import step
            elif number == JUDGE:
                from update.manifest import step
            elif number == IMAGE:
                from update.image import step
            elif number == BUILD:
                from update.slots import step
            elif number == DELTA:
                from update.delta import step
            elif number == PLAN:
                from update.pack import step
            else:
                from update.trial import step

            del room
            await asyncio.sleep_ms(0)
            return await step(self, given)

    def _refuse(self, error: "Refused | OSError") -> None:
        """Tell why, and free the space of partial files if the flash is to blame."""
        if isinstance(error, Refused):
            reason = error.reason
        else:
            reason = "flash full" if error.errno == _ENOSPC else "flash error"
        self.reports.update(self.version, "refused", reason)
        if reason.startswith("flash"):
            with Loan():
                from update.slots import clear

                try:
                    clear()
                except OSError:
                    pass  # the next build removes them

    def watch(self, release: dict) -> "Callable[[], None]":
        """For pace.Pace: only a fault that lasts all the while is no fault of the new release."""

        def look() -> None:
            release[HAD] &= self.faults()

        return look

    def faults(self) -> "set[str]":
        """What is wrong now. A reader from which nothing was heard since the start counts, too."""
        faults = set(self.reports.faults)
        if self._residents.unread:
            faults.add(RESIDENTS)
        if self.settings.reader == "pn532" and not self.reports.answered:
            faults.add(READER)
        return faults
