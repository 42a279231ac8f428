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
    IMAGE,
    JUDGE,
    LOOK,
    PLAN,
    PLANNED,
    READ,
    REFUSE,
    REQUEST,
    SWITCH,
    TRIAL,
    WANTED,
)
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from update.steps import Next

_TRIES = const(5)


class Course:
    """What the steps know as the update: see steps.py. `parts` are those of manager.py, `pending` is its."""

    again_ms = 2_000  # after a step for which there was no memory in one piece

    def __init__(self, parts: tuple, pending: "list[tuple[bytearray | None, bool]]") -> None:
        self.settings, self.board, self.clock, door, self._memory, self.subscriptions = parts
        self._residents, self.reports = door
        self.pending, self.slot = pending, "ab".find(slot()) & 1  # 0 or 1
        self.version: str | None = None  # that the order asks for

    async def follow(self, step: int, given: "Any") -> "Any":
        """Take step after step. A step that lacks memory in one piece is tried again: other tasks free some,
        and a build goes on where it was. From the manifest on, this holds the lock for the memory of a
        tenant's own broker.
        """
        tries, holds = _TRIES, False
        try:
            while step:
                if not holds and (step > READ or tries < _TRIES):
                    await self._memory.acquire()
                    holds = True
                try:
                    step, given = await self._step(step, given)
                    if step != JUDGE:  # that may fail each time, and the message is got anew for it
                        tries = _TRIES
                except Interrupted:
                    return None  # the next order resumes from there
                except (Refused, OSError) as error:
                    step, given = REFUSE, error
                except MemoryError as error:
                    console.info("update", str(error))
                    tries -= 1
                    if not tries:
                        if step == TRIAL:
                            raise
                        self.report(self.version, "refused", "no memory")
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
            return BUILD if given[PLANNED] else PLAN, given
        async with Loan():
            if number == LOOK:
                from update.version import look as step
            elif number == SWITCH:
                from update.version import step
            elif number == READ:
                from update.session import step
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
            elif number == TRIAL:
                from update.trial import step
            else:
                from update.refusal import step

            await asyncio.sleep_ms(0)
            return await step(self, given)

    def faults(self) -> "set[str]":
        """What is wrong now. A reader from which nothing was heard since the start counts, too."""
        faults = set(self.reports.faults)
        if self._residents.unread:
            faults.add(RESIDENTS)
        if self.settings.reader == "pn532" and not self.reports.answered:
            faults.add(READER)
        return faults

    def report(self, version: "str | None", step: str, reason: str) -> None:
        """Tell how far an update is, see reports/acks.py."""
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self.reports.update(version, step, reason)
