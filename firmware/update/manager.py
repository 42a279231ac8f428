"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; what a trial and the steps of an update take is loaded for each of them (steps.py).
"""

import asyncio
import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import READER, RESIDENTS
from link.errors import Interrupted, Refused
from loader import Loan
from update.steps import BUILD, DELTA, FETCH, IMAGE, JUDGE, LOOK, PLAN, READ, REFUSE, REQUEST, SWITCH, TRIAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings
    from update.steps import Next

_LONGEST = const(512)  # bytes of an order
_TRIES = const(5)
_TOLD_MS = const(1000)  # in which the operator hears that it is fetched, before the restart


class Manager:
    """`door` are the residents and the reports. An update holds both locks of `memory`: there
    is not enough beside it for a tenant's own broker, which the first is for, nor for a list or housekeeping.
    A trial holds the first.

    `pending` holds the last order that came and was not read yet. `version` is the one that it asks for.
    """

    hour_ms = 3_600_000
    again_ms = 2_000  # after a step for which there was no memory in one piece

    def __init__(
        self,
        settings: "Settings",
        board: "Any",
        clock: "Clock",
        door: tuple,
        memory: "tuple[asyncio.Lock, asyncio.Lock]",
        subscriptions: "Subscriptions",
    ) -> None:
        self._residents, self.reports = door
        self.settings, self.board, self.clock = settings, board, clock
        (self._memory, self._turn), self.subscriptions = memory, subscriptions
        self._came = asyncio.Event()
        self.pending: list[tuple[bytearray | None, bool]] = []
        self.version: str | None = None
        # The keypad's wait begins anew with each start: orders in a row leave it time to end, as trials do.
        self._least_ms = 0 if board.reset_cause() == "power-on" else 2 * settings.trial_ms
        self._rests_until = ticks_add(ticks_ms(), self._least_ms)

    async def run(self) -> None:
        """For ever."""
        await self.follow(TRIAL, None)
        await self.subscriptions.subscribe("menshen/v1/" + self.settings.lock + "/update", self._on_order)
        while True:
            try:
                await asyncio.wait_for_ms(self._came.wait(), self.hour_ms)
            except asyncio.TimeoutError:
                pass  # an hour without an order
            ready = await self._take(READ)
            if ready is not None:  # not all locks of a house start it at once
                spread = self.settings.spread_ms + 1
                spread_ms = _TOLD_MS + int.from_bytes(os.urandom(4), "little") % spread
                left_ms = min(ticks_diff(self._rests_until, ticks_ms()), self._least_ms)  # ticks go round
                await asyncio.sleep_ms(max(spread_ms, left_ms))
                await self._take(SWITCH, ready)

    async def _take(self, step: int, given: "Any" = None) -> "Any":
        """In its turn, this step and those that follow from it; what is ready to be started, if anything is.

        A coroutine of its own: one that waits holds what it awaited before, deeper in a block.
        """
        waits = self._turn.locked()  # a list comes, and the order is as old then
        async with self._turn:
            if step == READ:
                self._came.clear()
                self.version = None
                if waits and self.pending:
                    self.pending[0] = self.pending[0][0], False
                if not self.pending:
                    step = LOOK
            return await self.follow(step, given)

    async def follow(self, step: int, given: "Any") -> "Any":
        """Take step after step. One that lacks memory in one piece is tried again: others free some, and a
        build goes on where it was. What a tenant's own broker may have is held from the manifest on.
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
            await self.subscriptions.fetch(*given["wanted"])
            return BUILD if given["plan"] else PLAN, given
        async with Loan():
            if number == LOOK:
                from update.unheard import step
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

    async def _on_order(self, payload: "Payload") -> None:
        try:
            self.pending[:] = [(await payload.read(_LONGEST), not payload.retained)]
        except MemoryError:
            self.report(None, "refused", "no memory")
        else:
            self._came.set()

    def faults(self) -> "set[str]":
        """What is wrong now; a reader of which nothing was heard since the start is, too."""
        faults = set(self.reports.faults)
        if self._residents.unread:
            faults.add(RESIDENTS)
        if self.settings.reader == "pn532" and not self.reports.answered:
            faults.add(READER)
        return faults

    def report(self, version: "str | None", step: str, reason: str) -> None:
        """Tell how far an update is, see reports/results.py."""
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self.reports.update(version, step, reason)
