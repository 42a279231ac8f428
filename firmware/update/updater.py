"""Brings a release to the lock: image and slot, beside those that run."""

import asyncio

from micropython import const

from modules import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    Fetch = Callable[[str, int, str], Awaitable[None]]

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


class Updater:
    """`slot` is the one in use, 0 or 1; `partition` esp32.Partition; fetch(sha256_hex, size, path).

    `image` is the partition that an image was written to, else None.
    """

    def __init__(self, slot: int, partition: "Any", fetch: "Fetch") -> None:
        self._slot, self._partition, self._fetch = slot, partition, fetch
        self.image: Any = None

    async def prepare(self, manifest: dict) -> str:
        """Have the release of a manifest whole beside the running one; why not, in a word of
        link.update_words, or "". "connection lost" is no word: the next order goes on from there.
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
            self.image = await bring(self._partition, manifest, self._fetch, _pace)
        finally:
            del bring
            unload("update.image")

    async def _bring_slot(self, manifest: dict) -> None:
        """The file of the other slot."""
        from update.slots import Builder

        try:
            await Builder(self._slot, self._fetch, _pace).build(manifest["slot"], manifest["files"])
        finally:
            del Builder
            unload("update.slots", "update.pack")

    def _clear(self) -> None:
        """Give the room of what was begun back."""
        from update.slots import clear

        clear(1 - self._slot)
        del clear
        unload("update.slots", "update.pack")


async def _pace() -> None:
    await asyncio.sleep_ms(0)
