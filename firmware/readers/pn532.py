"""Driver of the NXP PN532 on its serial line (HSU), with its IRQ and RSTPD_N lines; every wait is bounded.

Numbers of sections are those of NXP's user manual UM0701-02.
"""

import asyncio

from micropython import const

from readers import frames

try:
    from typing import TYPE_CHECKING
except ImportError:
    TYPE_CHECKING = False

if TYPE_CHECKING:
    from machine import UART, Pin

_GET_FIRMWARE_VERSION = const(0x02)
_SAM_CONFIGURATION = const(0x14)
_RF_CONFIGURATION = const(0x32)
_IN_DATA_EXCHANGE = const(0x40)
_IN_LIST_PASSIVE_TARGET = const(0x4A)
_IN_RELEASE = const(0x52)
_FOR_EVER = const(0xFF)  # MxRtyPassiveActivation, 7.3.1
_ONE_TARGET_106_A = b"\x01\x00"  # 7.3.5
_RESET_MS = const(10)
_START_MS = const(10)  # until the oscillator runs
_WAKE_MS = const(5)  # after 0x55, 7.2.11
_ANSWER_MS = const(150)
_RADIO_MS = const(400)  # a card may take its time over an answer
_STUCK_LOOKS = const(2)


class ReaderError(Exception):
    """The chip does not answer, or not what it was asked."""


class PN532:
    """One chip. `liveness_ms` is how long it may be silent before it is asked whether it lives."""

    def __init__(self, uart: "UART", irq: "Pin", reset: "Pin", liveness_ms: int = 800) -> None:
        self._uart, self._irq, self._reset = uart, irq, reset
        self._stream = asyncio.StreamReader(uart)
        self._finder = frames.Finder()
        self._liveness_ms = liveness_ms
        self._tries = -1

    async def start(self) -> None:
        """Reset by the line, wake, configure. Raises ReaderError."""
        self._reset.value(0)
        await asyncio.sleep_ms(_RESET_MS)
        self._reset.value(1)
        await asyncio.sleep_ms(_START_MS)
        self._tries = -1
        self._uart.write(b"\x55\x55\x00\x00\x00")
        await asyncio.sleep_ms(_WAKE_MS)
        self._drain()
        await self._command(_SAM_CONFIGURATION, b"\x01\x14\x01")  # normal mode, P70_IRQ in use: 7.2.10
        await self._command(_GET_FIRMWARE_VERSION)

    async def wait_target(self) -> bytes:
        """The UID (4, 7 or 10 bytes) of the next card. Raises ReaderError when the chip is dead."""
        await self._try_times(_FOR_EVER)
        while True:
            await self._send(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A)
            answer = await self._wait_answer()
            if answer:
                uid = _uid(answer)
                if uid:
                    return uid
            else:  # silence: give the command up and see whether anybody is there
                self._uart.write(frames.ACK)
                await self._command(_GET_FIRMWARE_VERSION)

    async def look(self) -> "bytes | None":
        """The UID of a card that is there now; None where there is none."""
        await self._command(_IN_RELEASE, b"\x00")
        await self._try_times(1)
        return _uid(await self._command(_IN_LIST_PASSIVE_TARGET, _ONE_TARGET_106_A, _RADIO_MS))

    async def exchange(self, apdu: bytes) -> bytes:
        """Send an APDU to the card found last, and return its answer. Raises ReaderError."""
        answer = await self._command(_IN_DATA_EXCHANGE, b"\x01" + apdu, _RADIO_MS)
        if not answer or answer[0] & 0x3F:
            raise ReaderError("the card does not answer")
        return answer[1:]

    async def _try_times(self, tries: int) -> None:
        if tries != self._tries:
            await self._command(_RF_CONFIGURATION, bytes((5, 0xFF, 1, tries)))  # item 5: MaxRetries, 7.3.1
            self._tries = tries

    async def _wait_answer(self) -> "bytes | None":
        """The answer to InListPassiveTarget; None after liveness_ms, or where IRQ is low and nothing comes."""
        slice_ms, passed, stuck = self._liveness_ms // 4, 0, 0
        while passed < self._liveness_ms and stuck < _STUCK_LOOKS:
            data = await self._receive(slice_ms)
            if data is None:
                passed += slice_ms
                stuck = stuck + 1 if self._irq.value() == 0 else 0
            elif _answers(data, _IN_LIST_PASSIVE_TARGET):
                return data[2:]
            else:
                passed += 1  # noise must not keep the chip from being asked
        return None

    async def _command(self, code: int, parameters: bytes = b"", wait_ms: int = _ANSWER_MS) -> bytes:
        await self._send(code, parameters)
        for _ in range(4):  # a late answer to a command given up may come first
            data = await self._receive(wait_ms)
            if data is None:
                break
            if _answers(data, code):
                return data[2:]
            if data[:1] == bytes((frames.SYNTAX,)):
                break
        raise ReaderError("the reader does not answer")

    async def _send(self, code: int, parameters: bytes = b"") -> None:
        """Send a command and wait for the chip's ACK."""
        self._uart.write(frames.frame(bytes((frames.HOST, code)) + parameters))
        for _ in range(4):
            data = await self._receive(_ANSWER_MS)
            if data == b"":
                return
            if data is None:
                break
        raise ReaderError("the reader does not acknowledge")

    async def _receive(self, wait_ms: int) -> "bytes | None":
        """The next frame; None where none came in time."""
        found = self._finder.next()
        if found is not None:
            return found
        try:
            return await asyncio.wait_for_ms(self._listen(), wait_ms)
        except asyncio.TimeoutError:
            return None

    async def _listen(self) -> bytes:
        while True:
            count = await self._stream.readinto(self._finder.room())
            if count:
                self._finder.added(count)
                found = self._finder.next()
                if found is not None:
                    return found
            else:
                await asyncio.sleep_ms(1)  # readable, and nothing there: the line is being reset

    def _drain(self) -> None:
        """Throw away what came before; bounded, since a broken chip may never be silent."""
        for _ in range(8):
            if not self._uart.any():
                break
            self._uart.readinto(self._finder.room())
        self._finder.clear()


def _answers(data: bytes, code: int) -> bool:
    return len(data) >= 2 and data[0] == frames.CHIP and data[1] == code + 1


def _uid(answer: bytes) -> "bytes | None":
    """The UID in an answer to InListPassiveTarget: count, number, SENS_RES 2, SEL_RES, length, UID: 7.3.5."""
    if len(answer) < 7 or answer[0] == 0:
        return None
    size = answer[5]
    uid = answer[6 : 6 + size]
    return uid if size in (4, 7, 10) and len(uid) == size else None
