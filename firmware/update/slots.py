"""Builds the other slot's file from what the running slot has and from what has to be fetched.

An interrupted build resumes at the same byte, since the contents of each place are known by hash. The whole
file is hashed before it gets its name; from then on it is a slot from which boot.py starts.
"""

import os
import struct
from binascii import hexlify
from hashlib import sha256

from micropython import const

from loader import Loan
from storage import files
from update.version import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import BinaryIO

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Pace = Callable[[], Awaitable[None]]

_PIECE = const(512)
_HASH = const(32)
_CLOSE = const(16384)  # bytes: what a power cut costs at most


def path_of(slot: int) -> str:
    """The file of slot 0 or 1."""
    return "/slots/" + "ab"[slot] + ".pack"


def clear(slot: int) -> None:
    """Remove the partial files of a slot."""
    base = path_of(slot)[:-4]
    for name in os.listdir("/slots"):
        path = "/slots/" + name
        if path.startswith("/slots/image.") or (path.startswith(base) and path != base + "pack"):
            os.remove(path)


class Builder:
    """`fetch(sha256_hex, size, path)` brings a blob whole; `await pace()` lets the door have its turn."""

    def __init__(self, running: int, fetch: "Fetch", pace: "Pace") -> None:
        self._slot, self._running, self._path = running, path_of(running), path_of(1 - running)
        self._fetch, self._pace = fetch, pace
        base = self._path[:-4]
        self._new, self._table, self._piece = base + "new", base + "table", base + "piece"
        self._buffer = memoryview(bytearray(_PIECE))
        self._file: BinaryIO | None = None
        self._done = self._unsaved = 0  # bytes of the new file, and those that a power cut would undo

    async def build(self, slot: dict, table: dict) -> None:
        """Have the pack of the manifest in the other slot. Raises Refused, OSError, and fetch's own."""
        name, size = slot["sha256"], slot["size"]
        if await self._is(self._path, name, size):
            return clear(1 - self._slot)
        files.remove(self._path)  # there is space for two files, not for three
        await self._fetch(table["sha256"], table["size"], self._table)
        await self._fill(*await self._plan(size), size)
        if not await self._is(self._new, name, size):
            files.remove(self._new)
            raise Refused("bad hash")
        os.rename(self._new, self._path)
        return clear(1 - self._slot)

    async def _plan(self, size: int) -> "tuple[int, int, bytearray]":
        """How to build a pack of this size, see pack.plan."""
        async with Loan():
            from update.pack import plan

            return await plan(self._table, self._running, size, self._pace)

    async def _fill(self, hashes: int, start: int, plan: bytearray, size: int) -> None:
        """Write what is missing of the new pack, from where it ends now; see pack.plan."""
        self._done = os.stat(self._new)[6] if files.exists(self._new) else 0
        if self._done > size:
            files.remove(self._new)
            self._done = 0
        try:
            with open(self._table, "rb") as table:
                if self._done < start:
                    table.seek(self._done)
                    await self._append(table, start - self._done)
                for n in range(len(plan) // 8):
                    count, at = struct.unpack_from("<II", plan, 8 * n)
                    if self._done < start + count:
                        table.seek(hashes + _HASH * n)
                        await self._file_of(table.read(_HASH), start, count, at)
                    start += count
        finally:
            self._close()

    async def _file_of(self, digest: bytes, place: int, count: int, at: int) -> None:
        """Write what is missing of one file, from the running pack if it is whole there, else fetched."""
        source = self._running
        if not at or await self._digest(source, at, count) != digest:
            source, at = self._piece, 0
            await self._fetch(hexlify(digest).decode(), count, source)
        with open(source, "rb") as file:
            file.seek(at + self._done - place)
            await self._append(file, place + count - self._done)
        files.remove(self._piece)

    async def _append(self, source: "BinaryIO", count: int) -> None:
        """Copy `count` bytes from where source stands."""
        while count:
            file = self._file = self._file or open(self._new, "ab")
            got = source.readinto(self._buffer[: min(_PIECE, count)])
            if not got:
                raise Refused("bad files")
            file.write(self._buffer[:got])
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

    async def _is(self, path: str, name: str, size: int) -> bool:
        """Whether the file has this hash and size."""
        if not files.exists(path) or os.stat(path)[6] != size:
            return False
        return hexlify(await self._digest(path, 0, size)).decode() == name

    async def _digest(self, path: str, place: int, size: int) -> bytes:
        """SHA-256 of a part of a file."""
        digest, view = sha256(), self._buffer
        with open(path, "rb") as file:
            file.seek(place)
            while size:
                got = file.readinto(view[: min(_PIECE, size)])
                if not got:
                    break
                digest.update(view[:got])
                size -= got
                await self._pace()
        return digest.digest()
