"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; what a trial and an update take is loaded for them (steps.py).
"""

import asyncio
import os

from micropython import const

import console
from door.faults import READER, RESIDENTS
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings

_LONGEST = const(512)  # bytes of an order
_TRIES = const(5)


class Manager:
    """`door` are the residents and the reports. An update holds both locks of `memory`: there
    is not enough beside it for a tenant's own broker, which the first is for, nor for a list or housekeeping.

    `orders` holds the last order that came and was not read yet. `version` is the one that it asks for, and
    `ready` what is known of it when it can be started.
    """

    hour_ms = 3_600_000
    again_ms = 2_000  # after a try for which there was no memory in one piece

    def __init__(
        self,
        settings: "Settings",
        board: "Any",
        clock: "Clock",
        door: tuple,
        memory: "tuple[asyncio.Lock, asyncio.Lock]",
        subscriptions: "Subscriptions",
    ) -> None:
        residents, self.reports = door
        self.settings, self.board, self.clock = settings, board, clock
        (self._memory, self._turn), self.subscriptions = memory, subscriptions
        self._holds = False
        self._residents = residents
        self.door: tuple = self._faults, self.report
        self._came = asyncio.Event()
        self.orders: list[tuple[bytearray | None, bool]] = []
        self.version: str | None = None
        self.ready: tuple | None = None

    async def run(self) -> None:
        """For ever."""
        await self._tried(self._see_through_trial)
        await self.subscriptions.subscribe("menshen/v1/" + self.settings.lock + "/update", self._on_order)
        while True:
            try:
                await asyncio.wait_for_ms(self._came.wait(), self.hour_ms)
            except asyncio.TimeoutError:
                pass  # an hour without an order: steps.py looks whether this release reaches the broker
            await self._take()
            if self.ready is not None:  # not all locks of a house start it at once
                spread = self.settings.spread_ms + 1
                await asyncio.sleep_ms(int.from_bytes(os.urandom(4), "little") % spread)
                try:
                    async with self._turn:
                        await self._tried(self._switch)
                except MemoryError:
                    self.report(self.version, "refused", "no memory")
            self.version = self.ready = None

    async def _take(self) -> None:
        """A coroutine of its own: one that waits holds what it awaited before, deeper in a block."""
        waits = self._turn.locked()  # a list comes, and the order is as old then
        async with self._turn:
            self._came.clear()
            if waits:
                self.orders[:] = [(message, False) for message, _ in self.orders]
            try:
                await self._tried(self._obey)
            except MemoryError:
                self.report(self.version, "refused", "no memory")
            finally:
                if self._holds:
                    self._holds = False
                    self._memory.release()

    async def hold(self) -> None:
        """Hold the memory that a tenant's own broker may have, until the order has been seen to."""
        if not self._holds:
            await self._memory.acquire()
            self._holds = True

    async def _tried(self, step: "Callable[[], Awaitable]") -> None:
        """Try a step a few times where there is no memory in one piece: others free some, and a build goes on
        where it was.
        """
        for left in range(_TRIES, 0, -1):
            try:
                await step()
                return
            except MemoryError as error:
                console.info("update", str(error))
                if left == 1:
                    raise
            await asyncio.sleep_ms(self.again_ms)

    async def _see_through_trial(self) -> None:
        async with Loan():
            from update.trial import begin

            await begin(self.settings, self.board, *self.door)

    async def _obey(self) -> None:
        async with Loan():
            from update.steps import obey

            await obey(self)

    async def _switch(self) -> None:
        async with Loan():
            from update.steps import switch_to

            await switch_to(self, *self.ready or ())

    async def _on_order(self, payload: "Payload") -> None:
        try:
            self.orders[:] = [(await payload.read(_LONGEST), not payload.retained)]
        except MemoryError:
            self.report(None, "refused", "no memory")
        else:
            self._came.set()

    def _faults(self) -> "set[str]":
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
