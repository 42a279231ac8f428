"""The tenant's leaflet says what their lock can do, in five languages, and nothing that it cannot."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.phone.leaflet import LANGUAGES, ORDERS, words
from menshen.phone.sheet import sheet

WHOLE = {
    "lock": "front",
    "home": {"host": "hub"},
    "phone": {"page": "https://codes.example/door/", "remote": True},
}


def _orders(page: str) -> set[str]:
    return set(re.findall("PIN\u00a0\\*\u00a0(\\d+)\u00a0#", page))


@pytest.mark.parametrize("language", LANGUAGES)
def test_everything_of_the_pages_help_is_on_it(language: str) -> None:
    page = sheet(language, WHOLE)
    assert f'<html lang="{language}">' in page
    assert _orders(page) == set(ORDERS)
    plain = page.replace("&amp;", "&").replace("&#x27;", "'").replace("&quot;", '"')
    for section in words(language)["leaflet"]:
        rows = [text for row in section.get("rows", ()) for text in row]
        for line in (section["title"], *section.get("text", ()), *rows):
            assert line in plain
    assert "https://codes.example/door/" in page
    assert words(language)["trust"] in plain


@pytest.mark.parametrize(
    ("settings", "missing"),
    [
        ({}, {"6", "60"}),
        ({"reader": {"type": "wiegand"}, "home": {"host": "hub"}}, {"4", "40", "6", "60"}),
        ({"reader": {"type": "none"}}, {"2", "3", "30", "4", "40", "6", "60"}),
    ],
)
def test_what_this_lock_cannot_do_is_left_out(settings: dict, missing: set[str]) -> None:
    for language in LANGUAGES:
        page = sheet(language, settings)
        assert _orders(page) == set(ORDERS) - missing
        assert (words(language)["get1"] in page) == ("4" not in missing)
        assert words(language)["afarWho"] not in page


def test_whoever_can_see_an_opening_from_afar_is_named_where_it_is_on() -> None:
    for language in LANGUAGES:
        assert words(language)["afarWho"][:20] in sheet(language, WHOLE).replace("&#x27;", "'")


def test_a_name_that_is_html_stays_text() -> None:
    assert "<b>" not in sheet("en", {"lock": "<b>"})


def test_the_command_reads_the_settings_that_provisioning_takes(tmp_path: Path) -> None:
    path = tmp_path / "front.json"
    path.write_text(json.dumps(WHOLE))
    done = CliRunner().invoke(main, ["lease", "sheet", "--settings", str(path), "--language", "de"])
    assert (done.exit_code, done.stdout) == (0, sheet("de", WHOLE))
    for wrong in ("[]", "{", ""):
        path.write_text(wrong)
        done = CliRunner().invoke(main, ["lease", "sheet", "--settings", str(path)])
        assert done.exit_code == 2
        assert "a JSON object" in done.output
