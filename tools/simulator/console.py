"""What the chip says on its serial console, kept, and waited for."""

import asyncio
from collections import deque

_LINES_KEPT = 2000


class Console:
    """`lines` are the last of all, `since_start` those of the run in hand."""

    def __init__(self) -> None:
        self.lines: deque[str] = deque(maxlen=_LINES_KEPT)
        self.since_start: deque[str] = deque(maxlen=_LINES_KEPT)
        self._waiters: list[tuple[str, asyncio.Future[str]]] = []

    def add(self, line: str) -> None:
        self.lines.append(line)
        self.since_start.append(line)
        for text, waiter in self._waiters:
            if text in line and not waiter.done():
                waiter.set_result(line)

    async def wait_for(self, text: str, timeout: float) -> str:
        """The first line since the last start that has `text` in it; TimeoutError has the lines that came."""
        for line in self.since_start:
            if text in line:
                return line
        waiter = (text, asyncio.get_running_loop().create_future())
        self._waiters.append(waiter)
        try:
            async with asyncio.timeout(timeout):
                return await waiter[1]
        except TimeoutError:
            said = "\n".join(self.since_start)
            raise TimeoutError(f"no {text!r} on the console in {timeout} s, but:\n{said}") from None
        finally:
            self._waiters.remove(waiter)
