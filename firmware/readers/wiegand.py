"""Reads a keypad, or a keypad with a card reader, on the two lines of a Wiegand cable.

Each bit is a short low pulse, on D0 for 0 and on D1 for 1 (SIA AC-01). A key has 4 bits, 0 to 9, 10 for `*`
and 11 for `#`, or 8 bits, of which the first four are the complement of the others. A card has 26 or 34 bits:
the first one gives the first half even parity, the last one the second half odd parity. Anything else is
noise.
"""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import Pin

_GAP_MS = const(30)  # of silence end a burst; bits are 1 to 20 ms apart
_LONGEST = const(40)  # bits stored; a longer burst is noise
_CHECK_MS = const(1000)  # between two looks whether a line is held low: no power, or a broken cable
_STUCK = const(3)  # looks in a row
_KEYS = "0123456789*#"


class Wiegand:
    """`on_card(number)` gets the 3 or 4 bytes of a card. `discarded` counts the bursts that were noise.

    The interrupts store the bits of a burst in a buffer made beforehand, whose first byte is their count. Two
    buffers are swapped in one step, in which no interrupt can lose a bit.
    """

    def __init__(self, zero: "Pin", one: "Pin", on_card: "Callable[[bytes], None]") -> None:
        self._zero, self._one, self._on_card = zero, one, on_card
        self._filling, self._spare = bytearray(_LONGEST + 2), bytearray(_LONGEST + 2)
        self._arrived = asyncio.ThreadSafeFlag()
        self.healthy = True
        self.discarded = self._low = 0

    async def run(self, on_key: "Callable[[str], None]", on_health: "Callable[[bool], None]") -> None:
        """Read for ever: on_key(key) for each key, on_health(bool) when a line sticks or comes free."""
        self._zero.irq(self._on_zero, self._zero.IRQ_FALLING)
        self._one.irq(self._on_one, self._one.IRQ_FALLING)
        watching = asyncio.create_task(self._watch(on_health))
        try:
            while True:
                await self._arrived.wait()
                bits = await self._burst()
                if bits[0]:
                    self._decode(bits, on_key)
                    bits[0] = 0
        finally:
            watching.cancel()
            self._zero.irq(None)
            self._one.irq(None)

    def _on_zero(self, pin: "Pin") -> None:
        self._note(0)

    def _on_one(self, pin: "Pin") -> None:
        self._note(1)

    def _note(self, bit: int) -> None:
        """Store a bit. Called by interrupts: allocates nothing."""
        bits = self._filling
        count = bits[0]
        if count <= _LONGEST:
            count += 1
            bits[count] = bit
            bits[0] = count
        self._arrived.set()

    async def _burst(self) -> bytearray:
        """Wait until a burst has ended; its buffer: the count, then the bits."""
        count = -1
        while count != self._filling[0]:
            count = self._filling[0]
            await asyncio.sleep_ms(_GAP_MS)
        bits = self._filling
        self._filling, self._spare = self._spare, bits
        return bits

    def _decode(self, bits: bytearray, on_key: "Callable[[str], None]") -> None:
        """Pass on the key or card of a burst, or count it as noise."""
        count = bits[0]
        if count in (4, 8):
            key = _number(bits, count - 3, 4)
            if key < len(_KEYS) and (count == 4 or _number(bits, 1, 4) == key ^ 15):
                on_key(_KEYS[key])
                return
        elif count in (26, 34):
            half = count // 2
            if not _ones(bits, 1, half) & 1 and _ones(bits, 1 + half, half) & 1:
                self._on_card(bytes(_number(bits, place, 8) for place in range(2, count, 8)))
                return
        self.discarded += 1

    async def _watch(self, on_health: "Callable[[bool], None]") -> None:
        while True:
            await asyncio.sleep_ms(_CHECK_MS)
            self._low = 0 if self._zero.value() and self._one.value() else min(self._low + 1, _STUCK)
            healthy = self._low < _STUCK
            if healthy != self.healthy:
                self.healthy = healthy
                on_health(healthy)


def _number(bits: bytearray, place: int, size: int) -> int:
    """The number that `size` bits from `place` on make, the highest bit first."""
    value = 0
    for i in range(place, place + size):
        value = value << 1 | bits[i]
    return value


def _ones(bits: bytearray, place: int, size: int) -> int:
    """How many of these bits are 1."""
    count = 0
    for i in range(place, place + size):
        count += bits[i]
    return count
