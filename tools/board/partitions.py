"""Reads the partition table in an image of the chip's flash, and finds where MicroPython's files lie.

The format is that of ESP-IDF's components/partition_table: 32-byte entries from 0x8000 on, an MD5 of
them, and 0xFF for what is free.
"""

import hashlib
import struct
from dataclasses import dataclass

from menshen.errors import MenshenError

TABLE_OFFSET, TABLE_SIZE = 0x8000, 0xC00
APP, DATA = 0, 1
OTA_DATA, NVS, FACTORY, OTA_0 = 0, 2, 0, 0x10
_ENTRY = struct.Struct("<HBBII16sI")
_MAGIC, _MD5_MAGIC = 0x50AA, 0xEBEB
_SECTOR = 4096
_FILES = ("vfs", "ffat")  # the labels that MicroPython's esp32/main.c looks for


class LayoutError(MenshenError):
    """The image's partition table is not one that Menshen can live in; the message says why."""


@dataclass(frozen=True)
class Partition:
    """One entry of the table. Offset and size are in bytes."""

    label: str
    kind: int
    subtype: int
    offset: int
    size: int

    @property
    def end(self) -> int:
        """The first address after it."""
        return self.offset + self.size


def read(image: bytes) -> list[Partition]:
    """The table of a flash image that begins at flash address 0. LayoutError where there is none."""
    table = image[TABLE_OFFSET : TABLE_OFFSET + TABLE_SIZE]
    partitions: list[Partition] = []
    for place in range(0, len(table) - _ENTRY.size + 1, _ENTRY.size):
        entry = table[place : place + _ENTRY.size]
        magic, kind, subtype, offset, size, label, _ = _ENTRY.unpack(entry)
        if magic == _MD5_MAGIC:
            if entry[16:] != hashlib.md5(table[:place], usedforsecurity=False).digest():
                raise LayoutError(f"the partition table at {TABLE_OFFSET:#x} is damaged: its MD5 is wrong")
            break
        if magic != _MAGIC:
            break
        name = label.split(b"\0")[0].decode("ascii", "replace")
        partitions.append(Partition(name, kind, subtype, offset, size))
    if not partitions:
        raise LayoutError(
            f"there is no partition table at {TABLE_OFFSET:#x}: give the whole image, with its "
            "bootloader, not the .app-bin of an update"
        )
    _check(partitions)
    return partitions


def build(partitions: list[Partition]) -> bytes:
    """The bytes of a table, as they lie at 0x8000."""
    entries = b"".join(
        _ENTRY.pack(_MAGIC, part.kind, part.subtype, part.offset, part.size, part.label.encode(), 0)
        for part in partitions
    )
    digest = hashlib.md5(entries, usedforsecurity=False).digest()
    sealed = entries + struct.pack("<H", _MD5_MAGIC) + b"\xff" * 14 + digest
    return sealed.ljust(TABLE_SIZE, b"\xff")


def application(partitions: list[Partition]) -> Partition:
    """Where MicroPython itself lies: `factory`, or the first OTA slot. LayoutError where there is neither."""
    for subtype in (FACTORY, OTA_0):
        for part in partitions:
            if (part.kind, part.subtype) == (APP, subtype):
                return part
    raise LayoutError("the partition table has neither a `factory` nor an `ota_0` partition")


def has_ota(partitions: list[Partition]) -> bool:
    """Whether MicroPython itself can be updated over the air: two slots, and a place for the choice."""
    there = {(part.kind, part.subtype) for part in partitions}
    return {(APP, OTA_0), (APP, OTA_0 + 1), (DATA, OTA_DATA)} <= there


def files(partitions: list[Partition], flash_size: int) -> Partition:
    """Where the file system lies.

    A table may leave it out, as that of the OTA variant does: MicroPython then takes all that is left of
    the flash, to its physical end (ports/esp32/main.c, boardctrl_startup). LayoutError where nothing is.
    """
    for label in _FILES:
        for part in partitions:
            if part.label == label:
                if part.end > flash_size:
                    raise LayoutError(
                        f"the partition `{label}` ends at {part.end:#x}, and the flash at {flash_size:#x}"
                    )
                return part
    end = max(part.end for part in partitions)
    if flash_size - end < 2 * _SECTOR:
        raise LayoutError(
            f"there is no space for files: no `vfs` partition, and the last one ends at {end:#x} of "
            f"{flash_size:#x}"
        )
    return Partition("vfs", DATA, 0x81, end, flash_size - end)


def _check(partitions: list[Partition]) -> None:
    end = TABLE_OFFSET + TABLE_SIZE
    for part in sorted(partitions, key=lambda part: part.offset):
        if part.offset % _SECTOR or part.size % _SECTOR or not part.size:
            raise LayoutError(f"the partition `{part.label}` is not made of whole sectors of {_SECTOR} B")
        if part.offset < end:
            raise LayoutError(f"the partition `{part.label}` at {part.offset:#x} lies over another")
        end = part.end
