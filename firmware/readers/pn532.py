"""Drives the NXP PN532 over its serial line (HSU) and its IRQ and RSTPD_N lines; every wait is bounded.

Section numbers are those of NXP's user manual UM0701-02.
"""

import asyncio

from micropython import const

from loader import Loan
from readers.hsu import FIELD_OFF_MS, Line, ReaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import UART, Pin

_RF_CONFIGURATION = const(0x32)
_IN_LIST_PASSIVE_TARGET = const(0x4A)
_IN_RELEASE = const(0x52)
_FOR_EVER = const(0xFF)  # MxRtyPassiveActivation, 7.3.1
_FIELD_OFF = b"\x01\x00"  # item 1, 7.3.1
_ONE_TARGET_106_A = b"\x01\x00"  # 7.3.5
_FAST_TRIES = const(3)  # starts; until a poll has gone well
_LIVENESS_MS = const(800)
_ANSWER_MS = const(150)
_RADIO_MS = const(400)  # a card may need long to answer
_SPEAKS_APDUS = const(0x20)  # in SEL_RES: ISO/IEC 14443-3, table 9


class CardError(Exception):
    """The card does not answer, or not as ISO/IEC 14443-4 has it; the chip is well."""


class PN532:
    """One chip. `answer_ms` bounds an answer; after `liveness_ms` without a card the field goes and comes.

    The line is set to 921,600 baud if both ends can hold that. A chip whose reset line is not wired keeps its
    speed when the lock restarts, so a start tries both speeds.

    `speaks_apdus`: the card that was found last goes on to ISO/IEC 14443-4. `line` is its serial line.
    on_delay() is called, each two seconds, while the card makes its reader wait.
    """

    def __init__(
        self,
        uart: "UART",
        irq: "Pin",
        reset: "Pin",
        liveness_ms: int = _LIVENESS_MS,
        answer_ms: int = _ANSWER_MS,
    ) -> None:
        self.line, self._reset = Line(uart, irq), reset
        self._liveness_ms, self._answer_ms = liveness_ms, answer_ms
        self._tries = -1
        self._goes_on: "Callable[[], bool] | None" = None
        self._works = False
        self._fast_tries = _FAST_TRIES
        self.speaks_apdus = False
        self.on_delay: "Callable[[], None]" = _nobody

    async def start(self) -> None:
        """Make the chip ready: by an abort if it has worked, and if that does not help, by its reset line.

        Raises ReaderError; MemoryError if there is no memory for the code that does it.
        """
        self.line.open()
        works, self._works, self._tries = self._works, False, -1
        self._fast_tries = await _ready(self.line, self._reset, self._answer_ms, works, self._fast_tries)
        await self.field_off()  # a card whose answer was lost sleeps until then
        self._works = True

    async def wait_target(self, goes_on: "Callable[[], bool] | None" = None) -> "bytes | None":
        """The UID (4, 7 or 10 bytes) of the next card; None if none comes. Raises ReaderError.

        After each `liveness_ms` without a card goes_on() says whether to wait on.

        A card that comes between two searches is found by the next. So is one that had answered the last
        search when that was given up: without the field it forgets that it was found.
        """
        await self._try_times(_FOR_EVER)
        self._goes_on = goes_on
        answer = await self.wait(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A, 0, self._went_well)
        return None if answer is None else self._uid(answer)

    def _went_well(self) -> bool:
        """A poll has shown that the chip answers, at this speed; whether to go on."""
        self._fast_tries = self._fast_tries and _FAST_TRIES
        return self._goes_on is not None and self._goes_on()

    async def another(self) -> "bytes | None":
        """Put the card that was found last to sleep, and search. Raises ReaderError."""
        await self.release()
        return await self.search()

    async def search(self) -> "bytes | None":
        """The UID of a card that was not found since the field came, or None. Raises ReaderError."""
        await self._try_times(1)
        return self._uid(await self.command(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A, _RADIO_MS))

    async def release(self) -> None:
        """Release the card that was found last (InRelease). Raises ReaderError."""
        await self.command(_IN_RELEASE, b"\x00")

    async def field_off(self) -> None:
        """Switch the field off for so long that cards forget all; the next search switches it on. Raises
        ReaderError.
        """
        await self.command(_RF_CONFIGURATION, _FIELD_OFF)
        await asyncio.sleep_ms(FIELD_OFF_MS)

    async def _try_times(self, tries: int) -> None:
        if tries != self._tries:
            await self.command(_RF_CONFIGURATION, bytes((5, 0xFF, 1, tries)))  # item 5, MaxRetries: 7.3.1
            self._tries = tries

    async def wait(
        self,
        code: int,
        parameters: bytes = b"",
        most_ms: int = 0,
        goes_on: "Callable[[], bool] | None" = None,
    ) -> "bytes | None":
        """The answer to a command that waits for a card or a phone. Raises ReaderError.

        If nobody comes for `most_ms` (0: for `liveness_ms`), the command is aborted and the field switched
        off for a moment. Then it is sent again if goes_on() says so; otherwise the result is None.
        """
        most_ms = most_ms or self._liveness_ms
        return await self.line.wait(code, most_ms, self._answer_ms, parameters, goes_on)

    async def command(self, code: int, parameters: bytes = b"", wait_ms: int = 0) -> bytes:
        """The answer to a command that the chip carries out at once. Raises ReaderError."""
        answer = await self.line.ask(code, wait_ms or self._answer_ms, parameters)
        if answer is None:
            raise ReaderError("the reader does not answer")
        return answer

    def _uid(self, answer: bytes) -> "bytes | None":
        """The UID in an answer of 7.3.5: count, number, SENS_RES 2, SEL_RES, size, UID."""
        if len(answer) < 6 or answer[0] == 0:
            return None
        self.speaks_apdus = bool(answer[4] & _SPEAKS_APDUS)
        size = answer[5]
        uid = answer[6 : 6 + size]
        return uid if size in (4, 7, 10) and len(uid) == size else None


def _nobody() -> None:
    """Nobody asks cards that prove themselves."""


async def _ready(*parts) -> int:
    async with Loan():
        from readers.waking import ready

        return await ready(*parts)
