"""Prepares a release beside the one that runs, image and slot, and switches to it."""

from micropython import const

from esp32 import Partition
from link.errors import BlobError, Interrupted
from loader import Loan
from pace import Pace
from update.refused import Refused
from version import SECURITY, VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from link.subscriptions import Subscriptions

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Door = tuple[Callable[[], set[str]], Callable[[str, str, str], None]]

_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


async def prepare(
    manifest: dict, subscriptions: "Subscriptions", door: "Door"
) -> "tuple[str, Any, set[str], str] | None":
    """Prepare a manifest's release: (version, image's partition or None, faults all along, version before).

    None where the connection is lost: the next order resumes from there. Raises Refused, MemoryError.
    `door` is faults(), those that there are now, and report(version, step, reason).
    """
    faults, report = door
    had, rest = faults(), Pace()

    async def pace() -> None:
        nonlocal had
        await rest()
        had = had & faults()  # only a fault that lasts all the while is no fault of the new release

    async def fetch(sha256: str, size: int, path: str) -> None:
        async with Loan():
            from link.blobs import fetch as fetch_blob

            await fetch_blob(subscriptions, sha256, size, path, rest)

    report(manifest["version"], "accepted", "")
    updater = Updater("ab".find(slot()) & 1, Partition, fetch, pace)
    try:
        await updater.prepare(manifest)
    except Interrupted:
        return None
    await pace()
    # One that raises the security version is not gone back from.
    before = VERSION if manifest["security"] == SECURITY else ""
    return manifest["version"], updater.image, had, before


class Updater:
    """`slot` is the one in use, 0 or 1; `partition` esp32.Partition; fetch(sha256_hex, size, path).
    `await pace()` lets the door have its turn.

    `image` is the partition that an image was written to, else None.
    """

    def __init__(
        self, slot: int, partition: "Any", fetch: "Fetch", pace: "Callable[[], Awaitable[None]]"
    ) -> None:
        self._slot, self._partition, self._fetch, self._pace = slot, partition, fetch, pace
        self.image: Any = None

    async def prepare(self, manifest: dict) -> None:
        """Have the release of a manifest whole beside the running one.

        Raises Refused, and Interrupted where the connection is lost.
        """
        try:
            if "image" in manifest:
                await self._write_image(manifest)
            await self._build_slot(manifest)
            return
        except OSError as error:
            reason = "flash full" if error.errno == _ENOSPC else "flash error"
        except Interrupted:
            raise
        except BlobError as error:
            reason = error.reason
        if reason in ("flash full", "flash error"):
            self._clear()
        raise Refused(reason)

    async def _write_image(self, manifest: dict) -> None:
        async with Loan():
            from update.image import write_image

            self.image = await write_image(self._partition, manifest, self._fetch, self._pace)

    async def _build_slot(self, manifest: dict) -> None:
        """Build the file of the other slot. What builds, plans and fetches is loaded in turn."""
        plan: list = []
        while True:
            wanted = await self._build(manifest, plan)
            if wanted is None:
                return
            await self._fetch(*wanted)
            if not plan:
                plan.extend(await self._plan(wanted[2], manifest["slot"]["size"]))

    async def _build(self, manifest: dict, plan: list) -> "tuple[str, int, str] | None":
        async with Loan():
            from update.slots import Builder

            builder = Builder(self._slot, self._pace)
            return await builder.build(manifest["slot"], manifest["files"], plan)

    async def _plan(self, table: str, size: int) -> "tuple[int, int, bytearray, bytearray]":
        async with Loan():
            from update.pack import plan

            return await plan(table, "/slots/" + "ab"[self._slot] + ".pack", size, self._pace)

    def _clear(self) -> None:
        """Free the space of partial files."""
        with Loan():
            from update.slots import clear

            clear(1 - self._slot)
