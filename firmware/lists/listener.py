"""Subscribes to the heads of credential lists; the code that installs a list is loaded for each."""

import asyncio
from time import ticks_diff, ticks_ms

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

    class Housekeeping(Protocol):
        """housekeeping.py: looks after the list in use."""

        settled: asyncio.Event
        turn: asyncio.Lock

        def on_list(self) -> None: ...


_HEAD_MAX = const(2560)  # bytes: the longest message that is held in RAM
_FRESH_MS = const(60_000)  # a head that has waited for longer does not tell the time


class Lists:
    """`housekeeping` checks the list after a start, which is awaited, and is told of each list that comes. A
    list waits for its `turn`.
    """

    def __init__(
        self,
        settings: "Settings",
        register: "Register",
        clock: "Clock",
        housekeeping: "Housekeeping",
        subscriptions: "Subscriptions",
        telemetry: "Telemetry",
    ) -> None:
        self._settings, self._register, self._clock = settings, register, clock
        self._housekeeping = housekeeping
        self._subscriptions, self._telemetry = subscriptions, telemetry
        self._came = asyncio.Event()
        self._head: "bytearray | None" = None
        self._live = False
        self._signed = 0  # the time at which the head in hand was signed
        self._told = 0  # the version of which the operator has been told that it is in force

    async def run(self) -> None:
        """For ever: handle one head after another; of those that came meanwhile only the last."""
        await self._subscriptions.subscribe("menshen/v1/" + self._settings.lock + "/list", self._on_head)
        await self._housekeeping.settled.wait()
        while True:
            await self._came.wait()
            await self._take()
            await asyncio.sleep_ms(0)
            self._housekeeping.on_list()

    async def _take(self) -> None:
        """A coroutine of its own: one that waits holds what it awaited before, deeper in a block."""
        since = ticks_ms()
        async with self._housekeeping.turn:
            self._came.clear()
            if ticks_diff(ticks_ms(), since) > _FRESH_MS:  # for a release, and not for the hour's work
                self._live = False
            try:
                await self._receive()
            except MemoryError:
                self._refuse()

    def _refuse(self) -> None:
        with Loan():
            from reports.acks import Acks

            Acks(self._telemetry).list_refused(None, "no memory")

    async def _on_head(self, payload: "Payload") -> None:
        try:
            self._head, self._live = await payload.read(_HEAD_MAX), not payload.retained
        except MemoryError:
            self._refuse()
        else:
            self._came.set()

    async def _receive(self) -> None:
        live, head = self._live, [self._head]
        self._head = None  # before the first await: another may come

        def on_time(now: int, is_newer: bool) -> None:
            self._clock.signed(now, live and is_newer)
            self._signed = now

        async with Loan():
            from lists.sync import Sync
            from pace import Pace

            pace = Pace()
            await pace()
            parts = self._approve, self._telemetry, self._subscriptions, pace
            sync = Sync(self._settings, self._register.credentials, *parts)
            self._told = await sync.receive(head, self._told, on_time)

    async def _approve(self, listed: "Listed") -> None:
        """Raise ListError where a list would lock somebody out of their home."""
        async with Loan():
            from people.approval import approve

            signed = self._signed if self._clock.trust == "signed" else 0  # one clock alone dates no lease
            await approve(listed, self._clock.now(), signed, self._register)
