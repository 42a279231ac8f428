"""Joins MicroPython's binary and the application into one image of the whole flash, and reads it back."""

import contextlib
import hashlib
import io
import struct
from collections.abc import Mapping
from dataclasses import dataclass
from pathlib import Path

import esptool
from esptool.bin_image import LoadFirmwareImage
from esptool.targets import CHIP_DEFS, ESP32ROM
from esptool.util import FatalError

from menshen import build_app, checkout
from menshen import littlefs_image as littlefs
from menshen.errors import MenshenError
from menshen.release import keys, pack

from . import interpreter, partitions
from .partitions import LayoutError, Partition
from .profiles import PROFILES, Profile

FILES_SIZE = littlefs.BLOCK_SIZE * littlefs.BLOCK_COUNT
"""What the application, its second slot and the lists are measured for, in bytes."""

_SIZES = {code: int(name[:-2]) << 20 for name, code in ESP32ROM.FLASH_SIZES.items()}
_CHIPS = {chip.IMAGE_CHIP_ID: chip.CHIP_NAME for chip in CHIP_DEFS.values()}
_ROMS = {profile.rom.IMAGE_CHIP_ID: profile.rom for profile in PROFILES.values()}


class BaseError(MenshenError):
    """The MicroPython binary cannot be used; the message says why, and what would be right."""


@dataclass(frozen=True)
class Flash:
    """A flash image from address 0 on, taken apart as the chip does: bootloader, table, program, files.

    `rom` is what esptool knows of the chip.
    """

    rom: type
    image: bytes
    size: int
    partitions: list[Partition]

    @property
    def files(self) -> Partition:
        """Where the file system lies."""
        return partitions.files(self.partitions, self.size)

    @property
    def needs_exact_flash(self) -> bool:
        """Whether MicroPython measures the file system by the chip's flash, since the table is silent."""
        return self.files not in self.partitions

    @property
    def has_ota(self) -> bool:
        """Whether MicroPython itself can be updated over the air."""
        return partitions.has_ota(self.partitions)

    @property
    def program(self) -> bytes:
        """The partition from which MicroPython starts first."""
        place = partitions.application(self.partitions)
        return self.image[place.offset : place.end]

    def contents(self) -> dict[str, bytes]:
        """The files in it: absolute path to contents. OSError if there is no file system."""
        return littlefs.contents(self.image[self.files.offset : self.files.end])


def read(binary: bytes) -> Flash:
    """Take a binary apart: one that begins with the bootloader, as MicroPython's do, or a whole flash.

    Raises BaseError or LayoutError.
    """
    rom, whole = ESP32ROM, binary
    if binary[:1] == b"\xe9":  # the ESP32-S3's bootloader lies at 0, the ESP32's at 0x1000
        number = struct.unpack_from("<H", binary.ljust(24, b"\0"), 12)[0]
        if number not in _ROMS:
            chips = " or ".join(known.CHIP_NAME for known in _ROMS.values())
            raise BaseError(
                f"it is for the {_CHIPS.get(number, 'a chip unknown here')}; it must be for the {chips}"
            )
        rom = _ROMS[number]
        if rom.BOOTLOADER_FLASH_OFFSET:
            with contextlib.redirect_stdout(io.StringIO()):  # esptool speaks of its padding
                whole = esptool.merge_bin([(rom.BOOTLOADER_FLASH_OFFSET, binary)], _tool_name(rom)) or b""
    at = rom.BOOTLOADER_FLASH_OFFSET
    table = partitions.read(whole)
    bootloader = _program(rom, whole[at : partitions.TABLE_OFFSET], f"the bootloader at {at:#x}")
    size = _SIZES.get(bootloader.flash_size_freq & 0xF0)
    if size is None:
        raise BaseError(f"its bootloader names no flash size that an {rom.CHIP_NAME} can have")
    place = partitions.application(table)
    program = _program(rom, whole[place.offset :], f"MicroPython in `{place.label}` at {place.offset:#x}")
    length = program.data_length + hashlib.sha256().digest_size
    if length > place.size:
        raise BaseError(f"MicroPython takes {length} B, and its partition `{place.label}` has {place.size} B")
    return Flash(rom, whole, size, table)


def build(
    base: bytes, application: Mapping[str, bytes], ota: bool = False, profile: Profile = PROFILES["devkit"]
) -> Flash:
    """The image of a whole flash: what `base` has, and `application` (absolute path to contents) as littlefs.

    `ota` demands that MicroPython itself can be updated over the air. Raises BaseError or LayoutError.
    """
    flash = read(base)
    if flash.rom is not profile.rom:
        raise BaseError(
            f"it is for the {flash.rom.CHIP_NAME}; it must be for the {profile.rom.CHIP_NAME}: "
            f"`{profile.name}` takes {profile.stock}"
        )
    machine = interpreter.machine(flash.program)
    if not profile.fits(machine):
        raise BaseError(f"it is MicroPython for `{machine}`: `{profile.name}` takes {profile.stock}")
    files = flash.files
    if ota and not flash.has_ota:
        raise LayoutError(
            "its partition table has no ota_0, ota_1 and otadata: take the binary of the variant OTA"
        )
    if files.size < FILES_SIZE:
        raise LayoutError(f"it leaves {files.size} B for files, and the lock needs {FILES_SIZE} B")
    if len(flash.image) > files.offset:
        raise BaseError(
            f"it reaches beyond {files.offset:#x}, where the files begin: it is no plain MicroPython"
        )
    try:
        system = littlefs.build(application, files.size // littlefs.BLOCK_SIZE)
    except OSError as error:
        total = sum(map(len, application.values()))
        raise LayoutError(f"the application has {total} B, and there are {files.size} B for files") from error
    with contextlib.redirect_stdout(io.StringIO()):
        whole = esptool.merge_bin([(0, flash.image), (files.offset, system)], _tool_name(flash.rom))
    built = read(whole or b"")
    if built.partitions != flash.partitions or built.contents() != application:
        raise BaseError("the image, read back, is not what was put into it")
    return built


def application(folder: Path, frozen: bool = False, trusted: bytes = b"") -> dict[str, bytes]:
    """The files of build/app as they lie on the lock: absolute path to contents, in order of their names.

    `frozen`: only those that a MicroPython with the application frozen into it needs. `trusted`: the release
    keys, which lie in a slot in either case.
    """
    files = build_app.flash_files(folder, trusted)
    if not frozen:
        return files
    kept = {name: data for name, data in files.items() if not name.startswith(("/slots/", "/lib/umqtt/"))}
    return kept | ({"/slots/a.pack": pack.pack({keys.TRUSTED_PATH: trusted})} if trusted else {})


def describe(flash: Flash, version: str, base: str) -> str:
    """What is in an image, for people: one line for each part."""
    lines = [
        f"Menshen {version} on {base}, from address 0 on",
        f"For an {flash.rom.CHIP_NAME} with {flash.size >> 20} MB of flash",
        f"sha256 {hashlib.sha256(flash.image).hexdigest()}",
    ]
    shown = flash.partitions if flash.files in flash.partitions else [*flash.partitions, flash.files]
    lines += [f"{part.offset:#09x} {part.size:>9} B  {part.label}" for part in shown]
    lines += [f"          {len(data):>9} B  {name}" for name, data in sorted(flash.contents().items())]
    lines.append(f"MicroPython over the air: {'yes' if flash.has_ota else 'no, its layout has one slot'}")
    lines.append(f"Releases over the air: {_trusts(flash)}")
    return "\n".join(lines) + "\n"


def trusted(flash: Flash) -> list[str]:
    """The ids of the release keys that its application trusts, as they are read back."""
    slot = flash.contents().get("/slots/a.pack")
    found = [entry.data for entry in pack.unpack(slot) if entry.name == keys.TRUSTED_PATH] if slot else []
    return keys.trusted_ids(found[0]) if found else []


def _trusts(flash: Flash) -> str:
    ids = trusted(flash)
    if not ids:
        return "none, for good: no release key is trusted"
    return f"those that are signed by the key {' or '.join(ids)}"


def write(flash: Flash, folder: Path, base: str, board: str = "devkit") -> tuple[Path, str]:
    """Put the image and its description into a folder; gives the image's path and the description."""
    folder.mkdir(parents=True, exist_ok=True)
    version = checkout.version()
    path = folder / f"menshen-{version}{'' if board == 'devkit' else '-' + board}.bin"
    text = describe(flash, version, base)
    for target, data in ((path, flash.image), (path.with_suffix(".txt"), text.encode())):
        new = target.with_name(target.name + ".new")
        new.write_bytes(data)
        new.replace(target)
    return path, text


def _tool_name(rom: type) -> str:
    """A chip as esptool's functions name it."""
    return rom.CHIP_NAME.lower().replace("-", "")


def _program(rom: type, data: bytes, what: str):
    try:
        program = LoadFirmwareImage(_tool_name(rom), data)
    except (FatalError, RuntimeError, struct.error, IndexError) as error:
        raise BaseError(f"there is no program where {what} should be") from error
    if program.chip_id != rom.IMAGE_CHIP_ID:
        chip = _CHIPS.get(program.chip_id, f"chip {program.chip_id}")
        raise BaseError(f"{what} is for the {chip}; it must be for the {rom.CHIP_NAME}")
    if program.checksum != program.calculate_checksum():
        raise BaseError(f"{what} is damaged: its checksum is wrong")
    if not program.append_digest or program.stored_digest != program.calc_digest:
        raise BaseError(f"{what} is damaged: its SHA-256 is wrong or missing")
    return program
