"""Builds the other slot's file out of what the running slot has and of what has to be fetched.

Whatever is broken off goes on at the same byte: the contents of each place are known by hash. The file
is looked at whole before it gets its name, and with its name it is a slot that boot.py starts from.
"""

import os
from binascii import hexlify
from hashlib import sha256

from micropython import const

from storage import files
from update.pack import Pack
from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import BinaryIO

    Fetch = Callable[[str, int, str], Awaitable[None]]
    Pace = Callable[[], Awaitable[None]]

_PIECE = const(512)
_CLOSE = const(16384)  # bytes: what a power cut costs at most


def path_of(slot: int) -> str:
    """The file of slot 0 or 1."""
    return "/slots/" + "ab"[slot] + ".pack"


def clear(slot: int) -> None:
    """Remove what was begun for a slot."""
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
        self._done = self._unsaved = 0  # bytes of the new file; those that a power cut would take back

    async def build(self, slot: dict, table: dict) -> None:
        """Have the pack that the manifest names in the other slot. Raises Refused, OSError, fetch's own."""
        name, size = slot["sha256"], slot["size"]
        if await self._is(self._path, name, size):
            return clear(1 - self._slot)
        files.remove(self._path)  # there is room for two, not for three
        await self._fetch(table["sha256"], table["size"], self._table)
        with open(self._table, "rb") as file:
            head = Pack(file)
            if head.start != table["size"] or head.size != size:
                raise Refused("bad files")
            head.check()
            await self._fill(head, file)
        if not await self._is(self._new, name, size):
            files.remove(self._new)
            raise Refused("bad hash")
        os.rename(self._new, self._path)
        return clear(1 - self._slot)

    async def _fill(self, head: Pack, table: "BinaryIO") -> None:
        """Write what is missing of the new pack, from where it ends now."""
        self._done = os.stat(self._new)[6] if files.exists(self._new) else 0
        if self._done > head.size:
            files.remove(self._new)
            self._done = 0
        running = _Running(self._running)
        try:
            if self._done < head.start:
                table.seek(self._done)
                await self._append(table, head.start - self._done)
            for digest, place, size in head.entries():
                if self._done >= place + size:
                    continue
                source, at = await self._source(running.pack, digest, size)
                with open(source, "rb") as file:
                    file.seek(at + self._done - place)
                    await self._append(file, place + size - self._done)
                files.remove(self._piece)
        finally:
            running.close()
            self._close()

    async def _source(self, pack: "Pack | None", digest: bytes, size: int) -> "tuple[str, int]":
        """A file and a place in it where these contents are; fetched if the running slot has none, whole."""
        found = pack and pack.find(digest)
        if found and found[1] == size and await self._digest(self._running, found[0], size) == digest:
            return self._running, found[0]
        await self._fetch(hexlify(digest).decode(), size, self._piece)
        return self._piece, 0

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


class _Running:
    """The pack of the running slot, open; None where that slot is no pack."""

    def __init__(self, path: str) -> None:
        self.pack = self._file = None
        try:
            self._file = open(path, "rb")
            self.pack = Pack(self._file)
        except (OSError, Refused):
            pass

    def close(self) -> None:
        if self._file is not None:
            self._file.close()
