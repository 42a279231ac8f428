"""Builds the other slot's file from what the running slot has and from what has to be fetched.

An interrupted build resumes at the same byte, since the contents of each place are known by their hash. The
whole file is hashed before it gets its name; from then on it is a slot from which start.py can start.
"""

import os
import struct

from micropython import const

from link.errors import Refused
from pace import Pace, hash_of
from storage import files
from update.steps import BUILD, DELTA, DONE, FETCH, HAD, NEXT, PARTITION, PLANNED, WANTED
from version import SECURITY, VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, BinaryIO

    from update.steps import Next, Update

    Turns = Callable[[], Awaitable[None]]

_PIECE = const(256)
_HASH = const(32)
_CLOSE = const(16384)  # bytes: what a power cut costs at most


async def step(update: "Update", release: dict) -> "Next":
    """Build as far as it goes. Raises Refused, OSError."""
    builder = Builder(update.slot, Pace(update.watch(release)))
    release[WANTED] = await builder.build(release["slot"], release["files"], release[PLANNED])
    if release[WANTED] is not None:
        release[NEXT] = BUILD
        return (FETCH if release[PLANNED] else DELTA), release
    update.reports.update(update.version, "fetched", "")
    # One that raises the security version is not gone back from.
    before = VERSION if release["security"] == SECURITY else ""
    return DONE, (update.version, release[PARTITION], release[HAD], before)


def path_of(slot: int) -> str:
    """The file of slot 0 or 1."""
    return "/slots/" + "ab"[slot] + ".pack"


def clear() -> None:
    """Remove all partial files: whatever is no slot."""
    for name in os.listdir("/slots"):
        if "." in name and not name.endswith(".pack"):
            os.remove("/slots/" + name)


class Builder:
    """Builds the file of the slot that is not `running` (0 or 1). `await pace()` gives the door its turn."""

    def __init__(self, running: int, pace: "Turns") -> None:
        self._running, self._path = path_of(running), path_of(1 - running)
        self._pace = pace
        base = self._path[:-4]
        self._new, self._piece = base + "new", base + "piece"
        self._table = base + "table"
        self._file: BinaryIO | None = None
        self._done = self._unsaved = 0  # bytes of the new file, and those that a power cut would undo

    async def build(self, slot: dict, table: dict, plan: "list[Any]") -> "tuple[str, int, str] | None":
        """Build the pack of the manifest in the other slot, as far as it goes with what is there.

        None when it is whole, else what is to be fetched before this is called again: (SHA-256, size, path).
        `plan` is that of pack.plan(), empty as long as the table has not been fetched. Raises Refused and
        OSError.
        """
        name, size = slot["sha256"], slot["size"]
        is_begun = plan and files.exists(self._new)
        if not is_begun and (await hash_of(self._path, size, self._pace)).hex() == name:
            return clear()  # it was whole before, and there was no memory for what comes after
        if not plan:
            files.remove(self._path)  # there is space for two files, not for three
            return table["sha256"], table["size"], self._table
        wanted = await self._fill(size, *plan)
        if wanted is not None:
            return wanted
        if (await hash_of(self._new, size, self._pace)).hex() != name:
            files.remove(self._new)
            raise Refused("bad hash")
        os.rename(self._new, self._path)
        return clear()

    async def _fill(self, size: int, hashes: int, start: int) -> "tuple[str, int, str] | None":
        """Write what is missing of the new pack, from where it ends now, up to what is to be fetched."""
        self._done = os.stat(self._new)[6] if files.exists(self._new) else 0
        if self._done > size:
            files.remove(self._new)
            self._done = 0
        try:
            with open(self._table, "rb") as table, open(self._path[:-4] + "plan", "rb") as plan:
                if self._done < start:
                    table.seek(self._done)
                    await self._append(table, start - self._done)
                for n in range((start - hashes) // _HASH):
                    count, at = struct.unpack("<II", plan.read(8))
                    if self._done < start + count:
                        table.seek(hashes + _HASH * n)
                        digest = table.read(_HASH)
                        if not await self._file_of(digest, start, count, at):
                            return digest.hex(), count, self._piece
                    start += count
        finally:
            self._close()
        return None

    async def _file_of(self, digest: bytes, place: int, count: int, at: int) -> bool:
        """Write what is missing of one file, if it is whole in the running pack or has been fetched."""
        source = self._running
        if not at or await hash_of(source, count, self._pace, at) != digest:
            source, at = self._piece, 0
            if await hash_of(source, count, self._pace) != digest:
                files.remove(source)
                return False
        with open(source, "rb") as file:
            file.seek(at + self._done - place)
            await self._append(file, place + count - self._done)
        files.remove(self._piece)
        return True

    async def _append(self, source: "BinaryIO", count: int) -> None:
        """Copy `count` bytes from where source stands."""
        buffer = memoryview(bytearray(_PIECE))  # hash_of() has one of its own, and never at the same time
        while count:
            file = self._file = self._file or open(self._new, "ab")
            got = source.readinto(buffer[: min(_PIECE, count)])
            if not got:
                raise Refused("bad files")
            file.write(buffer[:got])
            self._done += got
            self._unsaved += got
            count -= got
            if self._unsaved >= _CLOSE:
                self._close()
            await self._pace()

    def _close(self) -> None:
        file, self._file, self._unsaved = self._file, None, 0
        if file is not None:
            file.close()
