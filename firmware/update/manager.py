"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; the code for each step is loaded for that step.
"""

import asyncio

from micropython import const

import console
from door.faults import RESIDENTS
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings

_LONGEST = const(512)  # bytes of an order


class Manager:
    """`door` are the residents, the doorkeeper and the reports. An update holds the lock `memory`: there is
    not enough for a tenant's own broker beside it.
    """

    def __init__(
        self,
        settings: "Settings",
        board: "Any",
        clock: "Clock",
        door: tuple,
        memory: asyncio.Lock,
        subscriptions: "Subscriptions",
    ) -> None:
        residents, doorkeeper, reports = door
        self._tell = reports.update
        self._settings, self._board, self._clock = settings, board, clock
        self._door = (
            lambda: reports.faults | ({RESIDENTS} if residents.unread else set()),
            doorkeeper.quiet,
            self._report,
        )
        self._topic = "menshen/v1/" + settings.lock + "/update"
        self._memory, self._subscriptions = memory, subscriptions
        self._came = asyncio.Event()
        self._orders: list[tuple[bytearray | None, bool]] = []  # only the last that came

    async def run(self) -> None:
        """For ever."""
        await self._see_through_trial()
        await self._subscriptions.subscribe(self._topic, self._on_order)
        while True:
            await self._came.wait()
            self._came.clear()
            found = await self._judge()
            if found:
                async with self._memory:
                    await self._update(found)
                found = None

    async def _see_through_trial(self) -> None:
        async with Loan():
            from update.trial import begin

            await begin(self._settings, self._board, *self._door)

    async def _judge(self) -> "dict | None":
        """The manifest of the release that the last order asks for, see session.py."""
        async with Loan():
            from update.session import find_release

            parts = self._subscriptions, self._settings, self._board, self._clock
            return await find_release(self._orders, *parts, self._report)

    async def _update(self, manifest: dict) -> None:
        async with Loan():
            from update.updater import update

            await update(manifest, self._subscriptions, self._settings, self._board, self._door)

    async def _on_order(self, payload: "Payload") -> None:
        self._orders[:] = [(await payload.read(_LONGEST), not payload.retained)]
        self._came.set()

    def _report(self, version: "str | None", step: str, reason: str) -> None:
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell(version, step, reason)
