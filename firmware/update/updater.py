"""Prepares a release beside the one that runs, image and slot, and switches to it."""

import asyncio
import os

from micropython import const

from esp32 import Partition
from link.errors import BlobError, Interrupted
from link.fetcher import Fetcher
from loader import Loan
from pace import Pace
from storage.names import CHOICE, FAULTS_BEFORE, IMAGE_ON_TRIAL, TRYING
from update.version import Refused, bits_of, version_code
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from link.subscriptions import Subscriptions
    from settings import Settings
    from storage.nvs import Numbers

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Door = tuple[Callable[[], set[str]], Callable[[], bool], Callable[[str, str, str], None]]

_LOOK_MS = const(1000)
_ENOSPC = const(28)  # what littlefs raises; the chip's errno does not name it


async def update(
    manifest: dict, subscriptions: "Subscriptions", settings: "Settings", board: "Any", door: "Door"
) -> None:
    """Prepare the release of a manifest, and start it on trial. What goes wrong is reported.

    `door` is faults(), those that there are now; quiet(), whether nobody is at the door; and
    report(version, step, reason).
    """
    faults, quiet, report = door
    version = manifest["version"]
    number = "ab".find(slot()) & 1
    had = bits_of(faults())

    async def pace() -> None:
        nonlocal had
        await asyncio.sleep_ms(0)
        had &= bits_of(faults())  # only a fault that lasts all the while is no fault of the new release

    report(version, "accepted", "")
    updater = Updater(number, Partition, Fetcher(subscriptions, Pace()).fetch, pace)
    try:
        reason = await updater.prepare(manifest)
    except Interrupted:
        return  # the next order resumes from there
    if reason:
        report(version, "refused", reason)
        return
    report(version, "fetched", "")
    await asyncio.sleep_ms(int.from_bytes(os.urandom(4), "little") % (settings.spread_ms + 1))
    await pace()
    switching = Switching(version, number, updater.image, had)
    await switch(switching, board.numbers, quiet, board.reset)


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

    async def prepare(self, manifest: dict) -> str:
        """Have the release of a manifest whole beside the running one. "", or why not: reports/results.py.

        Raises Interrupted where the connection is lost.
        """
        try:
            if "image" in manifest:
                await self._write_image(manifest)
            await self._build_slot(manifest)
        except MemoryError:
            return "no memory"
        except OSError as error:
            reason = "flash full" if error.errno == _ENOSPC else "flash error"
        except Interrupted:
            raise
        except (Refused, BlobError) as error:
            reason = error.reason
        else:
            return ""
        if reason in ("flash full", "flash error"):
            self._clear()
        return reason

    async def _write_image(self, manifest: dict) -> None:
        async with Loan():
            from update.image import write_image

            self.image = await write_image(self._partition, manifest, self._fetch, self._pace)

    async def _build_slot(self, manifest: dict) -> None:
        """Build the file of the other slot."""
        async with Loan():
            from update.slots import Builder

            await Builder(self._slot, self._fetch, self._pace).build(manifest["slot"], manifest["files"])

    def _clear(self) -> None:
        """Free the space of partial files."""
        with Loan():
            from update.slots import clear

            clear(1 - self._slot)


class Switching:
    """Which release is to be started: its version, the slot in use (0 or 1), the partition of the
    MicroPython that goes with it or None, and the faults (bits of FAULTS) that were there before.
    """

    def __init__(self, version: str, slot: int, image: "Any", faults: int) -> None:
        self.version, self.slot, self.image, self.faults = version, slot, image, faults


async def switch(
    to: Switching, numbers: "Numbers", idle: "Callable[[], bool]", restart: "Callable[[], None]"
) -> None:
    """Wait until nobody is at the door, and have the other slot started on trial.

    Power may go between any two steps. OSError of NVS.
    """
    while not idle():
        await asyncio.sleep_ms(_LOOK_MS)
    numbers.set(FAULTS_BEFORE, to.faults)
    numbers.set(TRYING, version_code(to.version))
    if to.image is not None:
        numbers.set(IMAGE_ON_TRIAL, 1 + int(to.image.info()[4][-1]))
        to.image.set_boot()
    numbers.set(CHOICE, 2 + 1 - to.slot)
    restart()
