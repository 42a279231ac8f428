"""The resident's page as it is built: small, whole, the same each time, and complete in each language."""

import json
import re

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.phone import build
from menshen.phone.leaflet import LANGUAGES, ORDERS, WORDS, words
from tests.static.helpers.sources import FIRMWARE

ENGLISH = json.loads((WORDS / "en.json").read_text())
PAGE = build.files()["index.html"].decode()


def _shape(value: object) -> object:
    """What two languages have to have alike: names, the number of things in a list, and {places}."""
    if isinstance(value, dict):
        return {name: _shape(part) for name, part in value.items()}
    if isinstance(value, list):
        return [_shape(part) for part in value]
    return sorted(re.findall(r"\{\w+\}", str(value)))


@pytest.mark.parametrize("language", LANGUAGES)
def test_each_language_is_complete(language: str) -> None:
    there = json.loads((WORDS / f"{language}.json").read_text())
    assert _shape(there) == _shape(ENGLISH)
    assert all(there.values())


def test_there_is_no_other_language() -> None:
    assert {path.stem for path in WORDS.iterdir()} == set(LANGUAGES)


@pytest.mark.parametrize("language", [one for one in LANGUAGES if one != "en"])
def test_nothing_was_left_in_english(language: str) -> None:
    there = json.loads((WORDS / f"{language}.json").read_text())
    same = [name for name, text in there.items() if text == ENGLISH[name]]
    assert set(same) <= {"no"}, "the same words as in English"


def test_every_word_is_used_and_every_used_word_is_there() -> None:
    source = "".join((build.HERE / name).read_text() for name in (*build.MODULES, "index.html", "sheet.py"))
    assert [name for name in ENGLISH if not re.search(rf"\b{name}\b", source)] == []
    used = re.findall(r'data-say="(\w+)"|(?:say|note|button|isSure)\("(\w+)"', source)
    assert {name for pair in used for name in pair if name} - set(ENGLISH) == set()


def test_the_leaflet_has_the_orders_of_this_release() -> None:
    orders = re.search(r'_ORDERS = b"([\d ]+)"', (FIRMWARE / "access/gate.py").read_text())
    assert orders is not None
    assert set(ORDERS) == set(orders[1].split()) - {"0"}  # that one is of staff
    for language in LANGUAGES:
        rows = [section["rows"] for section in words(language)["leaflet"] if "rows" in section]
        assert [label for label, _ in rows[0]] == [f"PIN\u00a0*\u00a0{order}\u00a0#" for order in ORDERS]


def test_the_leaflet_has_every_colour_of_the_light() -> None:
    source = (FIRMWARE / "door/signals.py").read_text()
    colours = set(re.findall(r"^([A-Z_]+) = 0x", source, re.MULTILINE))
    for language in LANGUAGES:
        rows = [section["rows"] for section in words(language)["leaflet"] if "rows" in section]
        assert len({colour for colour, _ in rows[1]}) == len(rows[1]) == len(colours)


def test_the_whole_page_is_below_100_kb() -> None:
    sizes = {name: len(data) for name, data in build.files().items()}
    print(f"the page: {sum(sizes.values())} bytes, {sizes}")
    assert sum(sizes.values()) < 100_000


def test_it_is_the_same_each_time_and_its_hash_is_printed(tmp_path) -> None:
    done = [CliRunner().invoke(main, ["phone", "--out", str(tmp_path / name)]) for name in "ab"]
    for one in done:
        assert one.exit_code == 0
        assert f"{build.hash_of(PAGE.encode())}  index.html" in one.output
    assert {path.name for path in (tmp_path / "a").iterdir()} == set(build.files())
    for path in (tmp_path / "a").iterdir():
        assert path.read_bytes() == (tmp_path / "b" / path.name).read_bytes()


def test_the_policy_has_no_exceptions() -> None:
    policy = re.search(r'http-equiv="Content-Security-Policy" content="([^"]+)"', PAGE)
    assert policy is not None
    assert policy[1].startswith("default-src 'none'; script-src 'sha256-")
    assert "unsafe" not in policy[1]
    assert "connect-src" not in policy[1]
    assert not re.search(r"https?:|\*", policy[1])


def test_a_page_with_a_broker_may_connect_to_that_one_alone(tmp_path) -> None:
    address = "wss://mqtt.example.org:8884/mqtt"
    done = CliRunner().invoke(main, ["phone", "--out", str(tmp_path), "--broker", address])
    assert done.exit_code == 0
    page = (tmp_path / "index.html").read_text()
    assert re.findall(r"connect-src ([^;]+);", page) == [address]
    for wrong in (
        "ws://a/",
        "wss://a b",
        "wss://",
        "wss://a/;script-src *",
        "https://a/",
        "wss://a/#x",
        "wss://a'",
    ):
        done = CliRunner().invoke(main, ["phone", "--out", str(tmp_path), "--broker", wrong])
        assert done.exit_code == 2
        assert "wss://mqtt.example.org:8884/mqtt is right" in done.output


def test_nothing_is_fetched_from_anybody() -> None:
    links = set(re.findall(r'(?:src|href)="([^"]+)"', PAGE))
    assert {link for link in links if not link.startswith("data:")} == {"manifest.webmanifest"}
    assert not re.search(r"\b(fetch|XMLHttpRequest|sendBeacon|EventSource|eval)\(", PAGE)
    assert PAGE.count("new WebSocket(") == 1  # and the policy allows none


def test_two_modules_with_one_name_are_refused(monkeypatch: pytest.MonkeyPatch) -> None:
    monkeypatch.setattr(build, "MODULES", (*build.MODULES, "codes.js"))
    with pytest.raises(build.PhoneError, match=r"is in codes\.js and in codes\.js"):
        build.script()


def test_a_page_that_grows_too_big_is_refused(monkeypatch: pytest.MonkeyPatch, tmp_path) -> None:
    monkeypatch.setattr(build, "BYTES_MAX", 10_000)
    with pytest.raises(build.PhoneError, match="and may have 10000"):
        build.build(tmp_path)
