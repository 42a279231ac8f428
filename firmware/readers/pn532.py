"""Drives the NXP PN532 over its serial line (HSU) and its IRQ and RSTPD_N lines; every wait is bounded.

Section numbers are those of NXP's user manual UM0701-02.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers import frames

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Coroutine

    from machine import UART, Pin

_GET_FIRMWARE_VERSION = const(0x02)
_SAM_CONFIGURATION = const(0x14)
_RF_CONFIGURATION = const(0x32)
_IN_DATA_EXCHANGE = const(0x40)
_IN_LIST_PASSIVE_TARGET = const(0x4A)
_IN_RELEASE = const(0x52)
_FOR_EVER = const(0xFF)  # MxRtyPassiveActivation, 7.3.1
_FIELD_OFF = b"\x01\x00"  # item 1, 7.3.1
_NORMAL_MODE_WITH_IRQ = b"\x01\x14\x01"  # 7.2.10
_ONE_TARGET_106_A = b"\x01\x00"  # 7.3.5
_WAKE = b"\x55\x55\x00\x00\x00"  # 7.2.11
_RESET_MS = const(10)
_START_MS = const(10)  # more than the oscillator needs to start
_WAKE_MS = const(5)  # after 0x55
_LIVENESS_MS = const(800)
_FIELD_OFF_MS = const(6)  # a card forgets what it was asked after 5 ms without field: ISO/IEC 14443-3, 5
_ANSWER_MS = const(150)
_RADIO_MS = const(400)  # a card may need long to answer
_HURRY_MS = const(30)  # the longest frame takes 24 ms
_DRAINS = const(8)
_TURNS = const(4)  # of the event loop: enough to read the ACK and the answer


class ReaderError(Exception):
    """The chip does not answer, or refuses the command."""


class PN532:
    """One chip. `answer_ms` bounds an answer; after `liveness_ms` without a card the field goes and comes.

    Answers are read from the serial line alone, so a dead IRQ line does no harm. A falling IRQ means that an
    answer begins: the event loop then stays awake until the answer is in. (Otherwise the ESP32 reads its
    serial line only once in a FreeRTOS tick, 10 ms.)
    """

    def __init__(
        self,
        uart: "UART",
        irq: "Pin",
        reset: "Pin",
        liveness_ms: int = _LIVENESS_MS,
        answer_ms: int = _ANSWER_MS,
    ) -> None:
        self._uart, self._irq, self._reset = uart, irq, reset
        self._liveness_ms, self._answer_ms = liveness_ms, answer_ms
        self._stream = asyncio.StreamReader(uart)
        self._finder = frames.Finder()
        self._sending = bytearray(frames.LONGEST_SENT)
        self._tries = -1
        self._found = 0  # frames, modulo 256
        self._due = 0  # frames that are expected: an IRQ line that is not wired announces many more
        self._begins = asyncio.ThreadSafeFlag()
        self._hurrying = None

    async def start(self) -> None:
        """Reset the chip by its line, wake it and configure it. Raises ReaderError."""
        if self._hurrying is None:
            self._hurrying = asyncio.create_task(self._hurry())
            self._irq.irq(self._on_irq, self._irq.IRQ_FALLING)
        self._tries = -1
        self._reset.value(0)
        await asyncio.sleep_ms(_RESET_MS)
        self._reset.value(1)
        await asyncio.sleep_ms(_START_MS)
        self._uart.write(_WAKE)
        await asyncio.sleep_ms(_WAKE_MS)
        await self.command(_SAM_CONFIGURATION, _NORMAL_MODE_WITH_IRQ)
        await self.command(_GET_FIRMWARE_VERSION)
        await self._try_times(_FOR_EVER)

    async def wait_target(self) -> "bytes | None":
        """The UID (4, 7 or 10 bytes) of the next card; None if none comes for a while. Raises ReaderError.

        A card that comes between two searches is found by the next, also one that had answered the last
        when that was given up: without field it forgets that it was found.
        """
        await self._try_times(_FOR_EVER)
        answer = await self.wait(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A)
        return None if answer is None else _uid(answer)

    async def look(self) -> "bytes | None":
        """The UID of a card that is there now, or None. Raises ReaderError.

        The card that was found last is put to sleep, so that another is found first. Where all sleep, they
        are woken: by the field, which goes and comes.
        """
        await self.release()
        await self._try_times(1)
        uid = await self._search()
        if uid is None:
            await self.field_off()
            uid = await self._search()
        return uid

    async def _search(self) -> "bytes | None":
        return _uid(await self.command(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A, _RADIO_MS))

    async def exchange(self, apdu: bytes) -> bytes:
        """The answer of the card that was found last to an APDU of at most 252 bytes. Raises ReaderError."""
        answer = await self.command(_IN_DATA_EXCHANGE, b"\x01" + apdu, _RADIO_MS)
        if not answer or answer[0] & 0x3F:  # status: 7.1
            raise ReaderError("the card does not answer")
        return answer[1:]

    async def release(self) -> None:
        """Release the card that was found last (InRelease). Raises ReaderError."""
        await self.command(_IN_RELEASE, b"\x00")

    async def field_off(self) -> None:
        """Switch the field off for so long that cards forget all; the next search switches it on. Raises
        ReaderError.
        """
        await self.command(_RF_CONFIGURATION, _FIELD_OFF)
        await asyncio.sleep_ms(_FIELD_OFF_MS)

    async def _try_times(self, tries: int) -> None:
        if tries != self._tries:
            await self.command(_RF_CONFIGURATION, bytes((5, 0xFF, 1, tries)))  # item 5, MaxRetries: 7.3.1
            self._tries = tries

    async def wait(self, code: int, parameters: bytes = b"") -> "bytes | None":
        """The answer to a command that waits for a card or a phone. Raises ReaderError.

        None if nobody came for `liveness_ms`: the command is aborted and the field switched off for a moment.
        """
        answer = await self._within(self._liveness_ms, self._ask(code, parameters))
        if answer is None:
            self._uart.write(frames.ACK)
            await self.field_off()
        return answer

    async def command(self, code: int, parameters: bytes = b"", wait_ms: int = 0) -> bytes:
        """The answer to a command that the chip carries out at once. Raises ReaderError."""
        answer = await self._within(wait_ms or self._answer_ms, self._ask(code, parameters))
        if answer is None:
            raise ReaderError("the reader does not answer")
        return answer

    async def _within(self, wait_ms: int, work: "Coroutine[None, None, bytes]") -> "bytes | None":
        """What `work` returns; None if it takes longer. Unlike wait_for_ms it needs no task for `work`."""
        task, late = asyncio.current_task(), False

        async def expire() -> None:
            nonlocal late
            await asyncio.sleep_ms(wait_ms)
            for _ in range(_TURNS):  # if the event loop itself is late, the answer may be there already
                await asyncio.sleep_ms(0)
            late = True
            if task is not None:
                task.cancel()

        timer = asyncio.create_task(expire())
        try:
            return await work
        except asyncio.CancelledError:
            if late:
                return None
            raise
        except OSError:
            raise ReaderError("the serial line fails")
        finally:
            timer.cancel()

    async def _ask(self, code: int, parameters: bytes) -> bytes:
        """Send a command and wait for its answer. Frames before the chip's ACK answer an earlier command."""
        self._drain()
        size = frames.build(self._sending, code, parameters)
        self._uart.write(memoryview(self._sending)[:size])
        self._due = 2  # the ACK and the answer
        acknowledged = False
        while True:
            data = self._finder.next()
            if data is None:
                await self._listen()
                continue
            self._found = self._found + 1 & 0xFF
            if not data:
                acknowledged = True
            elif acknowledged and data[0] == frames.SYNTAX:
                raise ReaderError("the reader refuses the command")
            elif acknowledged and len(data) > 1 and data[0] == frames.CHIP and data[1] == code + 1:
                return data[2:]
            await asyncio.sleep_ms(0)  # noise may hold many frames: one for each turn of the event loop

    async def _listen(self) -> None:
        """Read the next bytes, at most as many as the buffer holds."""
        count = await self._stream.readinto(self._finder.space())
        if count:
            self._finder.added(count)
        else:
            await asyncio.sleep_ms(1)  # readable, and no byte there: the line is broken

    def _drain(self) -> None:
        """Drop what came before. Bounded, since a broken chip may send for ever."""
        for _ in range(_DRAINS):
            self._finder.clear()
            if not self._uart.readinto(self._finder.space()):
                return

    def _on_irq(self, pin: "Pin") -> None:
        self._begins.set()

    async def _hurry(self) -> None:
        """Keep the event loop awake while a frame comes in."""
        while True:
            await self._begins.wait()
            if self._due:
                self._due -= 1
                found, end = self._found, ticks_add(ticks_ms(), _HURRY_MS)
                while self._found == found and ticks_diff(end, ticks_ms()) > 0:
                    await asyncio.sleep_ms(0)
            else:
                await asyncio.sleep_ms(_HURRY_MS)


def _uid(answer: bytes) -> "bytes | None":
    """The UID in an answer to InListPassiveTarget (7.3.5): count, number, SENS_RES 2, SEL_RES, size, UID."""
    if len(answer) < 6 or answer[0] == 0:
        return None
    size = answer[5]
    uid = answer[6 : 6 + size]
    return uid if size in (4, 7, 10) and len(uid) == size else None
