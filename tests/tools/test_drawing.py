"""The drawings of the wiring are those of the firmware's tables: the files on the page, pin by pin."""

import re
import xml.etree.ElementTree as ET

import pytest
from click.testing import CliRunner

from menshen import wiring
from menshen.board import drawing
from menshen.cli.main import main
from tests.conftest import TOP

_SVG = "{http://www.w3.org/2000/svg}"


def _file(board: str) -> str:
    return (TOP / f"tools/board/wiring-{board}.svg").read_text()


@pytest.mark.parametrize("board", wiring.BOARDS)
def test_the_file_is_what_the_command_draws(board: str) -> None:
    again = f"menshen board drawing {board} > tools/board/wiring-{board}.svg"
    assert _file(board) == CliRunner().invoke(main, ["board", "drawing", board]).stdout, again


@pytest.mark.parametrize("board", wiring.BOARDS)
def test_every_pin_is_drawn_once_and_at_its_part(board: str) -> None:
    told = wiring.pins(board)
    wanted = {
        (part, place): number
        for part, numbers in told.items()
        for place, number in enumerate([numbers] if isinstance(numbers, int) else numbers)
    }
    assert drawing.terminals(board) == wanted
    drawn = [
        int(text.text.removeprefix("GPIO "))
        for text in ET.fromstring(_file(board)).iter(_SVG + "text")  # noqa: S314 (our own file)
        if text.get("class") == "pin" and text.text
    ]
    assert sorted(drawn) == sorted(wanted.values())


@pytest.mark.parametrize("board", wiring.BOARDS)
def test_nothing_is_drawn_outside_the_sheet(board: str) -> None:
    sheet = ET.fromstring(_file(board))  # noqa: S314
    width, height = map(int, sheet.get("viewBox", "").split()[2:])
    for text in sheet.iter(_SVG + "text"):
        letters = 8.2 if text.get("class") != "small" else 7  # pixels each, on the wide side
        size = len(text.text or "") * letters if text.get("text-anchor") is None else 0
        assert float(text.get("x", 0)) + size <= width + 60, text.text
        assert float(text.get("y", 0)) < height, text.text


def test_the_page_shows_all_drawings_and_names_every_part() -> None:
    page = (TOP / "tools/board/electrician.md").read_text()
    assert set(re.findall(r"\]\(wiring-(\w+)\.svg\)", page)) == set(wiring.BOARDS)
    for word in (
        "flyback",
        "fail-secure",
        "fail-safe",
        "escape",
        "fire alarm",
        "second contact",
        "backup",
        "esd",
    ):
        assert word in page.lower(), word


def test_the_electronics_cost_less_than_a_hundred() -> None:
    """The prices on the page, in RMB: the sum that it names is their sum."""
    page = (TOP / "tools/board/electrician.md").read_text().split("## Parts")[1].split("\n## ")[0]
    electronics, _, rest = page.partition("| **all of these** |")
    prices = [int(price) for price in re.findall(r"\| (\d+) \|[^|]*\|$", electronics, re.MULTILINE)]
    assert len(prices) >= 10
    assert sum(prices) == int(rest.split("|")[1])
    assert sum(prices) < 100
