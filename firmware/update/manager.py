"""Manages the lock's release: sees it through its trial, then waits for the operator to order another.

This stays loaded; the code for each step is loaded for that step.
"""

import asyncio

from micropython import const

import console
from door.faults import RESIDENTS
from loader import Loan
from update.refused import Refused
from version import slot

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
    """`door` are the residents and the reports. An update holds the lock `memory`: there is
    not enough for a tenant's own broker beside it.
    """

    hour_ms = 3_600_000
    again_ms = 2_000  # after a try for which there was no memory in one piece

    def __init__(
        self,
        settings: "Settings",
        board: "Any",
        clock: "Clock",
        door: tuple,
        memory: asyncio.Lock,
        subscriptions: "Subscriptions",
    ) -> None:
        residents, reports = door
        self._tell = reports.update
        self._settings, self._board, self._clock = settings, board, clock
        self._door = (
            lambda: reports.faults | ({RESIDENTS} if residents.unread else set()),
            self._report,
        )
        self._topic = "menshen/v1/" + settings.lock + "/update"
        self._memory, self._subscriptions = memory, subscriptions
        self._came = asyncio.Event()
        self._orders: list[tuple[bytearray | None, bool]] = []  # only the last that came

    async def run(self) -> None:
        """For ever."""
        await self._with_memory(self._see_through_trial)
        await self._subscriptions.subscribe(self._topic, self._on_order)
        while True:
            try:
                await asyncio.wait_for_ms(self._came.wait(), self.hour_ms)
            except asyncio.TimeoutError:
                self._hour()
                continue
            self._came.clear()
            await self._obey()

    async def _obey(self) -> None:
        """See to the last order. The code of one step only is loaded at a time."""
        version = None
        if not self._orders:
            return  # one came while the last was read, and was taken for it
        try:
            version = await self._read()
            if version is not None:
                async with self._memory:
                    await self._with_memory(self._bring, version)
        except Refused as error:
            self._report(version, "refused", error.reason)
        except MemoryError:
            self._report(version, "refused", "no memory")

    async def _with_memory(self, step: "Callable[..., Awaitable]", *arguments) -> None:
        """Try a step a few times where there is no memory in one piece: others free some, and a build goes on
        where it was.
        """
        for left in range(_TRIES, 0, -1):
            try:
                await step(*arguments)
                return
            except MemoryError as error:
                console.info("update", str(error))
                if left == 1:
                    raise
            await asyncio.sleep_ms(self.again_ms)

    def _hour(self) -> None:
        """See whether this release reaches the broker at all."""
        try:
            with Loan():
                from update.unheard import look

                look(self._board, self._subscriptions.client is not None, *self._door)
        except (OSError, MemoryError) as error:
            console.warning("update", str(error))

    async def _bring(self, version: str) -> None:
        await self._update(await self._manifest(version))

    async def _see_through_trial(self) -> None:
        async with Loan():
            from update.trial import begin

            await begin(self._settings, self._board, *self._door)

    async def _read(self) -> "str | None":
        async with Loan():
            from update.session import read

            return read(self._orders, self._settings, self._board.numbers, self._clock, self._report)

    async def _manifest(self, version: str) -> dict:
        """A step of its own: a coroutine holds what it has handed on until it ends, here the message."""
        return await self._open(version, await self._request(version))

    async def _request(self, version: str) -> bytearray:
        async with Loan():
            from update.session import request

            return await request(version, self._settings.board, self._subscriptions)

    async def _open(self, version: str, message: bytearray) -> dict:
        async with Loan():
            from update.manifest import open_release

            place = "/slots/" + slot()
            return await open_release(version, message, self._settings.board, place, self._board.numbers)

    async def _update(self, manifest: dict) -> None:
        async with Loan():
            from update.updater import update

            await update(manifest, self._subscriptions, self._settings, self._board, self._door)

    async def _on_order(self, payload: "Payload") -> None:
        try:
            self._orders[:] = [(await payload.read(_LONGEST), not payload.retained)]
        except MemoryError:
            self._report(None, "refused", "no memory")
        else:
            self._came.set()

    def _report(self, version: "str | None", step: str, reason: str) -> None:
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell(version, step, reason)
