"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; the code for each step is loaded for that step.
"""

import asyncio

from micropython import const

import console
from door.faults import RESIDENTS
from loader import Loan, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings

_NUMBERS = const(2304)  # bytes: three numbers of 6,144 bits, see pss.py
_MANIFEST = const(2048)  # bytes of the longest one
_MODULUS = const(384)  # bytes of a release key
_LONGEST = const(512)  # bytes of an order


class Order:
    """An order as it came: None for one that was too long; `is_live` says that it was not retained."""

    def __init__(self, message: "bytearray | None", is_live: bool) -> None:
        self.message, self.is_live = message, is_live
        self.reserve: list[bytearray] = []  # memory in one piece, for when the code has taken the rest


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
        self._orders: list[Order] = []  # only the last that came

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
        await collect()
        try:
            for order in self._orders:
                order.reserve = [bytearray(_NUMBERS), bytearray(_MODULUS), bytearray(_MANIFEST)]
            async with Loan():
                from update.session import find_release

                parts = self._subscriptions, self._settings, self._board, self._clock
                return await find_release(self._orders, *parts, self._report)
        except MemoryError:
            self._orders.clear()
            self._report(None, "refused", "no memory")
            return None

    async def _update(self, manifest: dict) -> None:
        async with Loan():
            from update.updater import update

            await update(manifest, self._subscriptions, self._settings, self._board, self._door)

    async def _on_order(self, payload: "Payload") -> None:
        self._orders[:] = [Order(await payload.read(_LONGEST), not payload.retained)]
        self._came.set()

    def _report(self, version: "str | None", step: str, reason: str) -> None:
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell(version, step, reason)
