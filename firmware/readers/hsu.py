"""The serial line (HSU) to a PN532, and its IRQ line: sends a command, and finds the answer to it.

Section numbers are those of NXP's user manual UM0701-02.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from loader import hush
from readers import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import UART, Pin

_WAKE = b"\x55\x55\x00\x00\x00"  # 7.2.11
_WAKE_MS = const(5)  # after 0x55
_HURRY_MS = const(30)  # the longest frame takes 24 ms
_DRAINS = const(8)
_NAP_MS = const(50)  # between two looks at the line while a card is awaited
_FIELD_OFF = b"\x00\x00\xff\x04\xfc\xd4\x32\x01\x00\xf9\x00"  # RFConfiguration, item 1: 7.3.1
_FIELD_IS_OFF = b"\x00\x00\xff\x02\xfe\xd5\x33\xf8\x00"
FIELD_OFF_MS = const(6)  # a card forgets what it was asked after 5 ms without field: ISO/IEC 14443-3, 5
_TURNS = const(4)  # of the event loop: enough to read the ACK and the answer
_OTHERS = const(15)  # have a turn at every sixteenth command, though all answers be there at once


class ReaderError(Exception):
    """The chip does not answer, or refuses the command."""


class Line:
    """Answers are read from the serial line alone, so a dead IRQ line does no harm.

    While a card is awaited, a falling IRQ means that an answer begins: the event loop then stays awake until
    the answer is in. (Otherwise the ESP32 reads its serial line only once in a FreeRTOS tick, 10 ms.) Where
    that line is dead, the answer is seen within _NAP_MS. The event loop stays awake for each command that the
    chip carries out at once, too. Nothing here takes a task or a timer of its own.
    """

    def __init__(self, uart: "UART", irq: "Pin") -> None:
        self._uart, self._irq = uart, irq
        self._finder = frames.Finder()
        self._acknowledged = False
        self._due = 0  # frames that IRQ has yet to announce: a line that is not wired announces many more
        self._begins = asyncio.ThreadSafeFlag()
        self._sleeper = self._waking = None
        self._awake = 0  # until then an answer that is due keeps the event loop awake
        self._hurries = False
        self._asked = 0  # commands since a wait in which others had a turn, modulo 16

    def open(self) -> None:
        """Listen to the IRQ line from now on."""
        if self._waking is None:
            self._waking = asyncio.create_task(self._wake())
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
        self._asked = self._asked + 1 & _OTHERS
        if not self._asked:
            await asyncio.sleep_ms(0)
        try:
            self._drop()
            self._uart.write(self._built(code, parameters, more))
            end, turns = ticks_add(ticks_ms(), wait_ms), _TURNS
            while turns:
                answer = self._hear(code)
                if answer is not None:
                    return answer
                if ticks_diff(end, ticks_ms()) <= 0:
                    turns -= 1  # if the event loop itself is late, the answer may be there already
                await asyncio.sleep_ms(0)  # noise may hold many frames: one for each turn of the event loop
        except OSError:
            raise ReaderError("the reader does not answer")
        return None

    async def wait(
        self, code: int, wait_ms: int, answer_ms: int, parameters: bytes, goes_on: "Callable[[], bool] | None"
    ) -> "bytes | None":
        """The answer to a command that waits for a card or a phone. Raises ReaderError.

        If nobody comes for `wait_ms` the command is aborted, and the field switched off for a moment. Then it
        is sent again if goes_on() says so; otherwise the result is None. Nothing is allocated until an answer
        comes.
        """
        me = asyncio.current_task()
        try:
            command = bytes(self._built(code, parameters))
            while True:
                self._due = 2  # the ACK and the answer
                self._write(command)
                end = ticks_add(ticks_ms(), wait_ms)
                self._awake = ticks_add(ticks_ms(), _HURRY_MS)
                while True:
                    answer = self._hear(code)
                    if answer is not None:
                        return answer
                    left = ticks_diff(end, ticks_ms())
                    if left <= 0:
                        break
                    self._sleeper, self._asked = me, 0
                    try:
                        await asyncio.sleep_ms(0 if self._hurries else min(left, _NAP_MS))
                    except asyncio.CancelledError:
                        if self._sleeper is not None:
                            self._sleeper = None
                            raise  # it was not _wake()
                    self._sleeper = None
                self._uart.write(frames.ACK)
                self._write(_FIELD_OFF)
                end, turns = ticks_add(ticks_ms(), answer_ms), _TURNS
                while not self._finder.skip(_FIELD_IS_OFF):
                    if not turns:
                        raise ReaderError("the reader does not answer")
                    self._read()
                    if ticks_diff(end, ticks_ms()) <= 0:
                        turns -= 1
                    await asyncio.sleep_ms(0)
                await asyncio.sleep_ms(FIELD_OFF_MS)
                if goes_on is None or not goes_on():
                    return None
        except OSError:
            raise ReaderError("the reader does not answer")

    def _hear(self, code: int) -> "bytes | None":
        """Read what is there, and return the answer to this command, if that is whole.

        If it is not, the event loop `_hurries`: while bytes come, and where the ACK, or the rest of an answer
        that has begun, is due.
        """
        came, data = self._read(), None
        if not self._acknowledged:
            self._acknowledged = self._finder.skip(frames.ACK)
            if self._acknowledged:
                self._awake = ticks_ms()  # until the answer begins
        if self._acknowledged and self._finder.holds:
            data = self._finder.next()
            if data is not None and self._answers(code, data):
                return data[2:]
        self._hurries = ticks_diff(self._awake, ticks_ms()) > 0 or bool(came) or data is not None
        return None

    def _read(self) -> "int | None":
        """Read what is there, as far as it fits into the buffer."""
        count = self._uart.readinto(self._finder.space())
        if count:
            self._finder.added(count)
        return count

    def _built(self, code: int, parameters: bytes, more: bytes = b"") -> memoryview:
        """The frame of a command, where the answer will lie: to be sent before the line is read again."""
        self._finder.clear()
        space = self._finder.space()
        return space[: frames.build(space, code, parameters, more)]

    def _write(self, frame: bytes) -> None:
        self._drop()
        self._uart.write(frame)

    def _drop(self) -> None:
        """Drop what came before a command. Bounded, since a broken chip may send for ever."""
        self._acknowledged = False
        for _ in range(_DRAINS):
            self._finder.clear()
            if not self._uart.readinto(self._finder.space()):
                break
        self._finder.clear()

    def _answers(self, code: int, data: bytes) -> bool:
        """Whether this frame answers the command; what comes before its ACK answers an earlier one.

        Raises ReaderError.
        """
        if not data:
            self._acknowledged = True
        elif self._acknowledged and data[0] == frames.SYNTAX:
            raise ReaderError("the reader refuses the command")
        return self._acknowledged and len(data) > 1 and data[0] == frames.CHIP and data[1] == code + 1

    def _on_irq(self, pin: "Pin") -> None:
        if self._due:
            self._due -= 1
            if self._acknowledged:  # or the ACK is announced after it was read
                self._begins.set()

    async def _wake(self) -> None:
        """Wake whoever waits for an answer that now begins, before the nap is over."""
        while True:
            await self._begins.wait()
            if not self._due:  # it was the answer, so somebody is there
                hush()  # a collection of garbage before the card is asked would hold it up
            self._awake = ticks_add(ticks_ms(), _HURRY_MS)
            sleeper, self._sleeper = self._sleeper, None
            if sleeper is not None:
                sleeper.cancel()
