"""Joins the parts of an update, for as long as there is something to do about one."""

import asyncio
import os

from micropython import const

import log
from modules import unload
from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.topics import Topics
    from settings import Settings

_PATIENCE_MS = const(30_000)


class Session:
    """The parts are those of keeper.Keeper."""

    def __init__(self, settings: "Settings", board: "Any", clock: "Clock", door: tuple) -> None:
        self._settings, self._clock = settings, clock
        self._numbers, self._restart = board.numbers, board.reset
        residents, doorkeeper, reports = door
        self._quiet, self._tell = doorkeeper.quiet, reports.update
        self._faults = lambda: reports.faults | ({"residents"} if residents.unread else set())

    async def start(self) -> None:
        """After a start: the trial if there is one, else what the last one left to be settled."""
        from esp32 import Partition
        from update.trial import Trial
        from version import SECURITY, VERSION, slot

        trial = Trial(
            self._numbers, "ab".find(slot()) & 1, VERSION, SECURITY, Partition,
            self._report, self._quiet, self._restart,
        )  # fmt: skip
        try:
            if trial.is_on:
                await trial.run(self._faults, self._settings.trial_ms)
            elif trial.settle():
                await trial.leave()
        except OSError:
            log.error("update", "no room in NVS to confirm the release")

    async def obey(self, message: "bytearray | None", live: bool, topics: "Topics") -> None:
        """An order, or what somebody made look like one; `live` is one that was not retained."""
        from update.orders import read
        from version import VERSION

        settings = self._settings
        version = None
        try:
            version, time = read(message, settings.lock, settings.key)
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
        from pace import Pace
        from update.updater import Updater
        from update.version import bits_of
        from version import VERSION, slot

        name, pace = slot(), Pace()

        async def bring(sha256: str, size: int, path: str) -> None:
            from link.blobs import fetch

            await fetch(topics, sha256, size, path, pace)

        updater = Updater(
            self._settings.board, VERSION, "ab".find(name) & 1, "/slots/" + name, self._numbers, Partition,
            bring, self._report,
        )  # fmt: skip
        updater.check_tries(version)
        message = await self._manifest(version, topics)
        if await updater.prepare(version, message):
            wait = int.from_bytes(os.urandom(4), "little") % (self._settings.spread_ms + 1)
            log.info(
                "update", "version %s is whole; it starts in %d s at the earliest" % (version, wait // 1000)
            )
            await updater.switch(version, bits_of(self._faults()), self._quiet, self._restart, wait)

    async def _manifest(self, version: str, topics: "Topics") -> "bytearray | None":
        """The retained message of a release; None for one too large to be kept. Raises Refused."""
        from update.manifest import LONGEST

        topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
        came = asyncio.Event()
        found = []

        async def take(payload: "Payload") -> None:
            found.append(await payload.read(LONGEST))
            came.set()

        await topics.hear(topic, take)
        try:
            await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
        except asyncio.TimeoutError:
            raise Refused("no manifest")
        finally:
            await topics.leave(topic)
        return found[0]

    def _report(self, version: "str | None", step: str, reason: str) -> None:
        log.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell(version, step, reason)
