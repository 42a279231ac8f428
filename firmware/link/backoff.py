"""Waits before another try, with full jitter: 100,000 locks must not come back all at once."""

import asyncio
import os

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT_MS = const(2000)  # what is left of a wait that is not drawn again


def random_up_to(limit: int) -> int:
    """A random number from 0 to `limit`, both included, from os.urandom()."""
    return int.from_bytes(os.urandom(6), "big") * (limit + 1) >> 48


class Backoff:
    """next() = random(0, min(cap, base · 2ⁿ)), where n counts the calls since reset().

    `random(limit)` draws a number from 0 to `limit`. Nothing that happens at the door seeds it.
    """

    def __init__(self, base_ms: int, cap_ms: int, random: "Callable[[int], int]" = random_up_to) -> None:
        self._base = min(base_ms, cap_ms)
        self._cap = cap_ms
        self._random = random
        self._limit = self._base

    def next(self) -> int:
        """The time to wait before this try, in ms."""
        return self._random(self._step())

    async def pause(self, may: "Callable[[], bool]") -> None:
        """Wait like next(); at the end, while may() is false, draw again from what is left of the limit.

        A handshake holds up the door for a second on the chip, so it waits while somebody is there. But it
        always comes within the limit and at random. Otherwise a broker that cuts the connection could tell
        from the time of the next one that somebody was at the door.
        """
        left = self._step()
        while True:
            wait = self._random(left)
            await asyncio.sleep_ms(wait)
            left -= wait
            if left < _SHORT_MS or may():
                return

    def _step(self) -> int:
        limit = self._limit
        self._limit = min(self._cap, limit * 2)
        return limit

    def reset(self) -> None:
        """Start again from the base, after a success."""
        self._limit = self._base
