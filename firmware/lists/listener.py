"""Waits for the heads of credential lists; what takes them is loaded for as long as that lasts."""

import asyncio

from micropython import const

from loader import OFTEN, collect, unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Topics
    from people.guard import Listed
    from reports.telemetry import Telemetry
    from roll.credentials import Credentials
    from settings import Settings

_PARTS = (
    "lists.sync", "lists.head", "link.envelope", "link.blobs", "reports.results", "roll.snapshot",
    "roll.records", "roll.install", "roll.head", "roll.layout", "storage.partials", "pace",
)  # fmt: skip
_HEAD_MAX = const(2560)  # bytes: the longest message that is held in RAM


class Lists:
    """`approve` is the lease guard's word, and raises ListError; on_change is called after each head."""

    def __init__(
        self, settings: "Settings", credentials: "Credentials", clock: "Clock",
        approve: "Callable[[Listed], Awaitable[None]]", on_change: "Callable[[], None]",
    ) -> None:  # fmt: skip
        self._settings, self._credentials, self._clock = settings, credentials, clock
        self._approve, self._on_change = approve, on_change
        self._came = asyncio.Event()
        self._head: "bytearray | None" = None
        self._live = False
        self._told = 0  # the version that the operator knows to be in force

    async def run(self, topics: "Topics", telemetry: "Telemetry", ready: "asyncio.Event") -> None:
        """For ever, once ready; one head after the other, and of those that came meanwhile the last alone."""
        await topics.hear("menshen/v1/" + self._settings.lock + "/list", self._on_head)
        await ready.wait()
        while True:
            await self._came.wait()
            self._came.clear()
            try:
                await self._take(topics, telemetry)
            except MemoryError:
                telemetry.refused(None, "no memory")
            await asyncio.sleep_ms(0)
            unload(*_PARTS)
            await asyncio.sleep_ms(0)
            self._on_change()

    async def _on_head(self, payload: "Payload") -> None:
        self._head, self._live = await payload.read(_HEAD_MAX), not payload.retained
        self._came.set()

    async def _take(self, topics: "Topics", telemetry: "Telemetry") -> None:
        live, head = self._live, [self._head]
        self._head = None  # before anything is waited for: another may come
        await collect(-1)
        from lists.sync import Sync
        from pace import Pace

        await collect(OFTEN)

        def on_time(now: int) -> None:
            self._clock.signed(now, live)

        lock_id, key, pace = self._settings.lock, self._settings.key, Pace()
        await pace()
        sync = Sync(lock_id, key, self._credentials, self._approve, telemetry, topics, pace, on_time)
        self._told = await sync.take(head, self._told)
