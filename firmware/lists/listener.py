"""Waits for the heads of credential lists; what takes them is loaded for as long as that lasts."""

import asyncio

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from people.guard import Listed
    from people.register import Register
    from reports.telemetry import Telemetry
    from settings import Settings

    class House(Protocol):
        """housekeeping.py."""

        settled: asyncio.Event

        def on_list(self) -> None: ...


_HEAD_MAX = const(2560)  # bytes: the longest message that is held in RAM


class Lists:
    """`house` looks after the list in use: it says when that is settled, and hears when it has changed."""

    def __init__(
        self,
        settings: "Settings",
        register: "Register",
        clock: "Clock",
        house: "House",
        subscriptions: "Subscriptions",
        telemetry: "Telemetry",
    ) -> None:
        self._settings, self._register, self._clock, self._house = settings, register, clock, house
        self._subscriptions, self._telemetry = subscriptions, telemetry
        self._came = asyncio.Event()
        self._head: "bytearray | None" = None
        self._live = False
        self._told = 0  # the version that the operator knows to be in force

    async def run(self) -> None:
        """For ever; one head after the other, and of those that came meanwhile the last alone."""
        await self._subscriptions.subscribe("menshen/v1/" + self._settings.lock + "/list", self._on_head)
        await self._house.settled.wait()
        while True:
            await self._came.wait()
            self._came.clear()
            try:
                await self._receive()
            except MemoryError:
                self._telemetry.refused(None, "no memory")
            await asyncio.sleep_ms(0)
            self._house.on_list()

    async def _on_head(self, payload: "Payload") -> None:
        self._head, self._live = await payload.read(_HEAD_MAX), not payload.retained
        self._came.set()

    async def _receive(self) -> None:
        live, head = self._live, [self._head]
        self._head = None  # before anything is waited for: another may come

        def on_time(now: int) -> None:
            self._clock.signed(now, live)

        async with Loan():
            from link.fetcher import Fetcher
            from lists.sync import Sync
            from pace import Pace

            pace = Pace()
            await pace()
            fetcher = Fetcher(self._subscriptions, pace)
            parts = self._approve, self._telemetry, fetcher, pace
            sync = Sync(self._settings, self._register.credentials, *parts)
            self._told = await sync.receive(head, self._told, on_time)

    async def _approve(self, listed: "Listed") -> None:
        """Raise ListError where a list would lock somebody out of their home."""
        register = self._register
        async with Loan():
            from people.guard import approve

            await approve(listed, self._clock.now(), register, self._settings.plain_uid)
