"""Questions that the board asks the running chip over the bus; answers come in the order of the questions."""

import asyncio
from collections.abc import Callable


class Questions:
    """`send(line)` puts a line on the bus. A chip that ends leaves its questions without an answer."""

    NAMES = ("stat", "mem", "gap")

    def __init__(self, send: Callable[[str], None]) -> None:
        self._send = send
        self._open: dict[str, list[asyncio.Future[list[int]]]] = {name: [] for name in self.NAMES}

    async def ask(self, name: str, *words: str) -> list[int]:
        """The numbers in the chip's answer; CancelledError where it ended before it gave one."""
        answer: asyncio.Future[list[int]] = asyncio.get_running_loop().create_future()
        self._open[name].append(answer)
        self._send(" ".join((name, *words)) + "\n")
        return await answer

    def answer(self, name: str, numbers: list[str]) -> None:
        """The chip's answer has come."""
        question = self._open[name].pop(0)
        if not question.done():
            question.set_result([int(number) for number in numbers])

    def drop(self) -> None:
        """The chip has ended."""
        for questions in self._open.values():
            for question in questions:
                question.cancel()
            questions.clear()
