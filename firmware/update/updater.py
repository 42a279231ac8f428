"""Takes a lock from its release to another: manifest, files, switch. Its parts are there for their time only.

Nothing is fetched before the signature is found good, and nothing is written but the other slot's file and
the other application partition. The restart waits until the door is closed and nobody is at it.
"""

import asyncio
import sys

from micropython import const

from modules import unload
from update.refused import Refused
from update.version import version_code

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from storage.nvs import Numbers

    Fetch = Callable[[str, int, str], Awaitable[None]]

TRIES = const(3)  # of one release that does not prove itself
_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it
_LOOK_MS = const(1000)


class Updater:
    """`slot` is the one in use, 0 or 1; `place` where its files are seen; `partition` is esp32.Partition.

    fetch(sha256_hex, size, path) brings a blob; report(version, step, reason) takes one of
    link.update_words' steps, and for "refused" one of its reasons; idle() is whether nobody is at the door.
    """

    def __init__(
        self, board: str, version: str, slot: int, place: str, numbers: "Numbers", partition: "Any",
        fetch: "Fetch", report: "Callable[[str, str, str], None]",
    ) -> None:  # fmt: skip
        self._board, self._version, self._slot, self._place = board, version, slot, place
        self._numbers, self._partition, self._fetch, self._report = numbers, partition, fetch, report
        self._image = None  # the partition with the image that goes with the slot

    async def prepare(self, version: str, message: "bytes | bytearray | None") -> bool:
        """Have the release whole beside the running one; whether there is anything to switch to.

        message is its manifest, None for one too large to be kept. What goes wrong is reported; OSError
        is not raised, BlobError of a lost connection is passed over: the next head goes on from there.
        """
        try:
            manifest = await self._open(version, message)
            self._report(version, "accepted", "")
            await self._bring(manifest)
        except MemoryError:
            self._report(version, "refused", "no memory")
        except OSError as error:
            self._clear()
            self._report(version, "refused", "flash full" if error.errno == _ENOSPC else "flash error")
        except Exception as error:
            reason = getattr(error, "reason", None)  # of Refused, BlobError
            if reason is None:
                raise
            if reason == "flash full":
                self._clear()
            if reason != "connection lost":
                self._report(version, "refused", reason)
        else:
            self._report(version, "fetched", "")
            return True
        return False

    async def switch(
        self,
        version: str,
        faults: int,
        idle: "Callable[[], bool]",
        restart: "Callable[[], None]",
        wait_ms: int,
    ) -> None:
        """Wait for wait_ms, then until nobody is at the door, and start the other slot on trial.

        faults are the bits of version.FAULTS that were there before it.
        """
        numbers = self._numbers
        await asyncio.sleep_ms(wait_ms)
        while not idle():
            await asyncio.sleep_ms(_LOOK_MS)
        numbers.set("had", faults)
        numbers.set("trying", version_code(version))
        if self._image is not None:
            numbers.set("image", 1 + int(self._image.info()[4][-1]))
            self._image.set_boot()
        numbers.set("choice", 2 + 1 - self._slot)
        restart()

    def check_tries(self, version: str) -> None:
        """Raise Refused for a release that did not prove itself often enough, and during a trial."""
        if self._numbers.get("failed") == version_code(version) and self._numbers.get("fails") >= TRIES:
            raise Refused("failed trial")
        if self._numbers.get("choice") != self._slot:
            raise Refused("on trial")

    async def _open(self, version: str, message: "bytes | bytearray | None") -> dict:
        """The manifest, if it is for this lock and no older than what was confirmed once. Raises Refused."""
        if message is None:
            raise Refused("too large")
        from update import manifest

        try:
            keys = manifest.trusted(self._place + "/update/keys")
            found = await manifest.read(message, version, keys)
        finally:
            del manifest
            unload("update.manifest", "update.pss", "link.envelope")
        if found["board"] != self._board:
            raise Refused("wrong board")
        if found["security"] < self._numbers.get("security"):
            raise Refused("old security version")
        if "image" not in found and tuple(found["runtime"]) > sys.implementation.version[:2]:
            raise Refused("old runtime")
        return found

    async def _bring(self, manifest: dict) -> None:
        """Image, then slot."""
        self._image = None
        if "image" in manifest:
            from update.image import ImageWriter

            try:
                await self._bring_image(ImageWriter, manifest)
            finally:
                del ImageWriter
                unload("update.image")
        from update.slots import Builder

        try:
            await Builder(self._slot, self._fetch, _pace).build(manifest["slot"], manifest["files"])
        finally:
            del Builder
            unload("update.slots", "update.pack")

    async def _bring_image(self, writer_class: "Any", manifest: dict) -> None:
        image = manifest["image"]
        try:
            writer = writer_class(self._partition, self._fetch, _pace)
        except Refused:  # one partition only: this MicroPython must do
            if tuple(manifest["runtime"]) > sys.implementation.version[:2]:
                raise
            return
        if not await writer.is_running(image):
            await writer.write(image)
            self._image = writer.target

    def _clear(self) -> None:
        """Give the room of what was begun back."""
        from update.slots import clear

        clear(1 - self._slot)
        del clear
        unload("update.slots", "update.pack")


async def _pace() -> None:
    await asyncio.sleep_ms(0)
