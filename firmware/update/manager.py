"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; what takes the steps of a trial and of an update (course.py) is loaded for each.
"""

import asyncio
import os
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from link.backoff import comes
from loader import Loan
from update.steps import LOOK, READ, REQUEST, SWITCH, TRIAL

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings

_LONGEST = const(512)  # bytes of an order
_TRIES = const(5)
_TOLD_MS = const(1000)  # in which the operator hears that it is fetched, before the restart


class Manager:
    """`door` are the residents and the reports. An update holds both locks of `memory`: there is not enough
    memory beside it for a tenant's own broker, for which the first lock is, nor for a list or housekeeping. A
    trial holds the first.
    """

    hour_ms = 3_600_000
    again_ms = 2_000

    def __init__(
        self,
        settings: "Settings",
        board: "Any",
        clock: "Clock",
        door: tuple,
        memory: "tuple[asyncio.Lock, asyncio.Lock]",
        subscriptions: "Subscriptions",
    ) -> None:
        first, self._turn = memory
        self._parts = settings, board, clock, door, first, subscriptions
        _, self._reports = door
        self._came = asyncio.Event()
        self._pending: list[tuple[bytearray | None, bool]] = []  # the last order, until it is read
        # The keypad's wait begins anew with each start: orders in a row leave it time to end, as trials do.
        self._least_ms = 0 if board.reset_cause() == "power-on" else 2 * settings.trial_ms
        self._rests_until = ticks_add(ticks_ms(), self._least_ms)

    async def run(self) -> None:
        """For ever."""
        settings, *_, subscriptions = self._parts
        await self._follow(TRIAL, None)
        await subscriptions.subscribe("menshen/v1/" + settings.lock + "/update", self._on_order)
        while True:
            await comes(self._came, self.hour_ms)
            ready = await self._take(READ)
            if ready is not None:  # not all locks of a house start it at once
                spread = settings.spread_ms + 1
                spread_ms = _TOLD_MS + int.from_bytes(os.urandom(4), "little") % spread
                left_ms = min(ticks_diff(self._rests_until, ticks_ms()), self._least_ms)  # ticks go round
                await asyncio.sleep_ms(max(spread_ms, left_ms))
                await self._take(SWITCH, ready)

    async def _take(self, step: int, given: "Any" = None) -> "Any":
        """In its turn, take this step and those that follow; what is ready to be started, if anything is.

        A coroutine of its own: one that waits holds what it awaited before, deeper in a block.
        """
        waits = self._turn.locked()  # a list comes, and the order is as old then
        async with self._turn:
            if step == READ:
                self._came.clear()
                if not self._pending:
                    step = LOOK
                elif waits:
                    self._pending[0] = self._pending[0][0], False
            return await self._follow(step, given)

    async def _follow(self, step: int, given: "Any") -> "Any":
        """Take this step and those that follow; try again if for a moment there is no memory to begin.

        Not for ever, since lists wait meanwhile: then an order that cannot be read is refused. Otherwise the
        task ends, and is restarted. Steps of a trial, too.
        """
        tries, version = 0 if step == TRIAL else _TRIES, None
        while True:
            try:
                if step == READ:
                    version = await self._read()
                    step = REQUEST
                    if version is None:
                        return None
                return await self._lend(step, version, given)
            except MemoryError:
                if not tries:
                    if step == READ:
                        return self._refuse()
                    raise
            tries -= 1
            await asyncio.sleep_ms(self.again_ms)

    async def _read(self) -> "str | None":
        """Read the order without the code of a course: a tenant's own broker stays connected meanwhile."""
        async with Loan():
            from update.session import read

            return read(self._parts, self._pending)

    async def _lend(self, step: int, version: "str | None", given: "Any") -> "Any":
        async with Loan():
            from update.course import Course

            return await Course(self._parts, version).follow(step, given)

    def _refuse(self) -> None:
        self._reports.update(None, "refused", "no memory")

    async def _on_order(self, payload: "Payload") -> None:
        try:
            self._pending[:] = [(await payload.read(_LONGEST), not payload.retained)]
        except MemoryError:
            self._refuse()
        else:
            self._came.set()
