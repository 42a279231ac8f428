"""A littlefs in RAM for the tests of what lies in the flash; counts how often it is read and erased."""

import vfs
from unmounting import unmount

_BLOCK = 4096


class RamFlash:
    """`blocks` of 4,096 bytes, mounted at `place`; `data` may be given.

    `reads`, `bytes_read` and `erased` (blocks) are for the test to reset.
    """

    def __init__(self, place, blocks=240, data=None):
        self._data = memoryview(data or bytearray(_BLOCK * blocks))
        for at in range(0, blocks * _BLOCK, _BLOCK):
            self._data[at : at + _BLOCK] = b"\xff" * _BLOCK
        self._blocks = blocks
        self._place = place
        self.reads = self.bytes_read = self.erased = 0
        vfs.VfsLfs2.mkfs(self)
        unmount(place)
        vfs.mount(vfs.VfsLfs2(self, readsize=32, progsize=32, lookahead=32), place)

    def readblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        buf[:] = self._data[at : at + len(buf)]
        self.reads += 1
        self.bytes_read += len(buf)

    def writeblocks(self, block, buf, offset=0):
        at = block * _BLOCK + offset
        self._data[at : at + len(buf)] = buf

    def ioctl(self, op, argument):
        self.erased += op == 6
        return {4: self._blocks, 5: _BLOCK}.get(op, 0)

    def fill(self):
        """Leave no block free."""
        try:
            for n in range(self._blocks):
                with open("%s/ballast%d" % (self._place, n), "wb") as file:
                    file.write(bytes(_BLOCK))
        except OSError:
            pass
