"""Each board profile gets the MicroPython for its chip and its PSRAM, at the right address, and no other."""

import pytest

from menshen import wiring
from menshen.board import factory, partitions, provision
from menshen.board.factory import BaseError
from menshen.board.flash import FlashError, flash
from menshen.board.profiles import PROFILES
from tests.tools.helpers import base_images as bases
from tests.tools.test_flash import APPLICATION, Chip

MACHINES = {
    "devkit": "Generic ESP32 module with ESP32",
    "wrover": "Generic ESP32 module with SPIRAM with ESP32",
    "s3": "Generic ESP32S3 module with ESP32S3",
    "s3 octal": "Generic ESP32S3 module with Octal-SPIRAM with ESP32S3",
}
"""As MicroPython 1.24 to 1.27 call their boards: MICROPY_HW_BOARD_NAME and MICROPY_HW_MCU_NAME."""

_KIND = {"s3": bases.S3, "s3 octal": bases.S3}


def _base(name: str) -> bytes:
    return bases.base_of(MACHINES[name], _KIND.get(name, bases.ESP32FirmwareImage))


def test_there_is_a_profile_for_each_table_of_pins() -> None:
    assert tuple(PROFILES) == wiring.BOARDS


@pytest.mark.parametrize("name", MACHINES)
def test_an_image_is_what_the_chip_finds(name: str) -> None:
    profile = PROFILES[name.split(maxsplit=1)[0]]
    built = factory.build(_base(name), APPLICATION, profile=profile)
    assert (built.rom, built.contents()) == (profile.rom, APPLICATION)
    at = {"ESP32": 0x1000, "ESP32-S3": 0}[profile.rom.CHIP_NAME]
    assert built.image[at] == 0xE9, "the ROM looks for the bootloader here"
    assert len(built.image) == built.size == (8 << 20 if profile.name == "s3" else 4 << 20)
    assert partitions.read(built.image) == built.partitions
    assert factory.read(built.image) == built
    assert f"For an {profile.rom.CHIP_NAME} with" in factory.describe(built, "1.2.3", "base.bin")


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("board", PROFILES)
def test_a_base_for_another_board_is_refused_with_the_name_of_the_right_one(name: str, board: str) -> None:
    if name.split(maxsplit=1)[0] == board:
        return
    with pytest.raises(BaseError, match=f"`{board}` takes {PROFILES[board].stock}"):
        factory.build(_base(name), APPLICATION, profile=PROFILES[board])


@pytest.mark.parametrize(("board", "chip"), [("s3", "ESP32"), ("devkit", "ESP32-S3"), ("wrover", "ESP32-S3")])
def test_an_image_is_not_flashed_to_another_chip(board: str, chip: str) -> None:
    image = factory.build(_base(board), APPLICATION, profile=PROFILES[board])
    found = Chip(chip, "8MB")
    with pytest.raises(
        FlashError, match=f"this chip is an {chip}; the image is for an {image.rom.CHIP_NAME}"
    ):
        flash("/dev/nothing", image, lambda said: None, tool=found)  # type: ignore[arg-type]
    assert "write_flash" not in found.calls


@pytest.mark.parametrize("name", MACHINES)
@pytest.mark.parametrize("board", PROFILES)
def test_settings_for_another_board_are_refused_before_anything_is_changed(name: str, board: str) -> None:
    faults = provision.wrong_board({"board": board} if board != "devkit" else {}, MACHINES[name])
    if name.split(maxsplit=1)[0] == board:
        assert faults == ""
    else:
        assert f"board is `{board}`, and this is `{MACHINES[name]}`" in faults


def test_a_micropython_of_ones_own_is_taken_at_its_word() -> None:
    for board in PROFILES:
        assert provision.wrong_board({"board": board}, "linux [GCC 12.2.0] version") == ""
    assert provision.wrong_board({"board": "no such board"}, MACHINES["s3"]) == "", "the board itself says so"
