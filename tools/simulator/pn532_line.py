"""The PN532's serial line (HSU): when a byte counts, at which speed, and what wakes the chip.

Numbers of sections are those of NXP's UM0701-02, the PN532 user manual.
"""

import asyncio
import random
from collections.abc import Callable

from . import frames
from .timeline import Timeline

SPEEDS = (9_600, 19_200, 38_400, 57_600, 115_200, 230_400, 460_800, 921_600, 1_288_000)
"""Baud, by the code that SetSerialBaudRate has for them (7.2.8)."""

AS_RESET = 115_200
_BITS = 10  # start bit, 8 bits, stop bit
BYTE_S = _BITS / AS_RESET
_EDGES = 5  # rising ones wake the line (3.2.3)
# 7.2.11: a host that sends a command at once after five zeros more than needed (nfcpy does, and finds chips)
# leaves 0.52 ms; one that sends 0x55 is told to wait for the oscillator.
_WAKE_S = 0.0005
_CHANGE_S = 0.0002  # before the chip hears at its new speed; nfcpy waits 1 ms
_NEVER = float("inf")


class Line:
    """`send` takes bytes for the host, `irq` the level of P70_IRQ, `heard` each frame that came whole.

    `heard_at` is when that frame was over, `left_at` when the last byte left. `host_speed` is what the host's
    own UART is set to: where that is not the chip's, both hear garbage.

    `ahead`, if there is one, gets all bytes of a frame, in place of `send`, when the first begins: the bytes,
    that time, and the seconds for each. No bytes: those that have not left by then never do.
    """

    def __init__(
        self,
        send: Callable[[bytes], None],
        irq: Callable[[int], None],
        heard: Callable[[bytes], None],
        time: Timeline,
        dice: random.Random,
        ahead: Callable[[bytes, float, float], None] | None = None,
    ) -> None:
        self._send, self._irq, self._heard, self._time, self._random = send, irq, heard, time, dice
        self._ahead = ahead
        self.host_speed, self._host_changed_at = AS_RESET, _NEVER
        self.is_deaf = False
        self._free_at = self.heard_at = self.left_at = 0.0
        self.restart(_NEVER)

    def restart(self, started_at: float) -> None:
        """As after power or RSTPD_N: asleep, at 115,200 baud, with no crystal before this time."""
        self._epoch = object()
        self.speed, self.drives_irq = AS_RESET, True
        self._started_at, self._blind_until = started_at, 0.0
        self.sleep()

    def sleep(self) -> None:
        """The chip hears nothing until it is woken."""
        self._edges, self._ready_at = 0, _NEVER
        self._deframer = frames.Deframer()

    def change_speed(self, baud: int) -> None:
        """Change it from the byte on that is being heard, by the line's own time: the loop may be late."""
        self.speed, self._blind_until = baud, self.heard_at + _CHANGE_S

    def host_changes(self, baud: int, at: float | None) -> None:
        """The host sets its own UART to this; what had not left it yet is spoilt."""
        if baud != self.host_speed:
            self._host_changed_at = asyncio.get_running_loop().time() if at is None else at
            self.host_speed = baud
            if self._ahead is not None:
                self._ahead(b"", self._host_changed_at, 0.0)

    def feed(self, data: bytes, at: float | None = None) -> None:
        """Bytes that the host has sent at this time on the loop's clock, or sends now.

        Each counts when its stop bit would have come over the line.
        """
        loop = asyncio.get_running_loop()
        start = max(loop.time() if at is None else at, self._free_at)
        self._free_at = start + len(data) * _BITS / self.host_speed
        loop.call_at(self._free_at, self._take, data, start, self.host_speed, self._epoch)

    def _take(self, data: bytes, start: float, baud: int, epoch: object) -> None:
        if epoch is not self._epoch or self.is_deaf:
            return
        for count, byte in enumerate(data, 1):
            at = start + count * _BITS / baud
            if at < max(self._started_at, self._blind_until):
                continue
            if self._ready_at == _NEVER:
                self._edges += _rising_edges(byte)
                if self._edges >= _EDGES:
                    self._ready_at = at + _WAKE_S
            elif at >= self._ready_at:
                clear = baud == self.speed and not start < self._host_changed_at < at
                frame = self._deframer.push(byte if clear else self._random.randrange(256))
                if frame:
                    self.heard_at = at + _BITS / baud  # with its postamble
                    self._heard(frame)

    async def transmit(self, frame: bytes) -> None:
        """Send byte after byte, from the chip's time on; a loop that wakes late catches up with the line."""
        loop = asyncio.get_running_loop()
        epoch, start, gone, byte_s = self._epoch, self._time.now, 0, _BITS / self.speed
        if self.drives_irq:
            self._irq(0)
        try:
            if self._ahead is not None:
                gone = await self._tell_ahead(frame, start, byte_s)
            while gone < len(frame):
                await asyncio.sleep(max(0.0, start + (gone + 1) * byte_s - loop.time()))
                due = min(len(frame), max(gone + 1, int((loop.time() - start) / byte_s)))
                self.left_at = loop.time()
                self._send(self._at_the_host(frame[gone:due]))
                gone = due
            self._time.now = start + len(frame) * byte_s
        finally:
            if epoch is self._epoch:
                self._irq(1)

    async def _tell_ahead(self, frame: bytes, start: float, byte_s: float) -> int:
        """How many bytes have left: all, unless this is given up."""
        assert self._ahead is not None
        loop = asyncio.get_running_loop()
        self._ahead(self._at_the_host(frame), start, byte_s)
        try:
            await asyncio.sleep(start + len(frame) * byte_s - loop.time())
        except asyncio.CancelledError:
            self._ahead(b"", loop.time(), 0.0)
            raise
        self.left_at = loop.time()
        return len(frame)

    def _at_the_host(self, data: bytes) -> bytes:
        if self.host_speed == self.speed:
            return data
        return self._random.randbytes(max(1, len(data) * self.host_speed // self.speed))


def _rising_edges(byte: int) -> int:
    """Of a byte on the line: the start bit is low, then the lowest bit first, the stop bit is high."""
    levels = byte << 1 | 0x200
    return (levels & ~(levels << 1)).bit_count()
