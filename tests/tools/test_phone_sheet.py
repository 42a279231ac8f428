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
        ({"reader": {"type": "wiegand"}, "home": {"host": "hub"}}, {"4", "40", "6", "60", "8", "80"}),
        ({"reader": {"type": "none"}}, {"2", "3", "30", "4", "40", "6", "60", "8", "80"}),
    ],
)
def test_what_this_lock_cannot_do_is_left_out(settings: dict, missing: set[str]) -> None:
    for language in LANGUAGES:
        page = sheet(language, settings)
        assert _orders(page) == set(ORDERS) - missing
        assert (words(language)["get1"] in page) == ("4" not in missing)
        assert words(language)["afarWho"] not in page


@pytest.mark.parametrize(
    ("settings", "digits"),
    [({}, "6"), ({"door": {"shared": True}}, "8"), ({"pin": {"shortest": 4}, "door": {"shared": True}}, "4")],
)
def test_it_says_how_long_a_pin_has_to_be(settings: dict, digits: str) -> None:
    for language in LANGUAGES:
        assert words(language)["pinLength"].format(least=digits) in sheet(language, settings)


@pytest.mark.parametrize(
    ("settings", "dark"),
    [
        ({}, set()),
        ({"door": {"contact": False}}, {"yellow"}),
        ({"reader": {"type": "wiegand"}}, {"olive"}),
        ({"reader": {"type": "none"}, "door": {"contact": False}}, {"olive", "yellow"}),
    ],
)
def test_a_colour_that_this_lock_never_shows_is_left_out(settings: dict, dark: set[str]) -> None:
    english = [colour for colour, _ in words("en")["leaflet"][2]["rows"]]
    for language in LANGUAGES:
        page, rows = sheet(language, settings), words(language)["leaflet"][2]["rows"]
        heads = {
            name for name, (colour, _) in zip(english, rows, strict=True) if f">{colour}</th>" not in page
        }
        assert heads == dark


def test_home_assistant_of_the_house_is_named_where_it_reads_the_lock() -> None:
    for language in LANGUAGES:
        told = words(language)["readHome"][:20].replace("'", "&#x27;")
        assert told in sheet(language, {"homeassistant": True})
        assert told not in sheet(language, {})


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
        assert "one JSON object" in done.output


def test_a_pdf_needs_a_chromium_and_says_so(tmp_path: Path, monkeypatch: pytest.MonkeyPatch) -> None:
    path = tmp_path / "front.json"
    path.write_text(json.dumps(WHOLE))
    monkeypatch.setenv("PATH", str(tmp_path))
    line = ["lease", "sheet", "--settings", str(path), "--pdf", str(tmp_path / "leaflet.pdf")]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert "no Chromium on the PATH" in done.output
    assert not (tmp_path / "leaflet.pdf").exists()


@pytest.mark.parametrize("ends", ["exit 0", "echo no display >&2; exit 3"])
def test_a_chromium_that_makes_no_pdf_is_told_of(
    ends: str, tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    path = tmp_path / "front.json"
    path.write_text(json.dumps(WHOLE))
    (tmp_path / "chromium").write_text(f"#!/bin/sh\n{ends}\n")
    (tmp_path / "chromium").chmod(0o755)
    monkeypatch.setenv("PATH", str(tmp_path))
    line = ["lease", "sheet", "--settings", str(path), "--pdf", str(tmp_path / "leaflet.pdf")]
    done = CliRunner().invoke(main, line)
    assert done.exit_code == 1
    assert "chromium made no PDF" in done.output
    assert ("no display" in done.output) == ("display" in ends)
