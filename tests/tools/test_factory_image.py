"""A factory image is read back as the chip reads it; a binary that is no base for one is refused by name."""

import hashlib
import subprocess
from pathlib import Path

import pytest
from cryptography.hazmat.primitives.asymmetric import rsa

from menshen.board import factory, partitions
from menshen.board.partitions import APP, DATA, LayoutError, Partition
from menshen.release import keys
from tests.conftest import micropython
from tests.tools.helpers import base_images as bases

APPLICATION = {
    "/boot.py": b"# boot\n",
    "/lib/umqtt/simple.mpy": bytes(range(256)) * 40,
    "/slots/a/app.mpy": b"M\x06" * 3000,
    "/slots/a/door/relay.mpy": b"relay",
}


@pytest.mark.parametrize("layout", bases.LAYOUTS)
def test_a_factory_image_is_what_the_chip_finds(layout: str) -> None:
    base = bases.base(bases.LAYOUTS[layout])
    image = factory.build(base, APPLICATION).image
    assert len(image) == 4 << 20
    # What the ROM, the bootloader and MicroPython look at, in this order, each in its place.
    assert image[0x1000 : 0x1000 + len(bases.BOOTLOADER)] == bases.BOOTLOADER
    assert image[0x8000:0x8C00] == partitions.build(bases.LAYOUTS[layout])
    assert image[0x10000 : 0x10000 + len(bases.MICROPYTHON)] == bases.MICROPYTHON
    assert set(image[:0x1000]) == {0xFF}
    assert set(image[0x9000:0x10000]) == {0xFF}, "NVS and otadata must be erased"
    read_back = factory.read(image)
    assert read_back.contents() == APPLICATION
    assert read_back.has_ota == (layout == "ota")
    assert read_back.needs_exact_flash == (layout != "stock")


def test_the_files_of_the_ota_layout_are_those_the_lock_is_measured_for() -> None:
    files = factory.build(bases.base(bases.OTA), APPLICATION, ota=True).files
    assert (files.offset, files.size) == (0x310000, factory.FILES_SIZE)


_MOUNT = """
import os, sys, vfs
sys.path.insert(0, {fakes!r})
class Flash:
    def __init__(self):
        self.file = open({image!r}, "rb")
    def readblocks(self, block, buf, offset=0):
        self.file.seek(block * 4096 + offset)
        self.file.readinto(buf)
    def writeblocks(self, block, buf, offset=0):
        raise OSError(30)
    def ioctl(self, op, arg):
        return {{4: {blocks}, 5: 4096}}.get(op, 0)
flash = Flash()
vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/chip")
import hashlib
def walk(folder):
    for name, kind, *_ in os.ilistdir(folder):
        path = folder + "/" + name
        if kind == 0x4000:
            walk(path)
        else:
            with open(path, "rb") as file:
                print(path[5:], hashlib.sha256(file.read()).digest().hex())
walk("/chip")
"""


@pytest.mark.parametrize("layout", ["stock", "ota"])
def test_micropython_mounts_the_real_application(layout: str, tmp_path: Path, app_dir: Path) -> None:
    application = factory.application(app_dir)
    started = {"/boot.py", "/main.py", "/start.mpy", "/lib/start.py", "/slots/a.pack"}
    assert started | {"/lib/umqtt/simple.mpy"} <= set(application)
    built = factory.build(bases.base(bases.LAYOUTS[layout]), application)
    path = tmp_path / "files"
    path.write_bytes(built.image[built.files.offset : built.files.end])
    program = _MOUNT.format(fakes="", image=str(path), blocks=built.files.size // 4096)
    done = subprocess.run([micropython(), "-c", program], capture_output=True, text=True, check=True)
    found = dict(line.split() for line in done.stdout.splitlines())
    assert found == {name: hashlib.sha256(data).hexdigest() for name, data in application.items()}


def test_two_builds_are_the_same_byte_for_byte() -> None:
    base = bases.base(bases.STOCK)
    assert factory.build(base, APPLICATION).image == factory.build(base, APPLICATION).image


def test_a_whole_flash_is_as_good_a_base_as_one_from_the_bootloader_on() -> None:
    base = bases.base(bases.OTA)
    assert factory.build(b"\xff" * 0x1000 + base, APPLICATION).image == factory.build(base, APPLICATION).image


def _changed(data: bytes, place: int) -> bytes:
    return data[:place] + bytes([data[place] ^ 1]) + data[place + 1 :]


_HUGE = bases.program(bytes(0x190000))
_OVER = [Partition("nvs", DATA, 2, 0x9000, 0x8000), Partition("factory", APP, 0, 0x10000, 0x1F0000)]
REFUSED = {
    "empty": (b"", "no partition table at 0x8000"),
    "text": (b"MicroPython " * 9000, "no partition table at 0x8000"),
    "an update": (bases.MICROPYTHON, "no partition table at 0x8000"),
    "another chip": (bases.program(b"x", bases.C3) + bytes(0x10000), "ESP32-C3; it must be for the ESP32"),
    "another chip's MicroPython": (
        bases.base(bases.STOCK, micropython=bases.program(b"x", bases.C3)),
        "ESP32-C3; it must be for the ESP32",
    ),
    "a changed table": (
        bases.base(bases.STOCK, table_bytes=_changed(partitions.build(bases.STOCK), 9)),
        "MD5 is wrong",
    ),
    "overlapping partitions": (bases.base(_OVER), "`factory` at 0x10000 lies over another"),
    "no bootloader": (
        b"\xff" * 0x1000 + bases.base(bases.STOCK, bootloader=bytes(500)),
        "no program where the bootloader",
    ),
    "a changed bootloader": (
        bases.base(bases.STOCK, bootloader=_changed(bases.BOOTLOADER, 40)),
        "bootloader at 0x1000 is damaged",
    ),
    "a changed MicroPython": (
        bases.base(bases.STOCK, micropython=_changed(bases.MICROPYTHON, 9000)),
        "`factory` at 0x10000 is damaged",
    ),
    "a cut MicroPython": (bases.base(bases.STOCK)[:0x1A000], "no program where MicroPython"),
    "too large a MicroPython": (
        bases.base(bases.OTA, micropython=_HUGE),
        "its partition `ota_0` has 1572864 B",
    ),
    "a small flash": (
        bases.base(bases.STOCK_WITHOUT_VFS, bootloader=bases.program(b"b", flash=bases.FLASH_2MB)),
        "no space for files",
    ),
    "files beyond the flash": (
        bases.base(bases.STOCK, bootloader=bases.program(b"b", flash=bases.FLASH_2MB)),
        "`vfs` ends at 0x400000, and the flash at 0x200000",
    ),
    "a small file system": (
        bases.base([*bases.STOCK[:3], Partition("vfs", DATA, 0x81, 0x200000, 0x80000)]),
        "leaves 524288 B for files, and the lock needs 983040 B",
    ),
    "no application": (
        b"\xff" * 0x1000 + bases.base(bases.STOCK, table_bytes=partitions.build([bases.STOCK[0]])),
        "neither a `factory` nor an `ota_0`",
    ),
}


@pytest.mark.parametrize("what", REFUSED)
def test_a_wrong_base_is_refused_and_the_reason_named(what: str) -> None:
    binary, reason = REFUSED[what]
    with pytest.raises((factory.BaseError, LayoutError), match=reason):
        factory.build(binary, APPLICATION)


def test_an_application_that_does_not_fit_is_refused() -> None:
    with pytest.raises(LayoutError, match="the application has 1000000 B, and there are 983040 B"):
        factory.build(bases.base(bases.OTA), {"/big": bytes(1_000_000)})


def test_a_base_that_cannot_be_updated_over_the_air_is_refused_where_that_is_asked_for() -> None:
    with pytest.raises(LayoutError, match="variant OTA"):
        factory.build(bases.base(bases.STOCK), APPLICATION, ota=True)
    assert factory.build(bases.base(bases.OTA), APPLICATION, ota=True).has_ota


@pytest.mark.parametrize("place", ["bootloader", "table", "micropython", "files"])
def test_no_changed_byte_passes_the_reading_back(place: str) -> None:
    built = factory.build(bases.base(bases.OTA), APPLICATION)
    at = {"bootloader": 0x1020, "table": 0x8010, "micropython": 0x10100, "files": None}[place]
    if at is None:
        at = built.image.index(b"M\x06M\x06", built.files.offset) + 50
        assert factory.read(_changed(built.image, at)).contents() != APPLICATION
        return
    with pytest.raises((factory.BaseError, LayoutError)):
        factory.read(_changed(built.image, at))


def test_hidden_files_of_the_build_stay_behind(tmp_path: Path) -> None:
    (tmp_path / "slots").mkdir()
    (tmp_path / "slots/x.mpy").write_bytes(b"x")
    (tmp_path / ".sources.json").write_text("{}")
    assert factory.application(tmp_path) == {"/slots/x.mpy": b"x"}


@pytest.mark.parametrize("frozen", [False, True])
@pytest.mark.parametrize("count", [0, 1, 2])
def test_an_image_says_which_release_keys_it_trusts(app_dir: Path, frozen: bool, count: int) -> None:
    """Read back from the image itself: a lock takes releases of these keys and of no others, for good."""
    made = [rsa.generate_private_key(keys.EXPONENT, keys.BITS).public_key() for _ in range(count)]
    trusted = keys.trusted(made) if made else b""
    built = factory.build(bases.base(bases.OTA), factory.application(app_dir, frozen, trusted))
    assert factory.trusted(built) == [keys.key_id(key) for key in made]
    told = factory.describe(built, "1.2.3", "base.bin").splitlines()[-1]
    assert told.startswith("Releases over the air: ")
    assert all(keys.key_id(key) in told for key in made)
    assert ("none, for good" in told) == (not made)
