"""ESP-IDF's account of the chip's internal RAM: MicroPython's heap, threads, Wi-Fi and TLS all take of it.

Here it is kept in numbers, for the heap of the Unix port does not grow. The figures were measured on an
emulated ESP32 (firmware/README.md, "Memory on the chip"). What it cannot see: whether the new part of the
heap is empty, and so given back.
"""

import gc
import os
import sys

from micropython import const

_HEAP = const(57_344)  # MicroPython starts with it, and doubles what it has when that is full
_OWN = const(4_096)  # in use of it before boot.py's first line
_SMALL = const(35_840)  # the blocks that are not the largest, together
_WIFI = const(48_128)
_HANDSHAKE = const(37_888)  # for a moment: 36 KB were too little, and 40 enough
# MicroPython: (the largest block beside that first heap, what a session keeps); 1.25 is as 1.24, 1.26 as 1.27
_FIGURES = {"1.24": (110_592, 31_744), "1.27": (102_400, 28_672)}
_BADLY_SIGNED = "\nThe certificate is not correctly signed by the trusted CA\n"
_WORD = 8 if sys.maxsize >> 31 else 4


class Account:
    """`largest` and `small`: bytes in the largest free block, and in all others."""

    def __init__(self, bus) -> None:
        self._bus = bus
        self._heap, self.small = _HEAP, _SMALL
        self.largest, self._session = _FIGURES[os.getenv("MENSHEN_IDF") or "1.27"]
        self.began = 0  # in use when boot.py begins, which on the chip is C in flash

    def grow(self) -> None:
        """Give MicroPython what its heap has needed until now: as much as it has, or else all of a block."""
        if self._used() > self._heap:
            gc.collect()  # as on the chip; where the heap does not grow it need not have come to that
        used = self._used()
        while used > self._heap and self.largest:
            part = min(self._heap, self.largest)
            self._heap += part
            self.largest -= part

    def _used(self) -> int:
        """Bytes of MicroPython's heap, words as short as the chip's."""
        began, own = self._bus.clock(), self._bus.own_us
        used = _OWN + (gc.mem_alloc() - self.began) * 4 // _WORD
        self._bus.own_us = own + self._bus.clock() - began
        return used

    def take(self, size: int) -> bool:
        """Whether there was so much in one block; if so, it is gone."""
        self.grow()
        if size > self.largest:
            return False
        self.largest -= size
        return True

    def wifi(self) -> None:
        """The radio is turned on. What it does without enough was not measured: it fails."""
        self.grow()
        missing = max(0, _WIFI - self.small)
        if missing > self.largest:
            raise OSError("WiFi Out of Memory")
        self.small -= _WIFI - missing
        self.largest -= missing

    def session(self) -> int:
        """What a TLS session keeps until it is closed; 0 where it will never get an answer.

        Without room for its handshake it fails as MENSHEN_TLS_FAILS says, each of which was seen.
        """
        self.grow()
        if self.largest + self.small >= _HANDSHAKE and self.take(self._session):
            return self._session
        how = os.getenv("MENSHEN_TLS_FAILS")
        if how == "memory":
            raise OSError(12)
        if how == "silence":
            return 0
        raise ValueError(_BADLY_SIGNED)
