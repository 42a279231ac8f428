"""Fetches a blob, which is named by its hash, chunk by chunk into the flash, and resumes after a cut.

Chunk n of a blob is the retained message of menshen/v1/blob/<SHA-256>/<n>: 2,048 bytes, the last one less.
Its bytes are written as they come, 256 at a time. The connection or the power may be lost at any of them.
"""

import asyncio
import os
from time import ticks_diff, ticks_ms

from micropython import const

from link.backoff import comes
from link.errors import Interrupted, Refused
from pace import Pace, hash_of
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any, BinaryIO, Protocol

    from link.mqtt import Payload

    Turns = Callable[[], Awaitable[None]]

    class Subscriptions(Protocol):
        """link/subscriptions.py"""

        client: Any
        spoilt: tuple[int, int]

        async def subscribe(self, topic: str, handler: Any, qos: int = 1) -> None: ...
        async def unsubscribe(self, topic: str) -> None: ...


_CHUNK = const(2048)
_PIECE = const(256)
_CLOSE = const(16384)  # bytes between two closes of the file: a power cut loses no more
_LOOK_MS = const(1000)
# After wrong chunks: whoever goes on with them must not wear the flash; a broker that mends is heard again.
_FIRST_MS = const(10_000)
_LAST_MS = const(3_600_000)
_OVER_MS = const(43_200_000)


async def fetch(
    subscriptions: "Subscriptions",
    name: str,
    size: int,
    path: str,
    pace: "Turns | None" = None,
    patience_ms: int = 30_000,
) -> None:
    """Fetch the blob of a hash (`name`, 64 hexadecimal digits) and size (bytes) to `path`. Raises Refused.

    It is written to a name that begins with `path` and a dot, and renamed when it is whole. `pace` is awaited
    between two steps. `patience_ms` is the longest wait for one chunk, or for the connection to come back.
    After wrong chunks nothing is fetched for ten seconds, doubled each time up to an hour; after twelve hours
    without any it begins with ten seconds again.
    """
    pace = pace or Pace()
    if (await hash_of(path, size, pace)).hex() == name:
        return
    spoilt, pause = subscriptions.spoilt
    if 0 <= ticks_diff(ticks_ms(), spoilt) < pause:
        raise Refused("bad hash")
    try:
        await _fetch(subscriptions, name, size, path, pace, patience_ms)
    except Refused as error:
        if error.reason in ("bad hash", "too large"):
            now = ticks_ms()
            is_new = not 0 <= ticks_diff(now, spoilt) < _OVER_MS
            subscriptions.spoilt = now, _FIRST_MS if is_new or not pause else min(2 * pause, _LAST_MS)
        raise


async def _fetch(
    subscriptions: "Subscriptions", name: str, size: int, path: str, pace: "Turns", patience_ms: int
) -> None:
    part = path + "." + name[:8]
    files.tidy(part)
    while True:
        resumed = files.exists(part)
        try:
            await _Fetch(subscriptions, "menshen/v1/blob/%s/" % name, size, part, pace, patience_ms).run()
            if (await hash_of(part, size, pace)).hex() == name:
                os.rename(part, path)
                return
        except OSError:
            files.remove(part)
            raise Refused("flash full")
        files.remove(part)
        if not resumed:
            raise Refused("bad hash")


class _Fetch:
    """One run over the missing chunks. `root` is the topic of the blob, `part` the file that is written."""

    def __init__(
        self,
        subscriptions: "Subscriptions",
        root: str,
        size: int,
        part: str,
        pace: "Turns",
        patience_ms: int,
    ) -> None:
        self._subscriptions, self._pace, self._patience = subscriptions, pace, patience_ms
        self._root, self._size, self._part = root, size, part
        self._file: BinaryIO | None = None
        self._done = 0  # bytes in the file
        self._arrived = asyncio.Event()
        self._error: Exception | None = None

    async def run(self) -> None:
        """Fetch all that is missing. Raises Refused, and OSError if the flash is full."""
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
        """Subscribe to one chunk and wait until it is written. Raises Refused."""
        self._arrived.clear()
        try:
            await self._subscriptions.subscribe(topic, self._write, 0)
            since, alone = ticks_ms(), False
            while not self._arrived.is_set():
                await comes(self._arrived, min(_LOOK_MS, self._patience))
                if alone != (self._subscriptions.client is None):  # connected or not: wait from now
                    since, alone = ticks_ms(), not alone
                if not self._arrived.is_set() and ticks_diff(ticks_ms(), since) > self._patience:
                    raise Interrupted("connection lost") if alone else Refused("no such blob")
        finally:
            await self._subscriptions.unsubscribe(topic)
        if self._error is not None:
            raise self._error

    async def _write(self, payload: "Payload") -> None:
        """Write the new bytes of a chunk. An error is stored for _chunk(), which raises it."""
        file = self._file
        if file is None or self._arrived.is_set():
            return
        start = self._done // _CHUNK * _CHUNK
        wanted = min(_CHUNK, self._size - start)
        try:
            if payload.size != wanted:
                raise Refused("too large" if payload.size > wanted else "bad hash")
            piece = memoryview(bytearray(_PIECE))
            while payload.size:
                view = piece[: min(_PIECE, payload.size)]
                at = start + wanted - payload.size
                await payload.into(view)
                known = max(0, min(self._done - at, len(view)))
                file.write(view[known:])
                self._done += len(view) - known
                await self._pace()
        except (Refused, OSError, MemoryError) as error:
            self._error = error
        self._arrived.set()

    def _close(self) -> None:
        file, self._file = self._file, None
        if file is not None:
            file.close()
