"""The serial line (HSU) to a PN532, and its IRQ line: sends a command, and finds the answer to it.

Section numbers are those of NXP's user manual UM0701-02.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import UART, Pin

_WAKE = b"\x55\x55\x00\x00\x00"  # 7.2.11
_WAKE_MS = const(5)  # after 0x55
_HURRY_MS = const(30)  # the longest frame takes 24 ms
_DRAINS = const(8)
_TURNS = const(4)  # of the event loop: enough to read the ACK and the answer


class ReaderError(Exception):
    """The chip does not answer, or refuses the command."""


class Line:
    """Answers are read from the serial line alone, so a dead IRQ line does no harm.

    While a card is awaited, a falling IRQ means that an answer begins: the event loop then stays awake until
    the answer is in. (Otherwise the ESP32 reads its serial line only once in a FreeRTOS tick, 10 ms.) It
    stays awake for each command that the chip carries out at once; such a one takes no task and no timer.
    """

    def __init__(self, uart: "UART", irq: "Pin") -> None:
        self._uart, self._irq = uart, irq
        self._stream = asyncio.StreamReader(uart)
        self._finder = frames.Finder()
        self._sending = memoryview(bytearray(frames.LONGEST_SENT))
        self._found = 0  # frames, modulo 256
        self._due = 0  # frames that are expected: an IRQ line that is not wired announces many more
        self._acknowledged = False
        self._begins = asyncio.ThreadSafeFlag()
        self._hurrying = None

    def open(self) -> None:
        """Listen to the IRQ line from now on."""
        if self._hurrying is None:
            self._hurrying = asyncio.create_task(self._hurry())
            self._irq.irq(self._on_irq, self._irq.IRQ_FALLING)

    def speed(self, baud: int) -> None:
        """Set this end of the line to another speed, once all is out."""
        self._uart.init(baud)

    async def wake(self) -> None:
        """Wake a chip that has started, or sleeps."""
        self._uart.write(_WAKE)
        await asyncio.sleep_ms(_WAKE_MS)

    def send_ack(self) -> None:
        """Send an ACK: it aborts what the chip does (6.2.1.3), or takes an answer."""
        self._uart.write(frames.ACK)

    async def ask(self, code: int, wait_ms: int, parameters: bytes, more: bytes = b"") -> "bytes | None":
        """The answer to a command that the chip carries out at once, or None if it does not come in time.

        `parameters` and `more` are sent one after the other. Raises ReaderError.
        """
        try:
            self._send(code, parameters, more)
            end, turns = ticks_add(ticks_ms(), wait_ms), _TURNS
            while turns:
                data = self._finder.next()
                if data is None:
                    count = self._uart.readinto(self._finder.space())
                    if count:
                        self._finder.added(count)
                        data = self._finder.next()
                if data is not None and self._answers(code, data):
                    return data[2:]
                if ticks_diff(end, ticks_ms()) <= 0:
                    turns -= 1  # if the event loop itself is late, the answer may be there already
                await asyncio.sleep_ms(0)  # noise may hold many frames: one for each turn of the event loop
        except OSError:
            raise ReaderError("the serial line fails")
        return None

    async def wait(self, code: int, wait_ms: int, parameters: bytes) -> "bytes | None":
        """The answer to a command that waits for a card or a phone, or None if nobody comes in time.

        Raises ReaderError.
        """
        task, late = asyncio.current_task(), False

        async def expire() -> None:
            nonlocal late
            await asyncio.sleep_ms(wait_ms)
            for _ in range(_TURNS):  # if the event loop itself is late, the answer may be there already
                await asyncio.sleep_ms(0)
            late = True
            if task is not None:
                task.cancel()

        timer = asyncio.create_task(expire())  # wait_for_ms would make a second one
        try:
            return await self._answer(code, parameters)
        except asyncio.CancelledError:
            if late:
                return None
            raise
        except OSError:
            raise ReaderError("the serial line fails")
        finally:
            self._due = 0
            timer.cancel()

    async def _answer(self, code: int, parameters: bytes) -> bytes:
        """Send a command and wait for its answer, however long that takes."""
        self._due = 2  # the ACK and the answer
        self._send(code, parameters)
        while True:
            data = self._finder.next()
            if data is None:
                await self._listen()
                continue
            if self._answers(code, data):
                return data[2:]
            await asyncio.sleep_ms(0)  # noise may hold many frames: one for each turn of the event loop

    def _send(self, code: int, parameters: bytes, more: bytes = b"") -> None:
        """Drop what came before, and send a command. Bounded, since a broken chip may send for ever."""
        self._acknowledged = False
        for _ in range(_DRAINS):
            self._finder.clear()
            if not self._uart.readinto(self._finder.space()):
                break
        self._finder.clear()
        self._uart.write(self._sending[: frames.build(self._sending, code, parameters, more)])

    def _answers(self, code: int, data: bytes) -> bool:
        """Whether this frame answers the command; what comes before its ACK answers an earlier one.

        Raises ReaderError.
        """
        self._found = self._found + 1 & 0xFF
        if not data:
            self._acknowledged = True
        elif self._acknowledged and data[0] == frames.SYNTAX:
            raise ReaderError("the reader refuses the command")
        return self._acknowledged and len(data) > 1 and data[0] == frames.CHIP and data[1] == code + 1

    async def _listen(self) -> None:
        """Read the next bytes, at most as many as the buffer holds."""
        count = await self._stream.readinto(self._finder.space())
        if count:
            self._finder.added(count)
        else:
            await asyncio.sleep_ms(1)  # readable, and no byte there: the line is broken

    def _on_irq(self, pin: "Pin") -> None:
        if self._due:
            self._begins.set()

    async def _hurry(self) -> None:
        """Keep the event loop awake while a frame comes in."""
        while True:
            await self._begins.wait()
            self._due = max(0, self._due - 1)
            found, end = self._found, ticks_add(ticks_ms(), _HURRY_MS)
            while self._found == found and ticks_diff(end, ticks_ms()) > 0:
                await asyncio.sleep_ms(0)
