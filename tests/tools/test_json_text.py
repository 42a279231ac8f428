"""What others have written and is no JSON ends no command, however deep its brackets lie."""

from pathlib import Path

import aiomqtt
import pytest

from menshen import json_text
from menshen.errors import InputError
from menshen.operator import link, lock_settings
from menshen.release import publish

DEEP = b"[" * 100_000


def test_json_is_read_as_ever() -> None:
    assert json_text.loads(b'{"a": [1, 2.5, null]}') == {"a": [1, 2.5, None]}


@pytest.mark.parametrize("text", [DEEP, b"", b"{", b"\xff", b"1" * 5000])
def test_whatever_is_wrong_is_a_value_error(text: bytes) -> None:
    with pytest.raises(ValueError):  # noqa: PT011 (whatever it says)
        json_text.loads(text)


def test_what_a_person_has_typed_may_have_a_byte_order_mark() -> None:
    assert json_text.typed(b'\xef\xbb\xbf{"a": 1}\r\n') == {"a": 1}


@pytest.mark.parametrize(
    ("text", "told"),
    [
        (b'{"a": 1, "b": {"c": 1, "c": 2}}', "c is there twice"),
        (b'{"a": -Infinity}', "-Infinity is no number"),
        (b'["\\ud800"]', "half a letter"),
        (b"\xff\xfe{\0}\0", "utf-8"),
    ],
)
def test_what_a_person_has_typed_means_one_thing(text: bytes, told: str) -> None:
    with pytest.raises(ValueError, match=told):
        json_text.typed(text)


@pytest.mark.parametrize(
    "text", ['{"cards": {"plain_uid": false}, "cards": {"plain_uid": true}}', '{"x": NaN}']
)
def test_the_operators_file_learns_nothing_from_settings_that_mean_two_things(
    tmp_path: Path, text: str
) -> None:
    path = tmp_path / "front.json"
    path.write_text(text)
    with pytest.raises(InputError, match=r"twice|no number"):
        lock_settings.known_in("front", path)


def test_the_operators_file_reads_settings_of_any_editor(tmp_path: Path) -> None:
    path = tmp_path / "front.json"
    path.write_bytes('\ufeff{"lock": "front", "wifi": {"ssid": "H\u00f6hle"}}\r\n'.encode())
    assert lock_settings.known_in("front", path) == lock_settings.known_of(
        "front", tmp_path / "front.key", None
    )


def test_a_hostile_broker_ends_no_command_by_it() -> None:
    """A state and an order as deep as that are none."""
    message = aiomqtt.Message("menshen/v1/front/state", DEEP, 1, True, 1, None)
    assert link.said(message) == ("front", "state", {})
    assert publish.number_of("front", bytes(32), b"." + b"W1tb" * 30_000 + b".") == 0


def test_settings_as_deep_as_that_are_refused(tmp_path: Path) -> None:
    path = tmp_path / "front.json"
    path.write_bytes(DEEP)
    with pytest.raises(InputError, match="too deep"):
        lock_settings.read_settings(path)
