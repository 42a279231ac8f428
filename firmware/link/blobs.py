"""Fetches what is known by its hash: chunk by chunk into the flash, going on where it was broken off.

Chunk n of a blob is the retained message of menshen/v1/blob/<SHA-256>/<n>: 2,048 bytes, the last one less.
Bytes go from the stream to the file by the piece; a connection or the power may go between any two.
"""

import asyncio
import os
from hashlib import sha256
from time import ticks_diff, ticks_ms

from micropython import const

from link.errors import BlobError, Interrupted
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import BinaryIO

    from link.mqtt import Payload
    from link.subscriptions import Subscriptions

    Pace = Callable[[], Awaitable[None]]

_CHUNK = const(2048)
_PIECE = const(256)
_CLOSE = const(16384)  # bytes: what a power cut costs at most
_LOOK_MS = const(1000)


async def fetch(
    topics: "Subscriptions", name: str, size: int, path: str, pace: "Pace", patience_ms: int = 30_000
) -> None:
    """Have the blob of this hash (64 hexadecimal digits) and size (bytes) whole at path. BlobError.

    It is written beside, to a name that begins with path and a dot, and renamed when it is whole.
    patience_ms is for one chunk, or for a connection to come back.
    """
    if await _is(path, name, size, pace):
        return
    part = path + "." + name[:8]
    files.tidy(part)
    while True:
        resumed = files.exists(part)
        try:
            await _Fetch(topics, "menshen/v1/blob/%s/" % name, size, part, pace, patience_ms).run()
            if await _is(part, name, size, pace):
                os.rename(part, path)
                return
        except OSError:
            files.remove(part)
            raise BlobError("flash full")
        files.remove(part)
        if not resumed:
            raise BlobError("bad hash")


class _Fetch:
    """One run over the chunks that are missing."""

    def __init__(
        self, topics: "Subscriptions", root: str, size: int, part: str, pace: "Pace", patience_ms: int
    ) -> None:
        self._topics, self._root, self._size, self._part, self._pace = topics, root, size, part, pace
        self._patience = patience_ms
        self._file: BinaryIO | None = None
        self._done = 0
        self._came = asyncio.Event()
        self._error: Exception | None = None

    async def run(self) -> None:
        """Fetch all that is missing. BlobError, OSError."""
        try:
            with open(self._part, "ab") as file:
                self._done = closed = file.seek(0, 2)
            if self._done > self._size:
                files.remove(self._part)
                self._done = closed = 0
            while self._done < self._size:
                if self._file is None:
                    self._file = open(self._part, "ab")
                await self._chunk(self._root + str(self._done // _CHUNK))
                if self._done - closed >= _CLOSE:
                    closed = self._done
                    self._close()
        finally:
            self._close()

    async def _chunk(self, topic: str) -> None:
        """Wait for one chunk, for as long as there is a connection over which it can come."""
        self._came.clear()
        await self._topics.subscribe(topic, self._take, 0)
        try:
            since, alone = ticks_ms(), False
            while not self._came.is_set():
                try:
                    await asyncio.wait_for_ms(self._came.wait(), min(_LOOK_MS, self._patience))
                except asyncio.TimeoutError:
                    pass
                if alone != (self._topics.client is None):  # a connection came or went: wait from now
                    since, alone = ticks_ms(), not alone
                if not self._came.is_set() and ticks_diff(ticks_ms(), since) > self._patience:
                    raise Interrupted("connection lost") if alone else BlobError("no such blob")
        finally:
            await self._topics.unsubscribe(topic)
        if self._error is not None:
            raise self._error

    async def _take(self, payload: "Payload") -> None:
        """Write what is new of a chunk. Whatever goes wrong is told to the one who waits."""
        file = self._file
        if file is None or self._came.is_set():
            return
        start = self._done // _CHUNK * _CHUNK
        wanted = min(_CHUNK, self._size - start)
        try:
            if payload.size != wanted:
                raise BlobError("too large" if payload.size > wanted else "bad hash")
            piece = memoryview(bytearray(_PIECE))
            while payload.size:
                view = piece[: min(_PIECE, payload.size)]
                at = start + wanted - payload.size
                await payload.into(view)
                known = max(0, min(self._done - at, len(view)))
                file.write(view[known:])
                self._done += len(view) - known
                await self._pace()
        except (BlobError, OSError) as error:
            self._error = error
        self._came.set()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()


async def _is(path: str, name: str, size: int, pace: "Pace") -> bool:
    """Whether the file is the blob, whole."""
    if not files.exists(path) or os.stat(path)[6] != size:
        return False
    digest = sha256()
    view = memoryview(bytearray(_PIECE))
    with open(path, "rb") as file:
        while True:
            got = file.readinto(view)
            if not got:
                return "".join("%02x" % byte for byte in digest.digest()) == name
            digest.update(view[:got])
            await pace()
