"""What the running chip can be asked over its bus; answers come in the order of the questions."""

import asyncio
from collections.abc import Callable

from menshen import ending

_TURN_S = 1


class Questions:
    """`send(line)` puts a line on the bus; it raises RuntimeError while the power is off.

    A chip that ends leaves its questions without an answer: CancelledError.
    """

    NAMES = ("stat", "mem", "gap", "mod")

    def __init__(self, send: Callable[[str], None]) -> None:
        self._put = send
        self._open: dict[str, list[asyncio.Future[list[str]]]] = {name: [] for name in self.NAMES}

    async def flash_stats(self) -> dict[str, int]:
        """Erased blocks, programs and NVS commits since the chip started."""
        erases, programs, commits = map(int, await self._ask("stat"))
        return {"erases": erases, "programs": programs, "commits": commits}

    async def memory(self, words: str = "mem 0") -> dict[str, int]:
        """Bytes of the Python heap in use (with garbage not yet collected), and free."""
        alloc, free = map(int, await self._ask(words))
        return {"alloc": alloc, "free": free}

    async def live_memory(self) -> dict[str, int]:
        """The same after a garbage collection: what is really needed."""
        return await self.memory("mem 1")

    def take_ram(self, size: int) -> None:
        """Have something else in the chip take so many bytes of what ESP-IDF has, or give back -size."""
        self._put(f"ram {size}\n")

    async def longest_step_us(self) -> int:
        """CPU time of the longest step of a task since the last question.

        The first question starts the count, or the first idle moment of a start that is measured.
        """
        return (await self.steps())["longest_us"]

    async def longest_stop_us(self) -> int:
        """The same by the clock: a step that waits has stopped everything for as long."""
        return (await self.steps())["stopped_us"]

    async def steps(self) -> dict[str, int]:
        """Both of these."""
        longest, stopped = map(int, await self._ask("gap"))
        return {"longest_us": longest, "stopped_us": stopped}

    async def modules(self) -> list[str]:
        """The modules that are loaded now."""
        return await self._ask("mod")

    async def turn(self) -> None:
        """Wait until the chip's event loop has had a turn; not for long, since it may be off or hang."""
        async with ending.running(self.flash_stats()) as asking:
            await asyncio.wait([asking], timeout=_TURN_S)

    async def _ask(self, words: str) -> list[str]:
        answer: asyncio.Future[list[str]] = asyncio.get_running_loop().create_future()
        self._put(words + "\n")
        self._open[words.split(maxsplit=1)[0]].append(answer)
        return await answer

    def _answer(self, name: str, words: list[str]) -> None:
        """The chip's answer has come."""
        question = self._open[name].pop(0)
        if not question.done():
            question.set_result(words)

    def _drop_questions(self) -> None:
        """The chip has ended."""
        for questions in self._open.values():
            while questions:
                question: asyncio.Future[list[str]] = questions.pop()
                question.cancel()
