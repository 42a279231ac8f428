"""Model of the NXP PN532 on HSU (its serial line): frames, commands, radio time, and ways to break it.

Numbers of sections are those of NXP's UM0701-02, the PN532 user manual.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine

from menshen import ending

from . import frames
from .cards import Card, exchange_s
from .phone import Phone
from .pn532_target import Target

BYTE_S = 10 / 115_200  # start bit, 8 bits, stop bit
_START_S = 0.002  # data sheet, 8.6.1: the 27.12 MHz oscillator settles after RSTPD_N rises
_WAKE_S = 0.001  # 7.2.11: the host waits for the oscillator after its 0x55
_TRY_S = 0.006  # one attempt to find a card: 5 ms guard time (ISO/IEC 14443-3, 5), REQA and the silence
_CARD_GONE_S = 0.0512  # 7.3.1, item 2: the time-out of InDataExchange as it is after a reset
_FOR_EVER = 0xFF
_NEVER = float("inf")
FAULTS = ("ok", "hung", "garbage", "absent")


class SyntaxFault(Exception):
    """The chip does not understand or cannot follow the command: it answers the error frame."""


class Pn532:
    """One chip. `send` takes bytes for the host, `irq` the level of P70_IRQ.

    `sent` is told the command's code, and when on the loop's clock the last byte of its response left.
    A card is found at once when it enters: the model does not wait for the next attempt's start.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        irq: Callable[[int], None],
        sent: Callable[[int, float], None] = lambda command, at: None,
        seed: int = 532,
    ) -> None:
        self._send, self._irq, self._sent = send, irq, sent
        self._random = random.Random(seed)
        self._powered, self._reset_level, self._hung = False, 1, False
        self._fault = "ok"
        self._card: Card | None = None
        self._card_moved = asyncio.Event()
        self._command: asyncio.Task[None] | None = None
        self._noise: asyncio.Task[None] | None = None
        self._line_free = self._left_at = 0.0
        self._as_target = Target()
        self._forget()

    @property
    def fault(self) -> str:
        """One of FAULTS; a hung chip is well again after its reset line was low."""
        return "hung" if self._hung else self._fault

    def power(self, on: bool) -> None:
        """Give or take the chip's supply."""
        if on != self._powered:
            self._powered = on
            self._hung = False
            self._restart()

    def reset_line(self, level: int, at: float | None = None) -> None:
        """RSTPD_N: low holds the chip in reset. It moved at this time on the loop's clock, or does now."""
        if level != self._reset_level:
            self._reset_level = level
            self._hung = self._hung and level == 1
            self._restart(at)

    def break_down(self, fault: str) -> None:
        """Choose one of FAULTS."""
        self._hung = fault == "hung"
        self._fault = "ok" if self._hung else fault
        self._stop(self._command)
        self._stop(self._noise)
        self._noise = None
        if fault == "garbage" and self._powered:
            self._noise = asyncio.ensure_future(self._make_noise())

    def present(self, card: Card | None) -> None:
        """Hold a card into the field, or take it away."""
        self._card = card
        self._card_moved.set()
        self._as_target.hold(card if isinstance(card, Phone) else None)

    def feed(self, data: bytes, at: float | None = None) -> None:
        """Bytes that the host has sent at this time on the loop's clock, or sends now.

        Each counts when its stop bit would have come over the line.
        """
        loop = asyncio.get_running_loop()
        start = max(loop.time() if at is None else at, self._line_free)
        self._line_free = start + len(data) * BYTE_S
        loop.call_at(self._line_free, self._take, data, start, self._epoch)

    def close(self) -> None:
        """End all that runs."""
        self._stop(self._command)
        self._stop(self._noise)

    # -- the line

    def _forget(self) -> None:
        self._epoch = object()
        self._ready_at = _NEVER
        self._deframer = frames.Deframer()
        self._last = b""
        self._drives_irq = True
        self._in_use = False  # SAMConfiguration was given: out of LowVbat mode (3.1.1)
        self._tries = _FOR_EVER
        self._target: Card | None = None
        self._as_target.reset()
        self._started_at = _NEVER

    def _restart(self, at: float | None = None) -> None:
        self._stop(self._command)
        self._forget()
        self._irq(1)
        if self._powered and self._reset_level:
            self._started_at = (asyncio.get_running_loop().time() if at is None else at) + _START_S
        self._stop(self._noise)
        if self._powered and self._fault == "garbage":
            self._noise = asyncio.ensure_future(self._make_noise())

    def _deaf(self) -> bool:
        return self._hung or self._fault != "ok" or not self._powered or not self._reset_level

    def _take(self, data: bytes, start: float, epoch: object) -> None:
        if epoch is not self._epoch or self._deaf():
            return
        for count, byte in enumerate(data, 1):
            at = start + count * BYTE_S
            if at < self._started_at:
                continue
            if self._ready_at == _NEVER:
                if byte == 0x55:  # five rising edges wake the serial line (3.2.3)
                    self._ready_at = at + _WAKE_S
                continue
            if at >= self._ready_at:
                self._handle(self._deframer.push(byte))

    def _handle(self, frame: bytes | None) -> None:
        if not frame:
            return
        if frame == frames.NACK:
            if self._last:
                self._begin(self._transmit(self._last))
        elif frame == frames.ACK:
            self._stop(self._command)  # 6.2.1.3: the host gives the command up
        else:
            self._begin(self._answer(frame))

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._stop(self._command)
        self._command = asyncio.ensure_future(work)

    @staticmethod
    def _stop(task: asyncio.Task[None] | None) -> None:
        if task is not None:
            ending.end_soon(task)

    async def _transmit(self, frame: bytes) -> None:
        """Send byte after byte; a loop that wakes late catches up with the line."""
        loop = asyncio.get_running_loop()
        epoch, start, gone = self._epoch, loop.time(), 0
        if self._drives_irq:
            self._irq(0)
        try:
            while gone < len(frame):
                await asyncio.sleep(start + (gone + 1) * BYTE_S - loop.time())
                due = min(len(frame), max(gone + 1, int((loop.time() - start) / BYTE_S)))
                self._left_at = loop.time()
                self._send(frame[gone:due])
                gone = due
        finally:
            if epoch is self._epoch:
                self._irq(1)

    async def _make_noise(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.002, 0.03))
            await self._transmit(self._random.randbytes(self._random.randint(1, 40)))

    # -- the commands

    async def _answer(self, frame: bytes) -> None:
        await self._transmit(frames.ACK)
        code = frame[1] if len(frame) > 1 else -1
        try:
            if frame[0] != 0xD4:
                raise SyntaxFault
            data = await self._execute(code, frame[2:])
            self._last = frames.build(bytes((0xD5, code + 1)) + data)
        except SyntaxFault:
            self._last = frames.ERROR
        await self._transmit(self._last)
        self._sent(code, self._left_at)
        if code == 0x16 and self._last is not frames.ERROR:
            self._ready_at = _NEVER  # PowerDown: asleep once it has answered (7.2.11)

    async def _execute(self, code: int, data: bytes) -> bytes:
        if code == 0x00 and data[:1] == b"\x00":  # Diagnose, communication line test (7.2.1)
            return data
        if code == 0x02 and not data:  # GetFirmwareVersion: PN532 v1.6, ISO 14443 A, B and 18092 (7.2.2)
            return bytes.fromhex("32010607")
        if code == 0x14 and data and 1 <= data[0] <= 4:  # SAMConfiguration (7.2.10)
            self._in_use, self._drives_irq = True, len(data) < 3 or data[2] == 1
            return b""
        if code == 0x16 and data:  # PowerDown
            return b"\x00"
        if code == 0x32 and len(data) > 1:  # RFConfiguration (7.3.1)
            if data[0] == 5 and len(data) == 4:
                self._tries = data[3]
            if data[0] == 1:
                self._as_target.field = bool(data[1] & 1)
            return b""
        if code == 0x4A and len(data) > 1 and 1 <= data[0] <= 2 and data[1] <= 4 and self._in_use:
            return await self._list_passive_target(data[1])
        if code == 0x40 and data:
            return await self._data_exchange(data[0], data[1:])
        if code == 0x52 and data:  # InRelease (7.3.11)
            self._target = None
            return b"\x00"
        answer = await self._as_target.execute(code, data) if self._in_use else None
        if answer is None:
            raise SyntaxFault
        return answer

    async def _list_passive_target(self, modulation: int) -> bytes:
        """Wait for a card, for all attempts that MxRtyPassiveActivation allows (7.3.1, 7.3.5)."""
        loop = asyncio.get_running_loop()
        self._target, self._as_target.field = None, True
        end = _NEVER if self._tries == _FOR_EVER else loop.time() + (self._tries + 1) * _TRY_S
        while True:
            card = self._card
            self._card_moved.clear()
            if card is not None and modulation == 0:
                await asyncio.sleep(card.activation_s())
                if self._card is card:
                    break
                continue
            try:
                async with asyncio.timeout_at(None if end == _NEVER else end):
                    await self._card_moved.wait()
            except TimeoutError:
                return b"\x00"
        self._target = card
        head = b"\x01\x01" + card.sens_res + bytes((card.sel_res, len(card.uid))) + card.uid
        return head + card.ats if card.speaks_apdus else head

    async def _data_exchange(self, target: int, apdu: bytes) -> bytes:
        """Forward an APDU to the card (7.3.8); status 0x27: no such target, 0x01: no answer from it (7.1)."""
        if target != 1 or self._target is None:
            return b"\x27"
        if self._card is not self._target or not self._target.speaks_apdus:
            await asyncio.sleep(_CARD_GONE_S)
            return b"\x01"
        answer = self._target.exchange(apdu)
        await asyncio.sleep(exchange_s(len(apdu), len(answer)))
        return b"\x00" + answer
