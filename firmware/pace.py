"""The pace of work that can wait: after each step it rests for longer than the step held everybody up."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

_SHORT_MS = const(8)  # what a slice of computing takes on the chip; a block of flash takes ten times that
_LONGEST_MS = const(250)


class Pace:
    """Awaited between two steps. The door gets two thirds of the time in one piece after a block of flash."""

    def __init__(self) -> None:
        self._since = ticks_ms()

    async def __call__(self) -> None:
        took = ticks_diff(ticks_ms(), self._since)
        await asyncio.sleep_ms(min(2 * took, _LONGEST_MS) if took > _SHORT_MS else 0)
        self._since = ticks_ms()
