"""The littlefs partition as NOR flash in a file, and the knife that cuts the power in the n-th operation.

Guarantee: what was erased or programmed is in the file when the call returns, so that a killed
process loses nothing, and never more than the chip would have written.
"""

import os
import time

from micropython import const

_BLOCK = const(4096)
_COUNT = const(240)
_PAGE = const(128)  # littlefs' cache in MicroPython: the most that it programs at a time


class Knife:
    """Counts flash operations; `falls` is true in the one in which the power is to be cut."""

    def __init__(self, bus) -> None:
        self._bus = bus
        self._left = self._seed = 0
        self.erases = self.programs = self.commits = 0
        bus.commands[b"cut"] = self._arm
        bus.commands[b"stat"] = self._stat

    def falls(self) -> bool:
        self._bus.pump()
        if not self._left:
            return False
        self._left -= 1
        return not self._left

    def random(self) -> int:
        """The same numbers for the same n: 0 to 32767."""
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF  # ISO C's example generator
        return self._seed >> 16

    def cut(self) -> None:
        """End the process: the power is off."""
        self._bus.send(b"cut\n")
        self._bus.exit()

    def _arm(self, n: bytes) -> None:
        self._left = self._seed = int(n)
        self.random()

    def _stat(self) -> None:
        self._bus.send(b"stat %d %d %d\n" % (self.erases, self.programs, self.commits))


class Flash:
    """Block device with the extended interface, as esp32.Partition: 240 blocks of 4,096 bytes."""

    def __init__(self, knife: Knife) -> None:
        self._knife = knife
        self._file = open(os.getenv("MENSHEN_FLASH"), "r+b")
        self._old = bytearray(_PAGE)
        self._blank = b"\xff" * _PAGE
        times = (os.getenv("MENSHEN_FLASH_US") or "0,0").split(",")
        self._erase_us, self._program_us = int(times[0]), int(times[1])  # a block, 256 bytes

    def readblocks(self, block: int, buf, offset: int = 0) -> None:
        self._file.seek(block * _BLOCK + offset)
        self._file.readinto(buf)

    def writeblocks(self, block: int, buf, offset: int | None = None) -> None:
        """Program `buf`; without an offset the blocks are erased first."""
        if offset is None:
            offset = 0
            for n in range(len(buf) // _BLOCK):
                self._erase(block + n)
        knife = self._knife
        knife.programs += 1
        upto = len(buf)
        if torn := knife.falls():
            upto = knife.random() % (upto + 1)
        data = memoryview(buf)
        start = block * _BLOCK + offset
        for n in range(0, upto, _PAGE):
            self._program(start + n, data[n : min(n + _PAGE, upto)])
        if torn:
            if upto < len(buf):  # some bits of the byte in hand are cleared, some not yet
                self._program(start + upto, bytes([buf[upto] | knife.random() & 0xFF]))
            knife.cut()
        if self._program_us:
            time.sleep_us(self._program_us * len(buf) // 256)

    def ioctl(self, op: int, argument: int) -> int | None:
        if op == 4:
            return _COUNT
        if op == 5:
            return _BLOCK
        if op == 6:
            self._erase(argument)
        return 0

    def _program(self, at: int, data) -> None:
        n = len(data)
        old = self._old if n == _PAGE else bytearray(n)
        self._file.seek(at)
        self._file.readinto(old)
        if old != (self._blank if n == _PAGE else self._blank[:n]):  # NOR flash: a program only clears bits
            both = int.from_bytes(old, "little") & int.from_bytes(data, "little")
            data = both.to_bytes(n, "little")
        self._file.seek(at)
        self._file.write(data)

    def _erase(self, block: int) -> None:
        knife = self._knife
        knife.erases += 1
        torn = knife.falls()
        for at in range(block * _BLOCK, (block + 1) * _BLOCK, _PAGE):
            data = self._blank
            if torn:  # a page is erased, or as it was, or on its way
                self._file.seek(at)
                self._file.readinto(self._old)
                chance = knife.random() % 3
                if chance == 1:
                    continue
                if chance == 2:
                    data = bytes([byte | knife.random() & 0xFF for byte in self._old])
            self._file.seek(at)
            self._file.write(data)
        if torn:
            knife.cut()
        if self._erase_us:
            time.sleep_us(self._erase_us)
