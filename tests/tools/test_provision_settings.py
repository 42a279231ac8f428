"""The installer's settings file is looked at before the board is, and as the board would."""

import contextlib
import hashlib
import json
import re
from pathlib import Path

import pytest

from menshen.board import provision
from menshen.operator.certificates import Authority
from tests.settings_rows import settings_rows


@pytest.mark.parametrize(
    ("text", "reason"),
    [
        ("{", "cannot be read as JSON"),
        ("[]", "must be one JSON object"),
        ('{"lock": "front", "relay": {"seconds": 5}, "relay": {"unlock_level": 0}}', "relay is there twice"),
        ('{"lock": "front", "relay": {"seconds": 5, "seconds": 6}}', "seconds is there twice"),
        ('{"lock": "front", "relay": {"seconds": NaN}}', "NaN is no number"),
        ('{"lock": "a b"}', "lock must be 1 to 32 letters"),
        ('{"lock": "front", "key": "00"}', "leave it out, it is made here"),
    ],
)
def test_a_wrong_settings_file_is_named(tmp_path: Path, text: str, reason: str) -> None:
    (tmp_path / "s.json").write_text(text)
    with pytest.raises(provision.ProvisionError, match=reason):
        provision.read_settings(tmp_path / "s.json")


def test_a_settings_file_is_utf_8_and_has_no_half_of_a_letter(tmp_path: Path) -> None:
    path = tmp_path / "s.json"
    path.write_bytes('{"lock": "front", "wifi": {"ssid": "Müller \U0001f600"}}'.encode())
    assert provision.read_settings(path)["wifi"]["ssid"] == "Müller \U0001f600"
    for wrong in (
        b'{"lock": "front", "wifi": {"ssid": "\\ud83d"}}',
        b'{"lock": "front", "wifi": {"ssid": "\xff"}}',
    ):
        path.write_bytes(wrong)
        with pytest.raises(provision.ProvisionError, match="cannot be read as JSON"):
            provision.read_settings(path)


@pytest.mark.parametrize("sign", ["\n", "\r\n", "\t", "\0", "\x7f", "\x85"])
def test_a_line_break_that_was_copied_along_is_named(tmp_path: Path, sign: str) -> None:
    path = tmp_path / "s.json"
    good = {
        "lock": "front",
        "wifi": {"ssid": " the house ", "password": "no\u00a0secret"},
        "network": {"dns": ["192.0.2.1"]},
    }
    path.write_text(json.dumps(good))
    assert provision.read_settings(path) == good
    for group, field, value in (
        ("wifi", "ssid", sign + "house"),
        ("wifi", "password", "no secret" + sign),
        ("home", "user", f"a{sign}b"),
    ):
        path.write_text(json.dumps(good | {group: {field: value}}))
        with pytest.raises(provision.ProvisionError, match=rf"{group}\.{field} has a line break or another"):
            provision.read_settings(path)


def test_a_settings_file_may_begin_with_the_mark_of_utf_8(tmp_path: Path) -> None:
    (tmp_path / "s.json").write_bytes(b"\xef\xbb\xbf" + b'{"lock": "front"}')
    assert provision.read_settings(tmp_path / "s.json") == {"lock": "front"}


@pytest.mark.parametrize("name", ["a", "-_9Z", "x" * 32, "x" * 33, "", "a b", "a/b", "a.b", "ä", "a\n"])
def test_a_lock_is_named_here_as_the_lock_has_it(tmp_path: Path, name: str) -> None:
    """The one check that is made before the board is asked is the board's own."""
    (row,) = [row for row in settings_rows().values() if row[0] == "lock"]
    assert row[2:] == ("label", 32)
    is_right = 0 < len(name) <= row[3] and all(c.isascii() and (c.isalnum() or c in "-_") for c in name)
    (tmp_path / "s.json").write_text(json.dumps({"lock": name}))
    with (
        contextlib.nullcontext()
        if is_right
        else pytest.raises(provision.ProvisionError, match="lock must be")
    ):
        provision.read_settings(tmp_path / "s.json")


def test_tls_is_asked_for_where_the_lock_would_use_it() -> None:
    (row,) = [row for row in settings_rows().values() if row[0] == "broker.tls"]
    assert row[1] is True
    with pytest.raises(provision.ProvisionError):
        provision.prepare({"lock": "front", "broker": {}}, None)
    provision.prepare({"lock": "front", "broker": {"tls": False}}, None)


def test_tls_without_an_authority_is_refused() -> None:
    with pytest.raises(provision.ProvisionError, match=re.escape("give --authority (AUTHORITY=)")):
        provision.prepare({"lock": "front", "broker": {"host": "b"}}, None)


def _certificate(tmp_path: Path, days: float = 30) -> tuple[Path, str]:
    """A tenant's certificate in a file, and its SHA-256."""
    pair = Authority.in_memory("A tenant").issue("hub", hosts=["hub.example"], server=True, days=days)
    path = tmp_path / "hub.crt.pem"
    path.write_bytes(pair.certificate_pem)
    return path, hashlib.sha256(pair.certificate_der).hexdigest()


def _at_home(path: Path | None, **home: object) -> provision.Lock:
    settings = {
        "lock": "front",
        "board": "s3",
        "broker": {"tls": False},
        "home": {"host": "hub.example", **home},
    }
    return provision.prepare(settings, None, home=path)


def test_the_certificate_that_the_settings_name_goes_to_the_board(tmp_path: Path) -> None:
    path, sha256 = _certificate(tmp_path)
    data = _at_home(path, certificate=sha256).files["/tls/home.crt.der"]
    assert hashlib.sha256(data).hexdigest() == sha256
    (tmp_path / "hub.der").write_bytes(data)
    assert _at_home(tmp_path / "hub.der", certificate=sha256).files["/tls/home.crt.der"] == data
    assert list(_at_home(None).files) == ["/config.json"]


def test_settings_and_certificate_have_to_agree_and_the_right_number_is_said(tmp_path: Path) -> None:
    path, sha256 = _certificate(tmp_path)
    for home, said in (({}, "names none"), ({"certificate": "ab" * 32}, "names another")):
        with pytest.raises(provision.ProvisionError, match=f'{said}; of this one it is "{sha256}"'):
            _at_home(path, **home)
    with pytest.raises(provision.ProvisionError, match="give --home-certificate"):
        _at_home(None, certificate=sha256)
    (tmp_path / "none.pem").write_text("no certificate")
    with pytest.raises(provision.ProvisionError, match="no certificate in PEM or DER"):
        _at_home(tmp_path / "none.pem", certificate=sha256)
    path, sha256 = _certificate(tmp_path, -0.5)
    with pytest.raises(provision.ProvisionError, match="it has ended on"):
        _at_home(path, certificate=sha256)
