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


class Supervisor:
    """Starts tasks by name. reset() is called when a critical task ends, however it ends."""

    def __init__(self, reset: "Callable[[], None]") -> None:
        self._reset = reset

    def start(
        self,
        name: str,
        run: "Callable[..., Awaitable[bool | None]]",
        health: "Callable[[bool], None] | None" = None,
        *parts,
    ) -> None:
        """Start a task that awaits run(*parts) again and again: after 100 ms, then after up to a minute.

        A task whose run() returns True has finished for good. health(False) is called when it ends otherwise:
        what it drives does not work then, and run() says so when it works again.
        """
        asyncio.create_task(self._restart(name, run, health, parts))

    async def _restart(
        self,
        name: str,
        run: "Callable[..., Awaitable[bool | None]]",
        health: "Callable[[bool], None] | None" = None,
        parts: tuple = (),
    ) -> None:
        wait = _FIRST_WAIT_MS
        while True:
            try:
                if await run(*parts):
                    return
                _tell(name, None)
            except Exception as error:
                _tell(name, error)
            if name in CRITICAL:
                self._reset()
            if health:
                health(False)
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)


def _tell(name: str, error: "Exception | None") -> None:
    """A function of its own, since each task keeps as much memory as its longest line needs."""
    how = " ended" if error is None else " died of " + type(error).__name__
    console.error("supervisor", "task " + name + how)
    if error is not None:
        sys.print_exception(error)
