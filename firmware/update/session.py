"""Joins the parts of an update, for as long as there is something to do about one."""

import asyncio
import os

from micropython import const

from modules import unload
from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.topics import Topics
    from settings import Settings

_PATIENCE_MS = const(30_000)
_LONGEST = const(2048)  # bytes of a manifest


class Session:
    """The parts are those of keeper.Keeper."""

    def __init__(
        self, settings: "Settings", board: "Any", clock: "Clock", faults: "Callable[[], set[str]]",
        quiet: "Callable[[], bool]", report: "Callable[[str | None, str, str], None]",
    ) -> None:  # fmt: skip
        self._settings, self._board, self._clock = settings, board, clock
        self._faults, self._quiet, self._report = faults, quiet, report

    async def obey(self, message: "bytearray | None", live: bool, topics: "Topics") -> None:
        """An order, or what somebody made look like one; `live` is one that was not retained."""
        from update.orders import read
        from version import VERSION

        version = None
        try:
            version, time = read(message, self._settings.lock, self._settings.key)
            del read, message
            unload("update.orders", "link.envelope")
            self._clock.signed(time, live)
            if version != VERSION:
                await self._update(version, topics)
        except Refused as error:
            self._report(version, "refused", error.reason)
        except MemoryError:
            self._report(version, "refused", "no memory")

    async def _update(self, version: str, topics: "Topics") -> None:
        from esp32 import Partition
        from version import slot

        name = slot()
        number = "ab".find(name) & 1
        manifest = await self._look(version, name, number, topics)
        self._report(version, "accepted", "")
        from pace import Pace
        from update.updater import Updater

        rest = Pace()

        async def fetch(sha256: str, size: int, path: str) -> None:
            from link.blobs import fetch

            await fetch(topics, sha256, size, path, rest)

        updater = Updater(number, Partition, fetch)
        reason = await updater.prepare(manifest)
        if reason:
            if reason != "connection lost":
                self._report(version, "refused", reason)
            return
        self._report(version, "fetched", "")
        image = updater.image
        del Updater, updater, fetch
        unload("update.updater", "link.blobs")
        from update.switch import switch
        from update.version import bits_of

        spread = self._settings.spread_ms + 1
        await asyncio.sleep_ms(int.from_bytes(os.urandom(4), "little") % spread)
        board = self._board
        await switch(version, board.numbers, number, image, bits_of(self._faults()), self._quiet, board.reset)

    async def _look(self, version: str, name: str, number: int, topics: "Topics") -> dict:
        """The manifest of a release. Raises Refused."""
        from update.offer import check_tries, open_release

        try:
            numbers = self._board.numbers
            check_tries(version, numbers, number)
            message = await self._retained("menshen/v1/release/" + version, topics)
            return await open_release(version, message, self._settings.board, "/slots/" + name, numbers)
        finally:
            del check_tries, open_release
            unload("update.offer", "update.manifest", "update.pss", "link.envelope")

    async def _retained(self, topic: str, topics: "Topics") -> "bytearray | None":
        """The retained message of a topic; None for one too large to be kept. Raises Refused."""
        came = asyncio.Event()
        found = []

        async def take(payload: "Payload") -> None:
            found.append(await payload.read(_LONGEST))
            came.set()

        await topics.hear(topic, take)
        try:
            await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
        except asyncio.TimeoutError:
            raise Refused("no manifest")
        finally:
            await topics.leave(topic)
        return found[0]
