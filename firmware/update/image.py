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
from pace import Pace, hash_of
from storage import files
from update.steps import BUILD, FETCH, IMAGE, NEXT, PARTITION, PIECES, WANTED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    from update.steps import Next, Update

    Turns = Callable[[], Awaitable[None]]

PIECE = const(32768)
_BLOCK = const(4096)
_SLICE = const(256)
_ERASE = const(6)  # of a block device
_HASH = const(32)
_FOLDER = "/slots/image."

# Image format of the chip (esp-idf, esp_app_format.h and esp_app_desc.h): magic, chip, and where the first
# segment begins, the application's description, which a bootloader has not. A combined image begins with one.
_MAGIC = const(0xE9)
_CHIP = const(12)  # u16: 0 the ESP32, 9 the ESP32-S3
_DESCRIPTION = const(32)
_DESCRIPTION_MAGIC = b"\x32\x54\xcd\xab"


async def step(update: "Update", release: dict) -> "Next":
    """Write the image of a release as far as it goes with what is there. Raises Refused, OSError."""
    try:
        writer = ImageWriter(Partition, Pace(update.watch(release)))
    except Refused:
        if tuple(release["runtime"]) > sys.implementation.version[:2]:
            raise
        return BUILD, release  # with the MicroPython that it has
    if not release[PIECES] and await writer.is_running(release["image"]):
        return BUILD, release
    release[WANTED], release[NEXT] = await writer.write(release), IMAGE
    if release[WANTED] is not None:
        return FETCH, release
    release[PARTITION] = writer.target
    return BUILD, release


class ImageWriter:
    """`partition` is esp32.Partition. Raises Refused where the board has one application partition only."""

    def __init__(self, partition: "Any", pace: "Turns") -> None:
        self._running = partition(partition.RUNNING)
        try:
            self.target = self._running.get_next_update()
        except OSError:
            raise Refused("no image slot")
        self._pace = pace
        self._buffer = memoryview(bytearray(_SLICE))  # there may be no memory for a block in one piece
        self._running.readblocks(0, self._buffer)
        self._chip = bytes(self._buffer[_CHIP : _CHIP + 2])

    async def is_running(self, image: dict) -> bool:
        """Whether the chip runs from this image already."""
        size = image["size"]
        digest = await self._digest(self._running, 0, size) if size <= self._running.info()[3] else b""
        return digest.hex() == image["sha256"]

    async def write(self, release: dict) -> "tuple[str, int, str] | None":
        """Write the image into the other partition, from the piece of number release[PIECES] on.

        None when it is whole, else what is to be fetched before this is called again: (SHA-256, size, path).
        Raises Refused, OSError.
        """
        image = release["image"]
        size = image["size"]
        if size > self.target.info()[3]:
            raise Refused("image too large")
        table, piece = _FOLDER + "table", _FOLDER + "piece"
        count = (size + PIECE - 1) // PIECE
        name = image["pieces"]
        if (await hash_of(table, _HASH * count, self._pace)).hex() != name:
            return name, _HASH * count, table
        with open(table, "rb") as file:
            for n in range(release[PIECES], count):
                file.seek(_HASH * n)
                digest, place = file.read(_HASH), n * PIECE
                length = min(PIECE, size - place)
                if not await self._piece(place, length, digest, piece):
                    return digest.hex(), length, piece
                release[PIECES] = n + 1
        if (await self._digest(self.target, 0, size)).hex() != image["sha256"]:
            raise Refused("bad hash")
        return None

    async def _piece(self, place: int, size: int, digest: bytes, path: str) -> bool:
        """Put one piece into its place, if the chip has it. The header in the first one is checked before
        anything is written.
        """
        target, buffer = self.target, self._buffer
        if await self._digest(target, place, size) == digest:
            if not place:
                target.readblocks(0, buffer)
                self._check_header(buffer)
            return True
        source = None
        if place + size > self._running.info()[3] or await self._digest(self._running, place, size) != digest:
            if await hash_of(path, size, self._pace) != digest:
                return False
            source = open(path, "rb")
        try:
            for at in range(place, place + size, _SLICE):
                block, offset = at // _BLOCK, at % _BLOCK
                if source is None:
                    self._running.readblocks(block, buffer, offset)
                else:
                    for i in range(source.readinto(buffer) or 0, _SLICE):
                        buffer[i] = 0xFF
                if not at:
                    self._check_header(buffer)
                if not offset:
                    target.ioctl(_ERASE, block)
                target.writeblocks(block, buffer, offset)  # with an offset nothing is erased
                await self._pace()
        finally:
            if source is not None:
                source.close()
            files.remove(path)
        return True

    async def _digest(self, partition: "Any", place: int, size: int) -> bytes:
        """SHA-256 of a part of a partition; place is the beginning of a block."""
        digest = sha256()
        buffer = self._buffer
        for at in range(place, place + size, _SLICE):
            partition.readblocks(at // _BLOCK, buffer, at % _BLOCK)
            digest.update(buffer[: place + size - at])
            await self._pace()
        return digest.digest()

    def _check_header(self, head: memoryview) -> None:
        """Raise Refused unless this is the beginning of an application for the chip that this one runs on."""
        if head[0] != _MAGIC or bytes(head[_CHIP : _CHIP + 2]) != self._chip:
            raise Refused("bad image")
        if bytes(head[_DESCRIPTION : _DESCRIPTION + 4]) != _DESCRIPTION_MAGIC:
            raise Refused("combined image")
