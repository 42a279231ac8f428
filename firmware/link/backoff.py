"""Waits before trying again, with full jitter: 100,000 locks must not come back all at once."""

import asyncio
import os

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT_MS = const(2000)  # not worth another draw


def random_up_to(limit: int) -> int:
    """A number from 0 to limit, both included, from the chip's random source."""
    return int.from_bytes(os.urandom(6), "big") * (limit + 1) >> 48


class Backoff:
    """next() = random(0, min(cap, base · 2ⁿ)), where n counts the calls since reset().

    The random source is never seeded by anything that happens at the door.
    """

    def __init__(self, base_ms: int, cap_ms: int, random: "Callable[[int], int]" = random_up_to) -> None:
        self._base = min(base_ms, cap_ms)
        self._cap = cap_ms
        self._random = random
        self._limit = self._base

    def next(self) -> int:
        """How long to wait this time, in ms."""
        return self._random(self._step())

    async def pause(self, may: "Callable[[], bool]") -> None:
        """Wait like next(), but while it is not may() draw again from what is left of the limit.

        So a handshake, which holds up the door for a second on the chip, waits for whoever is there. It
        always comes within the limit and at random, lest a broker that cuts the connection could tell from
        the moment of the next one that somebody was there.
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
        """It went well: start again from the base."""
        self._limit = self._base
