"""Waits before trying again, with full jitter: 100,000 locks must not come back all at once."""

import os

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable


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
        limit = self._limit
        self._limit = min(self._cap, limit * 2)
        return self._random(limit)

    def reset(self) -> None:
        """It went well: start again from the base."""
        self._limit = self._base
