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
# A list for which there was no memory is asked for anew: what needed it, a dialogue say, is over by then.
_AGAIN_MS = const(15_000)
_TRIES = const(5)


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
        self._housekeeping = housekeeping
        self._parts = settings, register, clock, subscriptions, telemetry
        self._came = asyncio.Event()
        self._head: "bytearray | None" = None
        self._live = self._lacks = False  # it tells the time; there was no memory for it
        self._told = 0  # the version of which the operator has been told that it is in force

    async def run(self) -> None:
        """Run for ever: handle one head after another, but only the last of those that came meanwhile."""
        await self._ask()
        await self._housekeeping.settled.wait()
        tries = 0
        while True:
            await self._came.wait()
            await self._take()
            await asyncio.sleep_ms(0)
            self._housekeeping.on_list()
            tries = tries + 1 if self._lacks else 0
            if tries == _TRIES:
                tries = 0
                self._refuse()
            elif tries:
                await asyncio.sleep_ms(_AGAIN_MS)
                if not self._came.is_set():
                    await self._ask()

    async def _ask(self) -> None:
        """Subscribe: the broker sends the head that it retains."""
        settings, _, _, subscriptions, _ = self._parts
        await subscriptions.subscribe("menshen/v1/" + settings.lock + "/list", self._on_head)

    async def _take(self) -> None:
        """A coroutine of its own: one that waits holds what it awaited before, deeper in a block."""
        since = ticks_ms()
        async with self._housekeeping.turn:
            self._came.clear()
            if ticks_diff(ticks_ms(), since) > _FRESH_MS:  # for a release, and not for the hour's work
                self._live = False
            if not self._lacks:
                try:
                    await self._receive()
                except MemoryError:
                    self._lacks = True

    def _refuse(self) -> None:
        with Loan():
            from reports.acks import Acks

            Acks(self._parts[4]).list_refused(None, "no memory")

    async def _on_head(self, payload: "Payload") -> None:
        try:
            self._head, self._live = await payload.read(_HEAD_MAX), not payload.retained
            self._lacks = False
        except MemoryError:
            self._lacks = True
        self._came.set()

    async def _receive(self) -> None:
        live, head = self._live, [self._head]
        self._head = None  # before the first await: another may come
        async with Loan():
            from lists.sync import receive

            self._told = await receive(self._parts, head, live, self._told)
