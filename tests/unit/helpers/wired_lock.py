"""The whole application of house_lock.py at a Wiegand keypad and reader: what comes is bits on two lines."""

import house_lock
from chip_time import time
from house_lock import House, main  # noqa: F401 (it is who asks that calls it)
from virtual_chip import Pin

_KEYS = "0123456789*#"
_ZERO, _ONE = 32, 19  # the cable's pins
_KEY_MS, _CALM_MS = 100, 500


class _Wired(House):
    """The steps that are others at the cable. `size` is how many bits a key has."""

    size = 4

    def bits(self, size):
        self.size = size

    def keys(self, *parts):
        """Keys, and milliseconds between them."""
        self.wait(_CALM_MS)  # a wait in long strides is a stall to the reader
        for part in parts:
            if isinstance(part, int):
                self.wait(part)
            else:
                for key in part:
                    self.burst(key)

    def card(self, uid):
        """A number of so many bytes between its two bits of parity."""
        bits = "".join([_bits(int(digit, 16), 4) for digit in uid])
        half = len(bits) // 2
        self._send(str(bits[:half].count("1") & 1) + bits + str(1 - (bits[half:].count("1") & 1)))

    def tap(self, uid):
        """A card at the PN532, where there is one beside the cable."""
        House.card(self, uid)

    def noise(self, bits):
        """Pulses on both lines."""
        self._send(bits)

    def burst(self, keys, kept=66):
        """Keys that come together, of whose bits so many are kept."""
        self._send("".join([_key(key, self.size) for key in keys])[:kept])

    def stall(self, milliseconds, keys, kept=8):
        """The event loop stands still, and keys come meanwhile: the chip keeps eight interrupts."""
        self.wait(_CALM_MS)
        time.now_ms += milliseconds
        self.burst(keys, kept)

    def _send(self, bits):
        for bit in bits:
            Pin.handlers[_ONE if bit == "1" else _ZERO](None)
        self.wait(_KEY_MS)


def _key(key, size):
    number = _KEYS.index(key)
    return _bits(number if size == 4 else (number ^ 15) << 4 | number, size)


def _bits(number, size):
    return "".join([str(number >> place & 1) for place in range(size - 1, -1, -1)])


house_lock._house = _Wired()
