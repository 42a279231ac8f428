"""Reads a keypad, or a keypad with a card reader, on the two lines of a Wiegand cable.

Each bit is a short low pulse, on D0 for 0 and on D1 for 1 (SIA AC-01). A key has 4 bits, 0 to 9, 10 for `*`
and 11 for `#`, or 8 bits, of which the first four are the complement of the others. A card has 26, 34 or 37
bits, or a length that the settings name: as a rule the first bit gives the first half even parity, the last
one the second half odd parity, and where their number is odd the halves share the one in the middle (H10302).
A burst as long as a card's, but of an unknown length or a wrong parity, is reported as a card that cannot be
read. Anything else is noise.

While the event loop stands still, the chip keeps eight interrupts and loses the others, and nothing shows
when they were. Of the keys pressed then some would be missing or wrong, and the rest would be entered as a
code. So where keys may be missing the whole code is cleared, at its `#` or `*`. Two keys of 4 bits that look
like one of 8 are recognised by the other keys, which have 4.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from readers.pin_entry import TIMEOUT_MS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import Pin

_GAP_MS = const(30)  # of silence end a burst; bits are 1 to 20 ms apart
_LONGEST = const(66)  # bits stored
_KEYS_MOST = const(40)  # bits of a burst in which there may be keys
_CARD_LEAST = const(24)  # bits that no keys make outside a stall
_BEAT_MS = const(50)
_STALL_MS = const(400)  # nobody presses two keys in less
_UNSURE = const(4)  # beats after a stall, until what has come in it is taken
_CHECK = const(20)  # beats between two looks whether a line is held low: no power, or a broken cable
_STUCK = const(3)  # looks in a row
_KEYS = "0123456789*#"
_HALVES = "halves"


class Wiegand:
    """`on_card(number)` gets the bytes of a card, on_unread("unread") hears of one that cannot be read.

    `bits` and `parity` are of cards beside those of 26, 34 and 37 bits: "halves", "even" or "odd" where the
    last bit makes the whole so, or "none". `discarded` counts the bursts that were no key and no card.

    The interrupts store the bits of a burst in a buffer made beforehand, whose first byte is their count. Two
    buffers are swapped in one step, in which no interrupt can lose a bit.
    """

    def __init__(
        self,
        zero: "Pin",
        one: "Pin",
        on_card: "Callable[[bytes], object]",
        on_unread: "Callable[[str], object]",
        bits: "int | None" = None,
        parity: str = _HALVES,
    ) -> None:
        self._zero, self._one, self._on_card, self._on_unread = zero, one, on_card, on_unread
        self._parities = {26: _HALVES, 34: _HALVES, 37: _HALVES, bits: parity}
        self._filling, self._spare = bytearray(_LONGEST + 2), bytearray(_LONGEST + 2)
        self._arrived = asyncio.ThreadSafeFlag()
        self.healthy = True
        self.discarded = self._low = 0
        self._unsure = 0  # beats for which what comes may be of a stall
        self._size = 0  # bits of the last key; 0: none of late. Another size is of two keys heard as one
        self._sized_at = 0
        self._spoilt = False  # whether keys were lost of the code that is being typed
        self._lost_at = 0

    async def run(self, on_key: "Callable[[str], object]", on_health: "Callable[[bool], object]") -> None:
        """Read for ever: on_key(key) for each key, on_health(bool) at first, and when a line sticks or comes
        free.
        """
        on_health(self.healthy)
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

    def _decode(self, bits: bytearray, on_key: "Callable[[str], object]") -> None:
        """Pass on the key or card of a burst, or count it as noise."""
        count = bits[0]
        if count in (4, 8):
            key = _number(bits, count - 3, 4)
            if key < len(_KEYS) and (count == 4 or _number(bits, 1, 4) == key ^ 15):
                before, self._sized_at = self._sized_at, ticks_ms()
                is_late = ticks_diff(self._sized_at, before) >= TIMEOUT_MS  # noise, perhaps
                is_other, self._size = not is_late and self._size not in (0, count), count
                if is_other and count == 4:
                    self._lose()  # of 4 bits is a key and nothing else: the one before was two
                if count == 4 or not (is_other or self._unsure):
                    self._press(_KEYS[key], on_key)
                    return
        elif count in self._parities:
            number = _card(bits, count, self._parities[count])
            if number:
                self._on_card(number)
                return
        if count >= _CARD_LEAST and not self._unsure:
            self._on_unread("unread")
        self.discarded += 1
        if 4 <= count <= _KEYS_MOST or self._unsure:
            self._lose()

    def _lose(self) -> None:
        """Note that keys of the code that is being typed may be missing."""
        self._spoilt, self._lost_at = True, ticks_ms()

    def _press(self, key: str, on_key: "Callable[[str], object]") -> None:
        """Pass on a key, unless others of its code were lost: then the code ends as if by `*` and `*`.

        After one `*` what was heard of it would still be a code, with the number that follows.
        """
        if self._spoilt:
            now = ticks_ms()
            is_fresh = not 0 <= ticks_diff(now, self._lost_at) < TIMEOUT_MS
            self._spoilt, self._lost_at = not is_fresh and key not in "*#", now
            if self._spoilt:
                return
            if not is_fresh:
                on_key("*")
                key = "*"
        on_key(key)

    async def _watch(self, on_health: "Callable[[bool], object]") -> None:
        beats, last = 0, ticks_ms()
        while True:
            await asyncio.sleep_ms(_BEAT_MS)
            now = ticks_ms()
            self._unsure = _UNSURE if ticks_diff(now, last) > _STALL_MS else max(0, self._unsure - 1)
            beats, last = beats + 1, now
            if beats % _CHECK:
                continue
            self._low = 0 if self._zero.value() and self._one.value() else min(self._low + 1, _STUCK)
            healthy = self._low < _STUCK
            if healthy != self.healthy:
                self.healthy = healthy
                on_health(healthy)


def _card(bits: bytearray, count: int, parity: str) -> bytes:
    """The number of a card; no bytes where its parity is wrong."""
    first, last = 1, count
    if parity == _HALVES:
        half = (count + 1) // 2
        if _ones(bits, 1, half) & 1 or not _ones(bits, count + 1 - half, half) & 1:
            return b""
        first, last = 2, count - 1
    elif parity != "none":
        if bool(_ones(bits, 1, count) & 1) != (parity == "odd"):
            return b""
        last -= 1
    size = last - first + 1
    return _number(bits, first, size).to_bytes((size + 7) // 8, "big")


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
