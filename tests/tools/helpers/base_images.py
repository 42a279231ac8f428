"""Small stand-ins for MicroPython's binaries: real headers, checksums and partition tables, no program."""

import contextlib
import io

import esptool
from esptool.bin_image import ELFSection, ESP32C3FirmwareImage, ESP32FirmwareImage, ESP32S3FirmwareImage

from menshen.board import partitions
from menshen.board.partitions import APP, DATA, Partition

FLASH_8MB, FLASH_4MB, FLASH_2MB = 0x30, 0x20, 0x10

# ports/esp32/partitions-4MiB.csv of MicroPython, before and since the file system's line was left out.
_STOCK_HEAD = [Partition("nvs", DATA, 2, 0x9000, 0x6000), Partition("phy_init", DATA, 1, 0xF000, 0x1000)]
_FACTORY = Partition("factory", APP, 0, 0x10000, 0x1F0000)
STOCK = [*_STOCK_HEAD, _FACTORY, Partition("vfs", DATA, 0x81, 0x200000, 0x200000)]
STOCK_WITHOUT_VFS = [*_STOCK_HEAD, _FACTORY]
# partitions-4MiB-ota.csv: the file system is what is left, 0xF0000 bytes.
OTA = [
    Partition("nvs", DATA, 2, 0x9000, 0x4000),
    Partition("otadata", DATA, 0, 0xD000, 0x2000),
    Partition("phy_init", DATA, 1, 0xF000, 0x1000),
    Partition("ota_0", APP, 0x10, 0x10000, 0x180000),
    Partition("ota_1", APP, 0x11, 0x190000, 0x180000),
]
# partitions-8MiB.csv, of boards with 8 MB.
STOCK_8MB = [*_STOCK_HEAD, _FACTORY, Partition("vfs", DATA, 0x81, 0x200000, 0x600000)]
S3, C3 = ESP32S3FirmwareImage, ESP32C3FirmwareImage
LAYOUTS = {"stock": STOCK, "without a vfs entry": STOCK_WITHOUT_VFS, "ota": OTA}


def program(data: bytes, kind: type = ESP32FirmwareImage, flash: int = FLASH_4MB) -> bytes:
    """A program for a chip, with checksum and SHA-256, that holds `data`."""
    image = kind()
    image.entrypoint, image.flash_size_freq, image.flash_mode = 0x40080000, flash, 2
    image.segments = [
        ELFSection(b".flash.rodata", 0x3F400020, data, 2),
        ELFSection(b".iram0.text", 0x40080000, bytes(64), 2),
    ]
    return image.save(None) or b""


BOOTLOADER = program(b"a bootloader")
MICROPYTHON = program(bytes(range(256)) * 500)


def base(
    table: list[Partition],
    bootloader: bytes = BOOTLOADER,
    micropython: bytes = MICROPYTHON,
    table_bytes: bytes | None = None,
) -> bytes:
    """A binary as MicroPython publishes them: all that is flashed from 0x1000 on."""
    parts = [
        (0x1000, bootloader),
        (0x8000, partitions.build(table) if table_bytes is None else table_bytes),
        (partitions.application(table).offset, micropython),
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        return (esptool.merge_bin(parts, "esp32") or b"")[0x1000:]


def base_of(machine: str, kind: type = ESP32FirmwareImage) -> bytes:
    """MicroPython for a board that it calls so; of the ESP32-S3 all that is flashed from 0 on."""
    said = b"MicroPython v1.25.0 on 2025-04-15; " + machine.encode() + b"\0"
    if kind is not S3:
        return base(STOCK, micropython=program(said))
    parts = [
        (0, program(b"a bootloader", S3, FLASH_8MB)),
        (0x8000, partitions.build(STOCK_8MB)),
        (0x10000, program(said, S3, FLASH_8MB)),
    ]
    with contextlib.redirect_stdout(io.StringIO()):
        return esptool.merge_bin(parts, "esp32s3") or b""
