"""Keeps the tasks alive: a critical one that ends resets the board, any other is started again."""

import asyncio
import sys

from micropython import const

import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CRITICAL = ("door",)  # a lock that does not tend its door is no lock
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(60_000)
_LONG_MS = const(0x3FFFFFF)  # and again: ticks go round at 2 ** 30


class Supervisor:
    """Starts tasks by name. `reset` is called when a critical task ends in whatever way."""

    def __init__(self, reset: "Callable[[], None]") -> None:
        self._reset = reset

    def start(self, name: str, run: "Callable[[], Awaitable[None]]") -> None:
        """Run `run()` for ever."""
        asyncio.create_task(self._keep(name, run))

    async def _keep(self, name: str, run: "Callable[[], Awaitable[None]]") -> None:
        wait = _FIRST_WAIT_MS
        while True:
            try:
                await run()
                console.error("supervisor", "task " + name + " ended")
            except Exception as error:
                console.error("supervisor", "task " + name + " died of " + type(error).__name__)
                sys.print_exception(error)
            if name in CRITICAL:
                self._reset()
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)


async def rest() -> None:
    """For ever: for a task that has nothing more to do, and must not end."""
    while True:
        await asyncio.sleep_ms(_LONG_MS)
