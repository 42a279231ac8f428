"""Paces background work: after each long step it pauses for twice as long as the step took."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

_SHORT_MS = const(8)  # what a step of computing takes on the chip; a block of flash takes ten times as long
_LONGEST_MS = const(250)


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
