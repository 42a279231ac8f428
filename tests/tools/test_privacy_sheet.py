"""The privacy sheet says what the settings and the file say, in each language alike."""

import json
import re
from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.operator import mailbox
from menshen.privacy.sheet import DAYS, LAWS, Facts, sheet
from menshen.privacy.texts import LANGUAGES, texts

ONLINE = {
    "lock": "front",
    "time": {"zone": "CET-1CEST,M3.5.0,M10.5.0/3"},
    "wifi": {"ssid": "house"},
    "broker": {"host": "mqtt.example.org"},
}
_PLACE, _CODE = re.compile(r"\{(\w+)\}"), re.compile(r"`([^`]+)`")


def test_every_language_has_every_sentence_with_the_same_places() -> None:
    english = texts("en")
    for language in LANGUAGES:
        said = texts(language)
        assert list(said) == list(english), language
        for name, text in said.items():
            assert text.strip(), (language, name)
            assert sorted(_PLACE.findall(text)) == sorted(_PLACE.findall(english[name])), (language, name)
            assert sorted(_CODE.findall(text)) == sorted(_CODE.findall(english[name])), (language, name)
            assert text.startswith("## ") == english[name].startswith("## "), (language, name)


def test_the_days_are_those_of_the_operators_file() -> None:
    assert mailbox._KEPT_S == DAYS * 86_400
    assert DAYS <= 90, "New York's law"


@pytest.mark.parametrize("language", LANGUAGES)
@pytest.mark.parametrize(
    ("setting", "sentence"),
    [
        ({"cards": {"plain_uid": True}}, "plain_cards"),
        ({"homeassistant": True}, "homeassistant"),
        ({"home": {"host": "192.0.2.9"}}, "home"),
    ],
)
def test_a_sentence_is_there_where_the_setting_is_on_and_only_there(
    language: str, setting: dict, sentence: str
) -> None:
    said = texts(language)[sentence]
    assert said in sheet(Facts("front", "A. Li", {**ONLINE, **setting}), language)
    assert said not in sheet(Facts("front", "A. Li", ONLINE), language)


@pytest.mark.parametrize("language", LANGUAGES)
def test_what_is_sent_is_told_with_its_place_and_time_and_nothing_without_a_network(language: str) -> None:
    online = sheet(Facts("front", "A. Li", ONLINE, "broker.example:8883"), language)
    assert "broker.example:8883" in online
    assert str(DAYS) in online
    for settings in ({"lock": "front"}, {**ONLINE, "wifi": {}}, {**ONLINE, "broker": None}):
        offline = sheet(Facts("front", "A. Li", settings), language)
        assert texts(language)["no_network"] in offline
        assert "HMAC" in offline
    without = sheet(Facts("front", "A. Li", {**ONLINE, "door": {"contact": False}}), language)
    assert texts(language)["alarm_names"] not in without


def test_each_law_is_named_and_can_be_chosen() -> None:
    whole = sheet(Facts("front", "A. Li", ONLINE), "en")
    for words in ("GDPR, article 13", "Article 25", "Tenant Data Privacy Act", "SB 5937"):
        assert words in whole
    assert "New York" not in sheet(Facts("front", "A. Li", ONLINE, laws=("gdpr",)), "en")
    assert set(LAWS) <= set(texts("en"))


def test_the_command_takes_staff_and_broker_from_the_file(tmp_path: Path) -> None:
    def run(*line: str, status: int = 0) -> str:
        done = CliRunner().invoke(main, ["--file", str(tmp_path / "house.db"), *line])
        assert done.exit_code == status, done.output
        return done.output

    (tmp_path / "front.key").write_bytes(bytes(32))
    settings = tmp_path / "front.json"
    settings.write_text(json.dumps({**ONLINE, "cards": {"plain_uid": True}}))
    run("init", "--zone", "Europe/Berlin", "--broker", "none", "--seal", "key")
    run("lock", "add", "front", "--key-file", str(tmp_path / "front.key"))
    run("lock", "rename", "front", "Front door")
    hours = "mon-fri 08:00-17:00"
    run("staff", "add", "front", "Anna", "--card", "04a1b2c3d4e5f6", "--hours", hours)
    line = ("privacy", "sheet", "front", "--settings", str(settings), "--landlord", "A. Li, 1 House St.")
    said = run(*line, "--language", "de")
    for words in ("Front door", "A. Li, 1 House St.", f"Anna: {hours}", "mqtt.example.org"):
        assert words in said
    assert json.loads(run(*line, "--json"))["language"] == "en"
    settings.write_text(json.dumps({**ONLINE, "lock": "back"}))
    assert "of the lock back, and not of front" in run(*line, status=2)
