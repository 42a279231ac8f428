"""Starts tasks and restarts those that end; if a critical one ends, it resets the board."""

import asyncio
import sys

from micropython import const

import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

CRITICAL = ("door",)  # without this task the lock is of no use
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(60_000)
_LONG_MS = const(0x3FFFFFF)  # less than half of 2 ** 30, at which ticks wrap


class Supervisor:
    """Starts tasks by name. reset() is called when a critical task ends, however it ends."""

    def __init__(self, reset: "Callable[[], None]") -> None:
        self._reset = reset

    def start(
        self,
        name: str,
        run: "Callable[[], Awaitable[bool | None]]",
        health: "Callable[[bool], None] | None" = None,
    ) -> None:
        """Start a task that awaits run() again and again: after 100 ms, then after up to a minute.

        A task whose run() returns True has done all that it was for. health(False) is called when it ends
        otherwise: what it drives does not work then, and run() tells when it does.
        """
        asyncio.create_task(self._restart(name, run, health))

    async def _restart(
        self,
        name: str,
        run: "Callable[[], Awaitable[bool | None]]",
        health: "Callable[[bool], None] | None" = None,
    ) -> None:
        wait = _FIRST_WAIT_MS
        while True:
            try:
                if await run():
                    return
                console.error("supervisor", "task " + name + " ended")
            except Exception as error:
                console.error("supervisor", "task " + name + " died of " + type(error).__name__)
                sys.print_exception(error)
            if name in CRITICAL:
                self._reset()
            if health:
                health(False)
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)


async def wait_for_ever() -> None:
    """Never return: for a task that has nothing more to do, and must not end."""
    while True:
        await asyncio.sleep_ms(_LONG_MS)
