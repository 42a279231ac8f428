"""Keeps the lock's release: sees it through its trial, then waits for the operator to name another.

This is what stays loaded; all that it does is done by code that is there only meanwhile.
"""

import asyncio

from micropython import const

from modules import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.topics import Topics
    from settings import Settings

_LONGEST = const(512)  # bytes of an order
_LOOK_MS = const(1000)
_PARTS = (
    "update.session", "update.orders", "update.updater", "update.trial", "update.version", "update.refused",
    "link.envelope", "link.blobs", "storage.leftovers", "pace",
)  # fmt: skip


class Keeper:
    """`door` are the residents, the doorkeeper and the reports; topics() is None until there is a network."""

    def __init__(
        self, settings: "Settings", board: "Any", clock: "Clock", door: tuple,
        topics: "Callable[[], Topics | None]",
    ) -> None:  # fmt: skip
        self._parts = settings, board, clock, door
        self._topic = "menshen/v1/" + settings.lock + "/update"
        self._topics = topics
        self._came = asyncio.Event()
        self._order: tuple[bytearray | None, bool] = None, False

    async def run(self) -> None:
        """For ever."""
        await self._session(None)
        while True:
            topics = self._topics()
            if topics is not None:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        await topics.hear(self._topic, self._on_order)
        while True:
            await self._came.wait()
            self._came.clear()
            await self._session(topics)

    async def _on_order(self, payload: "Payload") -> None:
        self._order = await payload.read(_LONGEST), not payload.retained
        self._came.set()

    async def _session(self, topics: "Topics | None") -> None:
        try:
            from update.session import Session

            session = Session(*self._parts)
            if topics is None:
                await session.start()
            else:
                await session.obey(*self._order, topics)
        finally:
            session = Session = None  # noqa: N806 their code is let go of
            unload(*_PARTS)
