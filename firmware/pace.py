"""Paces background work: after each long step it pauses for twice as long as the step took."""

import asyncio
import os
from hashlib import sha256
from time import ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

_SHORT_MS = const(8)  # what a step of computing takes on the chip; a block of flash takes ten times as long
_LONGEST_MS = const(250)
_PIECE = const(256)  # bytes


class Pace:
    """Await pace() between two steps. After a block of flash the door has twice its time for itself.

    look(), if there is one, is called after each pause.
    """

    def __init__(self, look: "Callable[[], None] | None" = None) -> None:
        self._look = look
        self._since = ticks_ms()

    async def __call__(self) -> None:
        took = ticks_diff(ticks_ms(), self._since)
        await asyncio.sleep_ms(min(2 * took, _LONGEST_MS) if took > _SHORT_MS else 0)
        if self._look is not None:
            self._look()
        self._since = ticks_ms()


async def hash_of(path: str, size: int, pace: "Callable[[], Awaitable]", place: int = -1) -> bytes:
    """SHA-256 of a file of this size, or of so many bytes of it from a place on.

    Empty where there is no such file, or it cannot be read.
    """
    digest = sha256()
    try:
        if not size or (place < 0 and os.stat(path)[6] != size):
            return b""
        view = memoryview(bytearray(_PIECE))
        with open(path, "rb") as file:
            file.seek(max(place, 0))
            while size:
                got = file.readinto(view[: min(_PIECE, size)])
                if not got:
                    return b""
                digest.update(view[:got])
                size -= got
                await pace()
    except OSError:
        return b""
    return digest.digest()
