"""An account of the chip's internal RAM: MicroPython's heap, threads, Wi-Fi and TLS all take from it.

Here it is only numbers, since the heap of the Unix port does not grow. It cannot see whether the new part of
the heap is empty, and so would be given back. simulator/memory.py has the figures that differ between
versions.
"""

import gc
import os
import sys

from micropython import const

_HEAP = const(57_344)  # MicroPython starts with it, and doubles what it has when that is full
_OWN = const(4_096)  # in use of it before boot.py's first line
_SMALL = const(35_840)  # the blocks that are not the largest, together: all of it goes to Wi-Fi
_WORD = 8 if sys.maxsize >> 31 else 4


class Account:
    """`largest` and `small`: bytes in the largest free block, and in all others.

    `began` is what was in use when boot.py began, which on the chip is C in flash.
    """

    def __init__(self, bus) -> None:
        self._bus, self._heap, self.small, self.began = bus, _HEAP, _SMALL, 0
        bus.on(b"ram", self.lose, True)
        self.largest, self.session = map(int, (os.getenv("MENSHEN_IDF") or "102400,28672").split(","))

    def lose(self, size: bytes) -> None:
        """The world has something else take this."""
        self.largest -= int(size)

    def take(self, size: int) -> None:
        """Take this out of the largest block, after MicroPython got what its heap has needed until now."""
        if self._used() > self._heap:
            gc.collect()  # as on the chip
        used = self._used()
        while used > self._heap and self.largest:
            part = min(self._heap, self.largest)
            self._heap += part
            self.largest -= part
        if size > self.largest:
            raise OSError(12)  # ENOMEM
        self.largest -= size

    def _used(self) -> int:
        """Bytes of MicroPython's heap, words as short as the chip's."""
        began, own = self._bus.clock(), self._bus.own_us
        used = _OWN + (gc.mem_alloc() - self.began) * 4 // _WORD
        self._bus.own_us = own + self._bus.clock() - began
        return used
