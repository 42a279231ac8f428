"""Brings a release to the lock: image and slot, beside those that run."""

import asyncio
import os

from micropython import const

from loader import unload
from update.version import bits_of, version_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from link.subscriptions import Topics
    from settings import Settings
    from storage.nvs import Numbers

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Pace = Callable[[], Awaitable[None]]

_LOOK_MS = const(1000)
_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


async def update(
    manifest: dict, topics: "Topics", settings: "Settings", board: "Any", faults: "Callable[[], set[str]]",
    quiet: "Callable[[], bool]", report: "Callable[[str, str, str], None]",
) -> None:  # fmt: skip
    """Bring the release of a manifest, and start it on trial. What goes wrong is reported."""
    from esp32 import Partition
    from pace import Pace
    from version import slot

    version, rest = manifest["version"], Pace()
    number = "ab".find(slot()) & 1

    async def fetch(sha256: str, size: int, path: str) -> None:
        from link.blobs import fetch

        try:
            await fetch(topics, sha256, size, path, rest)
        finally:
            del fetch
            unload("link.blobs", "storage.partials")

    had = bits_of(faults())

    async def pace() -> None:
        nonlocal had
        await asyncio.sleep_ms(0)
        had &= bits_of(faults())  # what did not last all the while excuses none of the release on trial

    report(version, "accepted", "")
    updater = Updater(number, Partition, fetch, pace)
    reason = await updater.prepare(manifest)
    if reason:
        if reason != "connection lost":
            report(version, "refused", reason)
        return
    report(version, "fetched", "")
    del fetch
    await asyncio.sleep_ms(int.from_bytes(os.urandom(4), "little") % (settings.spread_ms + 1))
    await pace()
    await switch(version, board.numbers, number, updater.image, had, quiet, board.reset)


class Updater:
    """`slot` is the one in use, 0 or 1; `partition` esp32.Partition; fetch(sha256_hex, size, path).
    `await pace()` lets the door have its turn.

    `image` is the partition that an image was written to, else None.
    """

    def __init__(self, slot: int, partition: "Any", fetch: "Fetch", pace: "Pace") -> None:
        self._slot, self._partition, self._fetch, self._pace = slot, partition, fetch, pace
        self.image: Any = None

    async def prepare(self, manifest: dict) -> str:
        """Have the release of a manifest whole beside the running one; why not, in a word of
        reports.results, or "". "connection lost" is no word: the next order goes on from there.
        """
        try:
            if "image" in manifest:
                await self._bring_image(manifest)
            await self._bring_slot(manifest)
        except MemoryError:
            return "no memory"
        except OSError as error:
            reason = "flash full" if error.errno == _ENOSPC else "flash error"
        except Exception as error:
            reason = getattr(error, "reason", "")  # of Refused, BlobError
            if not reason:
                raise
        else:
            return ""
        if reason in ("flash full", "flash error"):
            self._clear()
        return reason

    async def _bring_image(self, manifest: dict) -> None:
        from update.image import bring

        try:
            self.image = await bring(self._partition, manifest, self._fetch, self._pace)
        finally:
            del bring
            unload("update.image")

    async def _bring_slot(self, manifest: dict) -> None:
        """The file of the other slot."""
        from update.slots import Builder

        try:
            await Builder(self._slot, self._fetch, self._pace).build(manifest["slot"], manifest["files"])
        finally:
            del Builder
            unload("update.slots", "update.pack")

    def _clear(self) -> None:
        """Give the room of what was begun back."""
        from update.slots import clear

        clear(1 - self._slot)
        del clear
        unload("update.slots", "update.pack")


async def switch(
    version: str, numbers: "Numbers", slot: int, image: "Any", faults: int,
    idle: "Callable[[], bool]", restart: "Callable[[], None]",
) -> None:  # fmt: skip
    """Wait until nobody is at the door, and have the other slot than `slot` started on trial.

    image is the partition of the MicroPython that goes with it, or None; faults are the bits of
    door.faults that were there before. Power may go between any two steps. OSError of NVS.
    """
    while not idle():
        await asyncio.sleep_ms(_LOOK_MS)
    numbers.set("had", faults)
    numbers.set("trying", version_code(version))
    if image is not None:
        numbers.set("image", 1 + int(image.info()[4][-1]))
        image.set_boot()
    numbers.set("choice", 2 + 1 - slot)
    restart()
