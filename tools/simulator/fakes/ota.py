"""esp32.Partition on a chip with the OTA layout, and what its bootloader does about a partition on trial.

The partitions lie one after the other in the file ota.img beside the flash's, the bootloader's notes in
ota.json: [the partition that starts, the one before it, state]. A partition that was set to start is "new",
and "pending" from its first start on; any start while it is pending goes back, as esp-idf's bootloader does
with CONFIG_BOOTLOADER_APP_ROLLBACK_ENABLE. Notes are changed by an erase and a program: between the two the
partition on trial is forgotten.
"""

import json

from micropython import const

_BLOCK = const(4096)
_SIZE = const(0x180000)  # of each, in MicroPython's partitions-4MiB-ota.csv
_ADDRESS = (0x10000, 0x190000)
_NEW, _PENDING, _VALID = const(0), const(1), const(2)
_ERASE, _PROGRAM = const(0), const(1)
_APP, _FIRST_OTA = const(0), const(0x10)  # esp_partition.h
_NOT_VALID = const(0x1503)  # ESP_ERR_OTA_VALIDATE_FAILED
_STEP = const(64)  # bytes: the chip's own code takes none of the heap for a block
_ERASED = b"\xff" * _STEP
_NO_SUCH_PLACE = const(0x102)  # ESP_ERR_INVALID_ARG


class Bootloader:
    """Chooses the partition that `runs`; `folder` is the one of the flash's file."""

    def __init__(self, knife, host, folder: str) -> None:
        self.knife, self._host, self._path = knife, host, folder + "/ota.json"
        self.file = host.open(folder + "/ota.img", "r+b")
        self.read()
        if self.state == _PENDING:
            self.note(self.before, self.before, _VALID)
        elif self.state == _NEW:
            self.note(self.boots, self.before, _PENDING)
        self.read()
        self.runs = self.boots

    def read(self) -> None:
        with self._host.open(self._path, "r") as notes:
            self.boots, self.before, self.state = json.load(notes)

    def note(self, *now) -> None:
        """Change the notes, in two operations: after the first, the one before starts."""
        for kind, says in ((_ERASE, (self.before, self.before, _VALID)), (_PROGRAM, now)):
            torn = self.knife.falls(kind)
            if not torn or self.knife.random() & 1:
                with self._host.open(self._path + ".new", "w") as notes:
                    notes.write(json.dumps(says))
                self._host.rename(self._path + ".new", self._path)
            if torn:
                self.knife.cut()


class Partition:
    """`boot` is set by the start of the chip."""

    BOOT, RUNNING, TYPE_APP, TYPE_DATA = 0, 1, 0, 1
    boot = None

    def __init__(self, id) -> None:
        boot = Partition.boot
        if id in ("ota_0", "ota_1"):
            self._n = int(id[-1])
        elif id in (0, 1):
            self._n = boot.runs if id else boot.boots
        else:
            raise OSError(2)  # ENOENT

    def info(self) -> tuple:
        return _APP, _FIRST_OTA + self._n, _ADDRESS[self._n], _SIZE, "ota_%d" % self._n, False

    def readblocks(self, block: int, buf, offset: int = 0) -> None:
        self._seek(block, offset, len(buf)).readinto(buf)

    def writeblocks(self, block: int, buf, offset: int = -1) -> None:
        size = len(buf)
        for n in range(size // _BLOCK if offset < 0 else 0):
            self.ioctl(6, block + n)
        knife = Partition.boot.knife
        torn = knife.falls(_PROGRAM)
        upto = knife.random() % (size + 1) if torn else size
        held, offset = bytearray(_STEP), max(0, offset)
        for at in range(0, upto, _STEP):
            count = min(_STEP, upto - at)
            self.readblocks(block, held, offset + at)
            for n in range(count):  # flash only clears bits, until it is erased
                held[n] &= buf[at + n]
            self._write(block, offset + at, memoryview(held)[:count])
        if torn:
            knife.cut()

    def ioctl(self, op: int, argument: int) -> int:
        if op == 6:
            knife = Partition.boot.knife
            torn = knife.falls(_ERASE)
            for at in range(0, knife.random() % _BLOCK if torn else _BLOCK, _STEP):
                self._write(argument, at, _ERASED)
            if torn:
                knife.cut()
        return {4: _SIZE // _BLOCK, 5: _BLOCK}.get(op, 0)

    def get_next_update(self) -> "Partition":
        return Partition("ota_%d" % (1 - Partition.boot.runs))

    def set_boot(self) -> None:
        head = bytearray(1)
        self.readblocks(0, head)
        if head[0] != 0xE9:
            raise OSError(-_NOT_VALID)
        boot = Partition.boot
        boot.before = boot.runs
        boot.note(self._n, boot.runs, _NEW)
        boot.read()

    @staticmethod
    def mark_app_valid_cancel_rollback() -> None:
        boot = Partition.boot
        if boot.state == _PENDING:
            boot.note(boot.runs, boot.runs, _VALID)
            boot.read()

    def _seek(self, block: int, offset: int, size: int):
        at = block * _BLOCK + offset
        if block < 0 or at + size > _SIZE:
            raise OSError(-_NO_SUCH_PLACE)
        file = Partition.boot.file
        file.seek(self._n * _SIZE + at)
        return file

    def _write(self, block: int, offset: int, data) -> None:
        file = self._seek(block, offset, len(data))
        file.write(data)
        file.flush()
