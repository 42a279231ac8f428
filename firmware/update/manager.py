"""Keeps the lock's release: sees it through its trial, then waits for the operator to name another.

This is what stays loaded; all that it does is done by code that is there only meanwhile.
"""

import asyncio

from micropython import const

import console
from door.faults import RESIDENTS
from loader import OFTEN, collect, unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Topics
    from settings import Settings

_LONGEST = const(512)  # bytes of an order
_LOOK_MS = const(1000)
_PARTS = (
    "update.trial", "update.session", "update.manifest", "update.payload", "update.pss", "update.updater",
    "update.version", "link.envelope", "link.blobs", "pace",
)  # fmt: skip


class Keeper:
    """`door` are the residents, the doorkeeper and the reports; topics() is None until there is a network.

    An update has `room` to itself: there is no memory for a tenant's own broker beside it.
    """

    def __init__(
        self, settings: "Settings", board: "Any", clock: "Clock", door: tuple,
        room: asyncio.Lock, topics: "Callable[[], Topics | None]",
    ) -> None:  # fmt: skip
        residents, doorkeeper, reports = door
        self._tell = reports.update
        self._settings, self._board, self._clock = settings, board, clock
        self._door = (
            lambda: reports.faults | ({RESIDENTS} if residents.unread else set()),
            doorkeeper.quiet,
            self._report,
        )
        self._topic = "menshen/v1/" + settings.lock + "/update"
        self._room, self._topics = room, topics
        self._came = asyncio.Event()
        self._orders: list[tuple[bytearray | None, bool]] = []  # the last that came, if there is one

    async def run(self) -> None:
        """For ever."""
        await collect(-1)
        from update.trial import begin

        await collect(OFTEN)
        await begin(self._settings, self._board, *self._door)
        del begin
        await asyncio.sleep_ms(0)
        unload(*_PARTS)
        while True:
            topics = self._topics()
            if topics is not None:
                break
            await asyncio.sleep_ms(_LOOK_MS)
        await topics.hear(self._topic, self._on_order)
        while True:
            await self._came.wait()
            self._came.clear()
            from update.session import look

            faults, quiet, report = self._door
            found = await look(self._orders, topics, self._settings, self._board, self._clock, report)
            del look
            unload(*_PARTS)
            if found:
                async with self._room:
                    from update.updater import update

                    await update(found, topics, self._settings, self._board, faults, quiet, report)
                    del update
                    unload(*_PARTS)

    async def _on_order(self, payload: "Payload") -> None:
        self._orders[:] = [(await payload.read(_LONGEST), not payload.retained)]
        self._came.set()

    def _report(self, version: "str | None", step: str, reason: str) -> None:
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell(version, step, reason)
