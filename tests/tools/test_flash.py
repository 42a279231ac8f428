"""The flasher looks at the chip before it writes, against a stand-in for esptool: no test touches a port."""

from types import SimpleNamespace

import pytest
from esptool.util import FatalError

from menshen.board import factory
from menshen.board.flash import FlashError, flash
from tests.tools.helpers import base_images as bases

APPLICATION = {"/boot.py": b"boot"}


class Chip:
    """What esptool would find on the port; `breaks` is the call in which the cable is pulled."""

    def __init__(self, name: str = "ESP32", size: str | None = "4MB", breaks: str = "") -> None:
        self.CHIP_NAME, self._size, self._breaks = name, size, breaks
        self.calls: list[str] = []
        self.written: list[tuple[int, bytes]] = []
        self.is_open = True
        self._port = SimpleNamespace(close=self._close)

    def _close(self) -> None:
        self.is_open = False

    def _note(self, call: str) -> None:
        self.calls.append(call)
        if call == self._breaks:
            raise FatalError("Failed to connect: no serial data received.\nand more")

    def detect_chip(self, port: str, connect_attempts: int) -> "Chip":
        self._note("detect_chip")
        return self

    def run_stub(self, esp: "Chip") -> "Chip":
        self._note("run_stub")
        return self

    def attach_flash(self, esp: "Chip") -> None:
        self._note("attach_flash")

    def detect_flash_size(self, esp: "Chip") -> str | None:
        self._note("detect_flash_size")
        return self._size

    def write_flash(self, esp: "Chip", parts: list[tuple[int, bytes]], flash_size: str) -> None:
        assert flash_size == "keep"
        self._note("write_flash")
        self.written += parts

    def reset_chip(self, esp: "Chip", mode: str) -> None:
        self._note("reset_chip")


def _flash(chip: Chip, layout: str = "ota") -> list[str]:
    said: list[str] = []
    image = factory.build(bases.base(bases.LAYOUTS[layout]), APPLICATION)
    flash("/dev/nothing", image, said.append, tool=chip)  # type: ignore[arg-type]
    return said


def test_the_whole_image_goes_to_address_0_and_the_board_starts() -> None:
    chip = Chip()
    said = _flash(chip)
    assert chip.written == [(0, factory.build(bases.base(bases.OTA), APPLICATION).image)]
    assert chip.calls[-2:] == ["write_flash", "reset_chip"]
    assert not chip.is_open
    assert "make provision" in said[-1]


@pytest.mark.parametrize(
    ("chip", "layout", "reason"),
    [
        (Chip("ESP32-S3"), "ota", "this chip is an ESP32-S3; the image is for an ESP32"),
        (Chip(size="2MB"), "stock", "2 MB of flash, and the image is for 4 MB"),
        (Chip(size="8MB"), "ota", "8 MB of flash, and the image is for 4 MB"),
        (Chip(size=None), "ota", "does not tell the size of its flash"),
        (Chip(breaks="detect_chip"), "ota", r"no chip answers on /dev/nothing \(Failed to connect: .*BOOT"),
        (Chip(breaks="attach_flash"), "ota", "stopped answering .* Nothing was written"),
    ],
    ids=["another chip", "small flash", "files measured by the flash", "no size", "silent", "lost early"],
)
def test_nothing_is_written_to_a_board_that_is_not_right(chip: Chip, layout: str, reason: str) -> None:
    with pytest.raises(FlashError, match=reason):
        _flash(chip, layout)
    assert "write_flash" not in chip.calls
    assert not chip.is_open or chip.calls == ["detect_chip"]


def test_a_layout_that_names_its_files_fits_a_larger_flash() -> None:
    chip = Chip(size="8MB")
    _flash(chip, "stock")
    assert chip.written


@pytest.mark.parametrize(
    ("breaks", "state"), [("write_flash", "may be written in part"), ("reset_chip", "It is written")]
)
def test_a_pulled_cable_is_told_with_what_was_done(breaks: str, state: str) -> None:
    chip = Chip(breaks=breaks)
    with pytest.raises(FlashError, match=state):
        _flash(chip)
    assert not chip.is_open
