"""Waits before another try, with jitter: 100,000 locks must not come back all at once."""

import asyncio
import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


def random_up_to(limit: int) -> int:
    """A random number from 0 to `limit`, both included, from os.urandom()."""
    return int.from_bytes(os.urandom(6), "big") * (limit + 1) >> 48


class Backoff:
    """next() is between half of a limit and the limit, which is min(cap, base · 2ⁿ); n counts the calls.

    So whoever cuts a connection again and again causes a handshake, which holds up the door, once in half of
    the base at most. `random(limit)` draws a number from 0 to `limit`. Nothing that happens at the door
    changes a wait, not even to spare whoever is there: a longer wait would show that somebody was.
    """

    def __init__(self, base_ms: int, cap_ms: int, random: "Callable[[int], int]" = random_up_to) -> None:
        self._base = min(base_ms, cap_ms)
        self._cap = cap_ms
        self._random = random
        self._limit = self._base

    def next(self) -> int:
        """The time to wait before this try, in ms."""
        limit = self._limit
        self._limit = min(self._cap, limit * 2)
        return limit - self._random(limit >> 1)

    def reset(self) -> None:
        """Start again from the base, after a success."""
        self._limit = self._base


async def comes(event: "asyncio.Event", wait_ms: int) -> bool:
    """Whether an event comes within so long."""
    try:
        await asyncio.wait_for_ms(event.wait(), wait_ms)
    except asyncio.TimeoutError:
        pass
    return event.is_set()
