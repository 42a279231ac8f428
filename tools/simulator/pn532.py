"""Model of the NXP PN532 on HSU (its serial line): frames, commands, radio time, and ways to break it.

Numbers of sections are those of NXP's UM0701-02, the PN532 user manual.
"""

import asyncio
import random
from collections.abc import Callable, Coroutine, Sequence

from menshen import ending

from . import frames
from .cards.card import Card
from .field import MISSES, Field
from .phone import Phone
from .pn532_line import SPEEDS, Line
from .pn532_reader import Initiator
from .pn532_setup import Setup
from .pn532_target import EMULATES_PICC, Target

_START_S = 0.002  # data sheet, 8.6.1: the 27.12 MHz oscillator settles after RSTPD_N rises
_NEVER = float("inf")
_SET_SERIAL_BAUD_RATE, _POWER_DOWN = 0x10, 0x16
FAULTS = ("ok", "hung", "garbage", "absent")


class SyntaxFault(Exception):
    """The chip does not understand or cannot follow the command: it answers the error frame."""


class Pn532:
    """One chip. `send` takes bytes for the host, `irq` the level of P70_IRQ; `ahead`: see Line.

    `sent` is told the command's code, and when on the loop's clock the last byte of its response left.
    A card is found at once when it enters: the model does not wait for the next attempt's start.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        irq: Callable[[int], None],
        sent: Callable[[int, float], None] = lambda command, at: None,
        seed: int = 532,
        ahead: Callable[[bytes, float, float], None] | None = None,
    ) -> None:
        self._irq, self._sent = irq, sent
        self._random = random.Random(seed)
        self._air = Field()
        self._line = Line(send, irq, self._handle, self._air.time, self._random, ahead)
        self._powered, self._reset_level, self._hung = False, 1, False
        self._fault = "ok"
        self._command: asyncio.Task[None] | None = None
        self._noise: asyncio.Task[None] | None = None
        self._forget()

    @property
    def fault(self) -> str:
        """One of FAULTS; a hung chip is well again after its reset line was low."""
        return "hung" if self._hung else self._fault

    @property
    def speed(self) -> int:
        """Baud that the chip's own end of the line is set to."""
        return self._line.speed

    @property
    def misses_card(self) -> bool:
        """Whether the lock looks for a card that it was told of, and may not have noticed yet that it went.

        A card that comes back now was there all the time as far as the lock knows, and is not reported again.
        If this computer is busy, the lock's looks may take a second, and longer if it has given this chip up
        meanwhile.
        """
        is_asked = self._powered and self.fault == "ok" and not self._air.cards
        return is_asked and self._air.misses < MISSES and not self._as_reader.awaits_card

    @property
    def searches_in_vain(self) -> int:
        """Each look of the lock ends with one, whatever it has found before."""
        return self._air.in_vain

    @property
    def plays_card(self) -> bool:
        """Whether the host has it be a card to a phone (7.2.9)."""
        return self._powered and bool(self._setup.parameters & EMULATES_PICC)

    @property
    def radio_s(self) -> float:
        """Seconds that frames on the air, and the pauses around them, have taken until now."""
        return self._air.time.spent

    def power(self, on: bool) -> None:
        """Give or take the chip's supply."""
        if on != self._powered:
            self._powered = on
            self._hung, self._air.misses = False, MISSES
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
        self._listen()
        if fault == "garbage" and self._powered:
            self._noise = asyncio.ensure_future(self._make_noise())

    def present(self, card: Card | None) -> None:
        """Hold a card into the field, alone, or take away what is there."""
        self.hold([] if card is None else [card])

    def hold(self, cards: Sequence[Card]) -> None:
        """These lie in the field from now on: none, one or several. One that stays notices nothing."""
        self._air.hold(cards)
        self._as_target.hold(next((card for card in cards if isinstance(card, Phone)), None))

    def host_speed(self, baud: int, at: float | None = None) -> None:
        """The host has set its own end of the line to this, at this time on the loop's clock or now."""
        self._line.host_changes(baud, at)

    def feed(self, data: bytes, at: float | None = None) -> None:
        """Bytes that the host has sent at this time on the loop's clock, or sends now."""
        self._line.feed(data, at)

    def close(self) -> None:
        """End all that runs."""
        self._stop(self._command)
        self._stop(self._noise)

    # -- from start to start

    def _forget(self, started_at: float = _NEVER) -> None:
        self._line.restart(started_at)
        self._last = b""
        self._in_use = False  # SAMConfiguration was given: out of LowVbat mode (3.1.1)
        self._next_speed: int | None = None
        self._setup = Setup()
        self._air.switch(False)
        phone = next((card for card in self._air.cards if isinstance(card, Phone)), None)
        self._as_reader = Initiator(self._air, self._setup)
        self._as_target = Target(self._air, self._setup)
        self._as_target.hold(phone)
        self._listen()

    def _restart(self, at: float | None = None) -> None:
        self._stop(self._command)
        started_at = _NEVER
        if self._powered and self._reset_level:
            started_at = (asyncio.get_running_loop().time() if at is None else at) + _START_S
        self._forget(started_at)
        self._irq(1)
        self._stop(self._noise)
        if self._powered and self._fault == "garbage":
            self._noise = asyncio.ensure_future(self._make_noise())

    def _listen(self) -> None:
        broken = self._hung or self._fault != "ok"
        self._line.is_deaf = broken or not self._powered or not self._reset_level

    # -- the line

    def _handle(self, frame: bytes) -> None:
        if self._next_speed is not None and frame == frames.ACK:
            self._line.change_speed(self._next_speed)  # 7.2.8: once the host has acknowledged the answer
        elif frame == frames.ACK:
            self._stop(self._command)  # 6.2.1.3: the host gives the command up
        elif frame == frames.NACK:
            if self._last:
                self._air.time.start(self._line.heard_at)
                self._begin(self._line.transmit(self._last))
            return
        else:
            self._air.time.start(self._line.heard_at)
            self._begin(self._answer(frame))
        self._next_speed = None

    def _begin(self, work: Coroutine[None, None, None]) -> None:
        self._stop(self._command)
        self._command = asyncio.ensure_future(work)

    @staticmethod
    def _stop(task: asyncio.Task[None] | None) -> None:
        if task is not None:
            ending.end_soon(task)

    async def _make_noise(self) -> None:
        while True:
            await asyncio.sleep(self._random.uniform(0.002, 0.03))
            self._air.time.start()
            await self._line.transmit(self._random.randbytes(self._random.randint(1, 40)))

    # -- the commands

    async def _answer(self, frame: bytes) -> None:
        await self._line.transmit(frames.ACK)
        code = frame[1] if len(frame) > 1 else -1
        try:
            if frame[0] != 0xD4:
                raise SyntaxFault
            data = await self._execute(code, frame[2:])
            self._last = frames.build(bytes((0xD5, code + 1)) + data)
        except SyntaxFault:
            self._last = frames.ERROR
        await self._line.transmit(self._last)
        self._sent(code, self._line.left_at)
        if self._last is frames.ERROR:
            return
        if code == _POWER_DOWN:
            self._line.sleep()  # once it has answered (7.2.11)
        if code == _SET_SERIAL_BAUD_RATE:
            self._next_speed = SPEEDS[frame[2]]

    async def _execute(self, code: int, data: bytes) -> bytes:
        answer = await self._of_the_chip(code, data)
        if answer is None and self._in_use:
            answer = await self._as_reader.execute(code, data)
        if answer is None and self._in_use:
            answer = await self._as_target.execute(code, data)
        if answer is None:
            raise SyntaxFault
        return answer

    async def _of_the_chip(self, code: int, data: bytes) -> bytes | None:
        """Commands of neither role: sections 7.2 and 7.3.1. None: no such command, or a wrong one."""
        match code:
            case 0x00 if data:
                return await self._diagnose(data)
            case 0x02 if not data:  # GetFirmwareVersion: PN532 v1.6, ISO 14443 A, B and 18092
                return bytes.fromhex("32010607")
            case 0x04 if not data:  # GetGeneralStatus: last error, a field from outside, targets, SAM
                return b"\x00\x00" + self._as_reader.status() + b"\x00"
            case 0x06 if data and not len(data) % 2:
                return self._setup.read(data)
            case 0x08 if data and not len(data) % 3:
                self._setup.write(data)
                return b""
            case 0x10 if len(data) == 1 and data[0] < len(SPEEDS):
                return b""
            case 0x12 if len(data) == 1:
                self._setup.parameters = data[0]
                return b""
            case 0x14 if data and 1 <= data[0] <= 4:  # SAMConfiguration
                self._in_use, self._line.drives_irq = True, len(data) < 3 or data[2] == 1
                return b""
            case 0x16 if data:  # PowerDown: the field goes, too
                self._air.switch(False)
                return b"\x00"
            case 0x32 if len(data) > 1:
                return self._configure(data[0], data[1:])
        return None

    async def _diagnose(self, data: bytes) -> bytes | None:
        if data[0] == 0:  # the line: what came goes back
            return data
        if data[0] in (1, 2) and len(data) == 1:  # ROM, RAM
            return b"\x00"
        if data[0] == 6 and len(data) == 1:
            return b"\x00" if await self._as_reader.is_there() else b"\x01"
        return None

    def _configure(self, item: int, data: bytes) -> bytes | None:
        try:
            field = self._setup.configure(item, data)
        except ValueError:
            return None
        if field is not None:
            self._air.switch(field)
        return b""
