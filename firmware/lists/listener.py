"""Waits for the heads of credential lists; what takes them is loaded for as long as that lasts."""

import asyncio

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from people.guard import Listed
    from people.register import Register
    from reports.telemetry import Telemetry
    from settings import Settings

_HEAD_MAX = const(2560)  # bytes: the longest message that is held in RAM


class Lists:
    """on_change is called after each head."""

    def __init__(
        self, settings: "Settings", register: "Register", clock: "Clock", on_change: "Callable[[], None]"
    ) -> None:
        self._settings, self._register, self._clock = settings, register, clock
        self._on_change = on_change
        self._came = asyncio.Event()
        self._head: "bytearray | None" = None
        self._live = False
        self._told = 0  # the version that the operator knows to be in force

    async def run(
        self, subscriptions: "Subscriptions", telemetry: "Telemetry", ready: "asyncio.Event"
    ) -> None:
        """For ever, once ready; one head after the other, and of those that came meanwhile the last alone."""
        await subscriptions.subscribe("menshen/v1/" + self._settings.lock + "/list", self._on_head)
        await ready.wait()
        while True:
            await self._came.wait()
            self._came.clear()
            try:
                await self._receive(subscriptions, telemetry)
            except MemoryError:
                telemetry.refused(None, "no memory")
            await asyncio.sleep_ms(0)
            self._on_change()

    async def _on_head(self, payload: "Payload") -> None:
        self._head, self._live = await payload.read(_HEAD_MAX), not payload.retained
        self._came.set()

    async def _receive(self, subscriptions: "Subscriptions", telemetry: "Telemetry") -> None:
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
            fetcher = Fetcher(subscriptions, pace)
            sync = Sync(self._settings, self._register.credentials, self._approve, telemetry, fetcher, pace)
            self._told = await sync.receive(head, self._told, on_time)

    async def _approve(self, listed: "Listed") -> None:
        """Raise ListError where a list would lock somebody out of their home."""
        register = self._register
        async with Loan():
            from people.guard import approve

            await approve(listed, self._clock.now(), register, self._settings.plain_uid)
