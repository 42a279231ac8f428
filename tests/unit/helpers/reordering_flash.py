"""A flash that may do its work in any order between two syncs; see knife_flash for the knife."""

import micropython
from knife_flash import BLOCK, Flash, PowerCut

_SYNC, _ERASE = 3, 6
_GONE = -5  # EIO: an exception thrown through littlefs would leave it with files that are freed


class CutFlash(Flash):
    """Does all things in order. Nothing reaches it once the knife has fallen: the firmware gets OSError."""

    @micropython.native
    def readblocks(self, block, buf, offset=0):  # littlefs asks for 32 bytes at a time
        if self._knife.dead:
            return _GONE
        at = block * BLOCK + offset
        buf[:] = self._view[at : at + len(buf)]
        return None

    def writeblocks(self, block, buf, offset=-1):
        if self._knife.dead:
            return _GONE
        try:
            return super().writeblocks(block, buf, offset)
        except PowerCut:
            return _GONE

    def ioctl(self, op, argument):
        if self._knife.dead:
            return _GONE
        try:
            return super().ioctl(op, argument)
        except PowerCut:
            return _GONE


class ReorderingFlash(CutFlash):
    """When the knife falls, any of the operations since the last sync may not have been done yet."""

    def __init__(self, knife, data):
        super().__init__(knife, data)
        self._undone = []  # (place, bytes before, bytes programmed; None for an erase)

    def writeblocks(self, block, buf, offset=-1):
        if not self._knife.dead:
            at = block * BLOCK + max(offset, 0)
            self._undone.append((at, bytes(self.data[at : at + len(buf)]), bytes(buf)))
        result = super().writeblocks(block, buf, offset)
        self._lose()
        return result

    def ioctl(self, op, argument):
        if op == _SYNC:
            self._undone.clear()
        if op == _ERASE and not self._knife.dead:
            at = argument * BLOCK
            self._undone.append((at, bytes(self.data[at : at + BLOCK]), None))
        result = super().ioctl(op, argument)
        self._lose()
        return result

    def _lose(self):
        """After the cut: back to the last sync, and some of it again; the operation in hand torn or lost."""
        if not (self._knife.dead and self._undone):
            return
        undone, self._undone = self._undone, []
        at, before, _ = undone[-1]
        torn = bytes(self.data[at : at + len(before)])
        for place, before, _ in reversed(undone):
            self.data[place : place + len(before)] = before
        for place, before, new in undone[:-1]:
            if self._knife.random(3):
                if new is None:
                    self.data[place : place + len(before)] = b"\xff" * len(before)
                else:
                    for n in range(len(new)):  # NOR: a program only clears bits
                        self.data[place + n] &= new[n]
        if self._knife.random(2):
            self.data[at : at + len(torn)] = torn
