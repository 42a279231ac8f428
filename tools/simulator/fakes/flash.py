"""The littlefs partition as NOR flash in a file, and the knife that cuts the power in the n-th operation.

Guarantee: what was erased or programmed is in the file when the call returns, so that a killed
process loses nothing, and never more than the chip would have written.

The file is mapped into memory: a read costs no call of the system and no heap, for littlefs makes
thousands of them before a lock is armed.
"""

import os
import time

import uctypes
from micropython import const

from bus import libc, move

_BLOCK = const(4096)
_COUNT = const(240)
_SIZE = const(983040)
_PAGE = const(128)  # littlefs' cache in MicroPython: the most that it programs at a time
_ERASE = const(0)
_PROGRAM = const(1)
_PROT_READ_WRITE = const(3)  # asm-generic/mman-common.h
_MAP_SHARED = const(0x8001)  # with MAP_POPULATE: the first look at a page would take the computer long
_WISH = const(0x20000000)  # an address that is a small integer in the 32-bit port too


class Knife:
    """Counts flash operations: erases, programs, NVS commits. `falls` is true in the one to be cut.

    `own_us` is the CPU time that they took in the fakes: the chip's own memory takes the time of the flash.
    """

    def __init__(self, bus) -> None:
        self._bus = bus
        self.own_us = 0
        self._left = self._seed = 0
        self._counts = [0, 0, 0]  # erases, programs, NVS commits
        bus.commands[b"cut"] = self._arm
        bus.commands[b"stat"] = self._stat

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
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF  # ISO C's example generator
        return self._seed >> 16

    def cut(self) -> None:
        """End the process: the power is off."""
        self._bus.end(b"cut\n")

    def _arm(self, n: bytes) -> None:
        self._left = self._seed = int(n)
        self.random()

    def _stat(self) -> None:
        self._bus.send(b"stat %d %d %d\n" % tuple(self._counts))


class Flash:
    """Block device with the extended interface, as esp32.Partition: 240 blocks of 4,096 bytes."""

    def __init__(self, knife: Knife) -> None:
        self._knife = knife
        self.reads = 0
        with open(os.getenv("MENSHEN_FLASH"), "r+b") as file:
            mmap = libc.func("p", "mmap", "pLiiil")
            self._at = mmap(_WISH, _SIZE, _PROT_READ_WRITE, _MAP_SHARED, file.fileno(), 0)
        self._data = uctypes.bytearray_at(self._at, _SIZE)
        self._blank = b"\xff" * _PAGE
        times = (os.getenv("MENSHEN_FLASH_US") or "0,0").split(",")
        self._erase_us, self._program_us = int(times[0]), int(times[1])  # a block, 256 bytes

    def readblocks(self, block: int, buf, offset: int = 0) -> None:
        self.reads += 1
        move(buf, self._at + block * _BLOCK + offset, len(buf))

    def writeblocks(self, block: int, buf, offset: int = -1) -> None:
        """Program `buf`; without an offset the blocks are erased first."""
        began = self._knife.now()
        size = len(buf)
        if offset < 0:
            offset = 0
            for n in range(size // _BLOCK):
                self.ioctl(6, block + n)
        at = block * _BLOCK + offset
        data = memoryview(buf)
        torn = self._knife.falls(_PROGRAM)
        upto = self._knife.random() % (size + 1) if torn else size
        for n in range(0, upto, _PAGE):
            self._program(at + n, data[n : min(n + _PAGE, upto)])
        if torn:
            if upto < size:  # some bits of the byte in hand are cleared, some not yet
                self._program(at + upto, bytes([buf[upto] | self._knife.random() & 0xFF]))
            self._knife.cut()
        self._knife.own_us += self._knife.now() - began
        time.sleep_us(self._program_us * size // 256)

    def ioctl(self, op: int, argument: int) -> int:
        if op == 4:
            return _COUNT
        if op == 5:
            return _BLOCK
        if op == 6:
            self._erase(argument * _BLOCK)
        return 0

    def _program(self, at: int, data) -> None:
        n = len(data)
        old = self._data[at : at + n]
        if old != self._blank[:n]:  # NOR flash: a program only clears bits
            both = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            data = both.to_bytes(n, "little")
        self._data[at : at + n] = data

    def _erase(self, start: int) -> None:
        began = self._knife.now()
        torn = self._knife.falls(_ERASE)
        for at in range(start, start + _BLOCK, _PAGE):
            data = self._blank
            if torn:  # a page is erased, or as it was, or on its way
                data = self._data[at : at + _PAGE]
                chance = self._knife.random() % 3
                if chance:
                    data = bytes(
                        [byte | (self._knife.random() if chance == 1 else 0xFF) & 0xFF for byte in data]
                    )
            self._data[at : at + _PAGE] = data
        if torn:
            self._knife.cut()
        self._knife.own_us += self._knife.now() - began
        time.sleep_us(self._erase_us)
