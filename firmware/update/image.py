"""Writes MicroPython's own image into the other application partition, on boards that have two.

It is written in pieces of 32,768 bytes, each identified by its hash. A piece that is in its place stays, one
that the running partition has is copied, and the others are fetched. So an interrupted update resumes by
itself.
"""

import sys
from hashlib import sha256

from micropython import const

from esp32 import Partition
from link.errors import Refused
from pace import Pace
from storage import files
from update.steps import BUILD, HAD, PARTITION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    Fetch = Callable[[str, int, str], Awaitable[None]]
    from update.steps import Next, Update

    Turns = Callable[[], Awaitable[None]]

PIECE = const(32768)
_BLOCK = const(4096)
_SLICE = const(512)
_HASH = const(32)
_FOLDER = "/slots/image."

# Image format of the chip (esp-idf, esp_app_format.h and esp_app_desc.h): magic, chip, and where the first
# segment begins, the application's description, which a bootloader has not. A combined image begins with one.
_MAGIC = const(0xE9)
_CHIP = const(12)  # u16: 0 the ESP32, 9 the ESP32-S3
_DESCRIPTION = const(32)
_DESCRIPTION_MAGIC = b"\x32\x54\xcd\xab"


async def step(update: "Update", release: dict) -> "Next":
    """Write the image of a release. Raises Refused, OSError."""

    def look() -> None:
        release[HAD] &= update.faults()

    fetch = update.subscriptions.fetch
    release[PARTITION] = await write_image(Partition, release, fetch, Pace(look))
    return BUILD, release


async def write_image(partition: "Any", manifest: dict, fetch: "Fetch", pace: "Turns") -> "Any":
    """Write the image of a manifest into the other partition, and return that; None where there is no need.

    A board with one partition goes on with the MicroPython that it has, if that is new enough. Raises
    Refused, OSError, and fetch's own.
    """
    try:
        writer = ImageWriter(partition, fetch, pace)
    except Refused:
        if tuple(manifest["runtime"]) > sys.implementation.version[:2]:
            raise
        return None
    if await writer.is_running(manifest["image"]):
        return None
    await writer.write(manifest["image"])
    return writer.target


class ImageWriter:
    """`partition` is esp32.Partition. Raises Refused where the board has one application partition only."""

    def __init__(self, partition: "Any", fetch: "Fetch", pace: "Turns") -> None:
        self._running = partition(partition.RUNNING)
        try:
            self.target = self._running.get_next_update()
        except OSError:
            raise Refused("no image slot")
        self._fetch, self._pace = fetch, pace
        self._buffer = memoryview(bytearray(_BLOCK))
        self._running.readblocks(0, self._buffer)
        self._chip = bytes(self._buffer[_CHIP : _CHIP + 2])

    async def is_running(self, image: dict) -> bool:
        """Whether the chip runs from this image already."""
        size = image["size"]
        digest = await self._digest(self._running, 0, size) if size <= self._running.info()[3] else b""
        return digest.hex() == image["sha256"]

    async def write(self, image: dict) -> None:
        """Write the whole image into the other partition. Raises Refused, OSError, and fetch's own."""
        size = image["size"]
        if size > self.target.info()[3]:
            raise Refused("image too large")
        table, piece = _FOLDER + "table", _FOLDER + "piece"
        count = (size + PIECE - 1) // PIECE
        await self._fetch(image["pieces"], _HASH * count, table)
        try:
            with open(table, "rb") as file:
                for n in range(count):
                    await self._piece(n * PIECE, min(PIECE, size - n * PIECE), file.read(_HASH), piece)
            if (await self._digest(self.target, 0, size)).hex() != image["sha256"]:
                raise Refused("bad hash")
        finally:
            files.remove(piece)
        files.remove(table)

    async def _piece(self, place: int, size: int, digest: bytes, path: str) -> None:
        """Put one piece into its place. The header in the first one is checked before anything is written."""
        target, buffer = self.target, self._buffer
        if await self._digest(target, place, size) == digest:
            if not place:
                target.readblocks(0, buffer)
                self._check_header(buffer)
            return
        source = None
        if place + size > self._running.info()[3] or await self._digest(self._running, place, size) != digest:
            await self._fetch(digest.hex(), size, path)
            source = open(path, "rb")
        try:
            for start in range(0, size, _BLOCK):
                block = (place + start) // _BLOCK
                if source is None:
                    self._running.readblocks(block, buffer)
                else:
                    got = source.readinto(buffer)
                    for i in range(got or 0, _BLOCK):
                        buffer[i] = 0xFF
                if not block:
                    self._check_header(buffer)
                target.writeblocks(block, buffer)
                await self._pace()
        finally:
            if source is not None:
                source.close()
        files.remove(path)

    async def _digest(self, partition: "Any", place: int, size: int) -> bytes:
        """SHA-256 of a part of a partition; place is the beginning of a block."""
        digest = sha256()
        buffer = self._buffer
        for start in range(0, size, _BLOCK):
            partition.readblocks((place + start) // _BLOCK, buffer)
            for at in range(0, min(_BLOCK, size - start), _SLICE):
                digest.update(buffer[at : min(at + _SLICE, size - start)])
            await self._pace()
        return digest.digest()

    def _check_header(self, head: memoryview) -> None:
        """Raise Refused unless this is the beginning of an application for the chip that this one runs on."""
        if head[0] != _MAGIC or bytes(head[_CHIP : _CHIP + 2]) != self._chip:
            raise Refused("bad image")
        if bytes(head[_DESCRIPTION : _DESCRIPTION + 4]) != _DESCRIPTION_MAGIC:
            raise Refused("combined image")
