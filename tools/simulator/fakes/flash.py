"""The littlefs partition as NOR flash in a file, and the knife that cuts the power in the n-th operation.

Guarantee: what was erased or programmed is in the file when the call returns, so that a killed
process loses nothing, and never more than the chip would have written.

The file is mapped into memory. Neither reads nor writes take anything of the heap, as on the chip: littlefs
makes thousands of reads before a lock is armed, and a file that is closed by the garbage collector, in the
midst of a collection, is still written.
"""

import os
import time

import uctypes
from micropython import const

from bus import libc, move, tell

_BLOCK = const(4096)
_COUNT = const(240)
_SIZE = const(983040)
_ERASE = const(0)
_PROGRAM = const(1)
_PROT_READ_WRITE = const(3)  # asm-generic/mman-common.h
_MAP_SHARED = const(0x8001)  # with MAP_POPULATE: the first look at a page would take the computer long
_WISH = const(0x20000000)  # an address that is a small integer in the 32-bit port too
_compare = libc.func("i", "memcmp", "ppL")
_fill = libc.func("v", "memset", "piL")
_random = libc.func("H", "rand_r", "p")  # 16 bits of it: a small integer


class Knife:
    """Counts flash operations: erases, programs, NVS commits. `falls` is true in the one to be cut.

    `own_us` is the CPU time that they took in the fakes: the chip's own memory takes the time of the flash.
    """

    def __init__(self, bus) -> None:
        self._bus = bus
        self.own_us = 0
        self._left = 0
        self._seed = bytearray(4)
        self._counts = [0, 0, 0]  # erases, programs, NVS commits
        bus.on(b"cut", self._arm)
        bus.on(b"stat", self._stat)

    def now(self) -> int:
        """CPU time in us without that of the wire."""
        return self._bus.clock() - self._bus.own_us

    def falls(self, kind: int) -> bool:
        self._counts[kind] += 1
        self._bus.pump()
        self._left -= 1
        return not self._left

    def random(self) -> int:
        """The same numbers for the same n: 0 to 32767."""
        return _random(self._seed) & 0x7FFF

    def cut(self) -> None:
        """End the process: the power is off."""
        self._bus.end("cut\n")

    def _arm(self, n: int) -> None:
        self._left = n
        self._seed[:] = n.to_bytes(4, "little")

    def _stat(self) -> None:
        tell("stat %d %d %d\n", *self._counts)


class Flash:
    """Block device with the extended interface, as esp32.Partition: 240 blocks of 4,096 bytes."""

    def __init__(self, knife: Knife) -> None:
        self._knife = knife
        self.reads = 0
        with open(os.getenv("MENSHEN_FLASH"), "r+b") as file:
            mmap = libc.func("p", "mmap", "pLiiil")
            self._at = mmap(_WISH, _SIZE, _PROT_READ_WRITE, _MAP_SHARED, file.fileno(), 0)
        self._data = uctypes.bytearray_at(self._at, _SIZE)
        times = (os.getenv("MENSHEN_FLASH_US") or "0,0").split(",")
        self._erase_us, self._program_us = int(times[0]), int(times[1])  # a block, 256 bytes

    def readblocks(self, block: int, buf, offset: int = 0) -> None:
        self.reads += 1
        move(buf, self._at + block * _BLOCK + offset, len(buf))

    def writeblocks(self, block: int, buf, offset: int = -1) -> None:
        """Program `buf`; without an offset the blocks are erased first."""
        if offset < 0:
            offset = 0
            self._erase_all(block, len(buf) // _BLOCK)
        self._knife.own_us -= self._knife.now()
        self._program(block * _BLOCK + offset, buf, len(buf))
        self._knife.own_us += self._knife.now()
        if self._program_us:
            time.sleep_us(self._program_us * len(buf) // 256)

    def ioctl(self, op: int, argument: int) -> int:
        if op == 4:
            return _COUNT
        if op == 5:
            return _BLOCK
        if op == 6:
            self._erase(argument * _BLOCK)
        return 0

    def _program(self, at: int, buf, size: int) -> None:
        """NOR flash: a program only clears bits, and so most are of bytes without a single one cleared."""
        start = self._at + at
        if self._knife.falls(_PROGRAM):
            self._tear(at, buf)
        elif self._data[at] == 0xFF and not _compare(start, start + 1, size - 1):
            move(start, buf, size)
        else:
            self._clear(at, buf, size)

    def _clear(self, at: int, buf, size: int) -> None:
        data = self._data
        for n in range(size):
            data[at + n] &= buf[n]

    def _tear(self, at: int, buf) -> None:
        upto = self._knife.random() % (len(buf) + 1)
        self._clear(at, buf, upto)
        if upto < len(buf):  # some bits of the byte in hand are cleared, some not yet
            self._data[at + upto] &= buf[upto] | self._knife.random()
        self._knife.cut()

    def _erase_all(self, block: int, count: int) -> None:
        for n in range(block, block + count):
            self._erase(n * _BLOCK)

    def _erase(self, start: int) -> None:
        self._knife.own_us -= self._knife.now()
        if self._knife.falls(_ERASE):
            self._tear_block(start)
        _fill(self._at + start, 0xFF, _BLOCK)
        self._knife.own_us += self._knife.now()
        if self._erase_us:
            time.sleep_us(self._erase_us)

    def _tear_block(self, start: int) -> None:
        """Each 128 bytes are erased, or as they were, or on their way."""
        data, random = self._data, self._knife.random
        for page in range(start, start + _BLOCK, 128):
            chance = random() % 3
            for at in range(page, page + 128):
                if chance < 2:
                    data[at] |= random() & 0xFF if chance else 0xFF
        self._knife.cut()
