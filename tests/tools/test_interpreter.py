"""`menshen board image` says so where no lock was seen at work on the MicroPython that it is given."""

import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.board import interpreter
from menshen.board.commands import board
from tests.conftest import TOP
from tests.tools.helpers import base_images as bases

_STOCK = "ESP32_GENERIC-OTA-20250415-v1.25.0.bin"


def _micropython(banner: bytes) -> bytes:
    return bases.program(bytes(range(256)) * 40 + banner + bytes(100))


@pytest.mark.parametrize(
    ("banner", "name", "version"),
    [
        (b"MicroPython v1.27.0 on 2025-12-09; Generic ESP32 module with ESP32", "base.bin", "1.27.0"),
        (b"MicroPython v1.27.0 on 2025-12-09; ", "ESP32_GENERIC-20241025-v1.24.0.bin", "1.27.0"),
        (b"MicroPython v1.26.0-preview.532.g6c8ab ", _STOCK, "1.25.0"),
        (b"MicroPython v1.26.0-preview.532.g6c8ab on ", _STOCK, "1.26.0-preview.532.g6c8ab"),
        (b"", _STOCK, "1.25.0"),
        (b"", "ESP32_GENERIC-20250809-v1.26.0.bin", "1.26.0"),
        (b"", "ESP32_GENERIC-20250911-v1.27.0-preview.12.gab12.bin", "1.27.0-preview.12.gab12"),
        (b"", "firmware.bin", ""),
    ],
)
def test_the_version_is_what_micropython_says_itself_else_the_files_name(
    banner: bytes, name: str, version: str
) -> None:
    assert interpreter.version(_micropython(banner), name) == version


@pytest.mark.parametrize("version", ["1.24.0", "1.24.1", "1.25.0", "1.26.1", "1.27.0", "1.27"])
def test_the_versions_that_were_seen_need_no_warning(version: str) -> None:
    assert not interpreter.warning(version)


@pytest.mark.parametrize("version", ["1.23.0", "1.28.0", "1.2", "2.24.0", "1.27.0-preview.12", ""])
def test_all_others_are_warned_of(version: str) -> None:
    assert "1.24, 1.25, 1.26 and 1.27" in interpreter.warning(version)


@pytest.mark.parametrize(("version", "warned"), [("1.27.0", False), ("1.28.0", True)])
def test_an_image_is_made_of_any_and_only_the_unknown_are_warned_of(
    tmp_path: Path, app_dir: Path, version: str, warned: bool
) -> None:
    base = tmp_path / "base.bin"
    says = _micropython(f"MicroPython v{version} on 2025-12-09; ".encode())
    base.write_bytes(bases.base(bases.OTA, micropython=says))
    done = CliRunner().invoke(board, ["image", "--no-updates", "--base", str(base), "--out", str(tmp_path)])
    assert done.exit_code == 0, done.output
    assert ("Warning: This is MicroPython 1.28.0." in done.stderr) == warned
    assert list(tmp_path.glob("menshen-*.bin"))


@pytest.mark.parametrize("page", ["README.md", "tools/board/README.md", "firmware/README.md"])
def test_the_pages_name_the_versions_that_were_seen(page: str) -> None:
    text = re.sub(r"\s+", " ", (TOP / page).read_text())
    assert "1.24, 1.25, 1.26 and 1.27" in text
