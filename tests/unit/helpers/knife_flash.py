"""A chip for the tests of updates: littlefs, NVS and two application partitions, with a knife for the power.

Every erase, every program, every number stored and every change of the boot choice is an operation. The
knife falls in the n-th of them, which is torn; nothing is done after it. What was stored stays.
"""

import vfs
from unmounting import unmount

BLOCK = 4096
_PROGRAM = 128  # littlefs' cache: the most that it programs at a time


class PowerCut(BaseException):
    pass


class Reset(BaseException):
    pass


class Knife:
    """`count` of operations since it was set; falls in number `at`."""

    def __init__(self):
        self.set(0)

    def set(self, at, seed=1):
        self.at, self.count, self.dead, self._seed = at, 0, False, at * 7919 + seed

    def falls(self):
        if self.dead:
            raise PowerCut
        self.count += 1
        self.dead = self.count == self.at
        return self.dead

    def random(self, n):
        self._seed = (self._seed * 1103515245 + 12345) & 0x7FFFFFFF
        return (self._seed >> 16) % n


class Flash:
    """A block device; `data` is what it holds."""

    def __init__(self, knife, data):
        self._knife, self.data, self._view = knife, data, memoryview(data)

    def readblocks(self, block, buf, offset=0):
        if self._knife.dead:
            raise PowerCut
        at = block * BLOCK + offset
        buf[:] = self._view[at : at + len(buf)]

    def writeblocks(self, block, buf, offset=-1):
        if offset < 0:  # as the chip: whole blocks are erased first
            offset = 0
            for n in range((len(buf) + BLOCK - 1) // BLOCK):
                self.ioctl(6, block + n)
        at, size = block * BLOCK + offset, len(buf)
        torn = self._knife.falls()
        upto = self._knife.random(size + 1) if torn else size
        if self.data[at : at + upto] == b"\xff" * upto:
            self.data[at : at + upto] = buf[:upto]
        else:  # flash only clears bits, until it is erased
            for n in range(upto):
                self.data[at + n] &= buf[n]
        if torn:
            if upto < size:
                self.data[at + upto] &= buf[upto] | self._knife.random(256)
            raise PowerCut

    def ioctl(self, op, argument):
        if op == 4:
            return len(self.data) // BLOCK
        if op == 5:
            return BLOCK
        if op == 6:
            at = argument * BLOCK
            torn = self._knife.falls()
            self.data[at : at + BLOCK] = b"\xff" * BLOCK
            if torn:
                for n in range(0, BLOCK, 256):  # some of it is neither erased nor as it was
                    if self._knife.random(2):
                        self.data[at + n] = self._knife.random(256)
                raise PowerCut
        return 0


class Nvs:
    """Stored at once, without a commit, as the chip may: the firmware must be right with that too."""

    def __init__(self, knife, values):
        self._knife, self.values = knife, values

    def get_i32(self, key):
        if key not in self.values:
            raise OSError(-0x1102)
        return self.values[key]

    def set_i32(self, key, value):
        torn = self._knife.falls()
        if not torn or self._knife.random(2):
            self.values[key] = value
        if torn:
            raise PowerCut

    def commit(self):
        pass


class Ota:
    """The two partitions, and the bootloader's notes: which one starts, and whether it is on trial."""

    NEW, PENDING, VALID = 0, 1, 2

    def __init__(self, knife, images, boots=0, before=0, state=VALID):
        self.knife, self.images = knife, images
        self.boots, self.before, self.state = boots, before, state
        self.runs = 0

    def start(self):
        """What the bootloader does: a partition on trial is started once."""
        if self.state == self.PENDING:
            self.note(self.before, self.before, self.VALID)
        elif self.state == self.NEW:
            self.note(self.boots, self.before, self.PENDING)
        self.runs = self.boots

    def note(self, *now):
        """Change the notes by an erase and a program: between the two, the one before starts."""
        for says in ((self.before, self.before, self.VALID), now):
            torn = self.knife.falls()
            if not torn or self.knife.random(2):
                self.boots, self.before, self.state = says
            if torn:
                raise PowerCut

    def partition(self):
        """The class esp32.Partition of this chip."""
        ota = self

        class Partition:
            BOOT, RUNNING = 0, 1

            def __init__(self, which):
                self._n = ota.runs if which == self.RUNNING else which - 10
                flash = Flash(ota.knife, ota.images[self._n])
                self.readblocks, self.writeblocks, self.ioctl = (
                    flash.readblocks,
                    flash.writeblocks,
                    flash.ioctl,
                )

            def info(self):
                return 0, 0x10 + self._n, 0, len(ota.images[self._n]), "ota_%d" % self._n, False

            def get_next_update(self):
                return Partition(10 + 1 - ota.runs)

            def set_boot(self):
                ota.before = ota.runs
                ota.note(self._n, ota.runs, Ota.NEW)

            @classmethod
            def mark_app_valid_cancel_rollback(cls):
                if ota.state == Ota.PENDING:
                    ota.note(ota.runs, ota.runs, Ota.VALID)

        return Partition


class PlainPartition:
    """The stock image has one application partition only."""

    BOOT, RUNNING = 0, 1

    def __init__(self, which):
        pass

    def get_next_update(self):
        raise OSError(2)


def mount(flash):
    """Make a littlefs of this flash the root."""
    unmount("/")
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/")
