"""The operator's implementation of guest codes against the published vectors, and its command."""

import datetime as dt
import json
import os
from pathlib import Path

import pytest
from click.testing import CliRunner

from menshen.cli.main import main
from menshen.operator.guest import GuestError, complete, duration_class, make_code
from tests.conftest import TOP

VECTORS = json.loads((TOP / "tests/vectors/guest_codes.json").read_text())["vectors"]
OLD_VECTORS = json.loads((TOP / "tests/vectors/guest_codes_v1.json").read_text())["vectors"]
KEY = "000102030405060708090a0b0c0d8c70"
OLD_KEY = "000102030405060708090a0b0c0d0e0f"
CODE_FOR_ONE_ENTRY = "680 648 567 436\n"
_BERLIN = ("--once", "--zone", "Europe/Berlin", "--start")
START = dt.datetime(2026, 12, 24, 18, tzinfo=dt.UTC)


def _duration(text: str) -> dt.timedelta | None:
    if text == "once":
        return None
    number, unit = text.removeprefix("once in ").split()
    return dt.timedelta(hours=int(number)) if unit == "h" else dt.timedelta(days=int(number))


def _guest(*arguments: str, key: str | None = KEY):
    return CliRunner().invoke(main, ["guest", *arguments], input=key)


@pytest.mark.parametrize("vector", VECTORS, ids=lambda v: f"{v['start']} {v['duration']}")
def test_published_vectors(vector: dict) -> None:
    key, start = bytes.fromhex(vector["key"]), dt.datetime.fromisoformat(vector["start"])
    duration, once = _duration(vector["duration"]), vector["once"]
    assert complete(key) == key
    assert duration_class(duration, once) == vector["duration_class"]
    assert start.timestamp() == vector["start_half_hour"] * 1800
    assert (start + duration).timestamp() == vector["ends"]
    assert make_code(key, start, duration, once) == vector["code"]
    # The sum by hand, as the README has it.
    value = int(vector["mac"], 16) % 41_666_666
    number = value * 24_000 + vector["start_half_hour"] % 1500 * 16 + vector["duration_class"]
    assert f"{number:012}" == vector["code"]


@pytest.mark.parametrize("vector", OLD_VECTORS, ids=lambda v: f"{v['start']} {v['duration']}")
def test_published_vectors_of_the_old_format(vector: dict) -> None:
    start, duration = dt.datetime.fromisoformat(vector["start"]), _duration(vector["duration"])
    assert duration_class(duration) == vector["duration_class"]
    assert start.timestamp() == vector["start_hour"] * 3600
    assert make_code(bytes.fromhex(vector["key"]), start, duration) == vector["code"]
    value = int(vector["mac"], 16) % 9_615_384
    number = value * 104 + vector["start_hour"] % 8 * 13 + vector["duration_class"]
    assert f"{number:09}" == vector["code"]


def test_the_vectors_have_every_duration_and_leading_zeros() -> None:
    assert {vector["duration_class"] for vector in VECTORS} == set(range(16))
    assert {vector["duration_class"] for vector in OLD_VECTORS} == set(range(13))
    for vectors in (VECTORS, OLD_VECTORS):
        assert any(vector["code"].startswith("00") for vector in vectors)


def test_the_command_prints_the_code_and_when_it_is_good() -> None:
    done = _guest("--start", "2026-12-24T18:00", "--zone", "UTC", "--hours", "4")
    assert (done.exit_code, done.stdout) == (0, "736 341 743 426\n")
    assert done.stderr == "good from 24 Dec 2026 18:00 UTC, opens until 24 Dec 2026 22:00 UTC\n"
    done = _guest("--start", "2026-12-24T18:00", "--zone", "UTC", "--once")
    assert done.stdout == CODE_FOR_ONE_ENTRY
    assert done.stderr == "good from 24 Dec 2026 18:00 UTC, opens once before 25 Dec 2026 02:00 UTC\n"
    done = _guest("--start", "2026-12-24T18:00", "--zone", "UTC", "--once", "--days", "7")
    assert done.stderr == "good from 24 Dec 2026 18:00 UTC, opens once before 31 Dec 2026 18:00 UTC\n"


def test_an_old_key_gives_nine_digits() -> None:
    old = ("--start", "2026-12-24T18:00", "--zone", "UTC")
    done = _guest(*old, "--hours", "4", key=OLD_KEY)
    assert (done.exit_code, done.stdout) == (0, "014 172 316\n")
    assert "an old key: good from" in done.stderr
    assert "before 24 Dec 2026 22:00 UTC, opens until 24 Dec 2026 22:00 UTC" in done.stderr
    done = _guest(*old, "--once", key=OLD_KEY)
    assert done.stdout == "851 008 222\n"
    assert "opens once" in done.stderr
    assert "8 hours: this key is an old one" in _guest(*old, "--once", "--days", "7", key=OLD_KEY).output
    half = _guest("--start", "2026-12-24T18:30Z", "--hours", "4", key=OLD_KEY)
    assert "a full hour of UTC; 2026-12-24T18:00 is right" in half.output


def test_a_cleaners_tuesdays_are_made_at_once_by_the_clock_on_the_wall() -> None:
    berlin = ("--zone", "Europe/Berlin", "--hours", "2")
    done = _guest("--start", "2027-03-16T09:30", *berlin, "--weeks", "3")
    alone = [_guest("--start", f"2027-03-{day}T09:30", *berlin) for day in (16, 23, 30)]
    assert done.stdout == "".join(one.stdout for one in alone)
    assert "30 Mar 2027 09:30 CEST" in done.stderr
    assert len(set(done.stdout.splitlines())) == 3


def test_the_start_is_local_time_and_days_may_have_23_hours() -> None:
    berlin = ("--zone", "Europe/Berlin")
    assert _guest("--start", "2026-12-24T19:00", *berlin, "--hours", "4").stdout == "736 341 743 426\n"
    done = _guest("--start", "2027-03-27T12:00", *berlin, "--days", "1")
    assert "opens until 28 Mar 2027 13:00 CEST" in done.stderr


def test_the_key_comes_from_a_file_too(tmp_path: Path) -> None:
    path = tmp_path / "guest.key"
    path.write_text(KEY.upper() + "\n")
    done = _guest("--key", str(path), "--start", "2026-12-24T18:00Z", "--hours", "4", key=None)
    assert done.stdout == "736 341 743 426\n"


def test_the_key_may_come_from_an_editor_that_marks_its_files(tmp_path: Path) -> None:
    path = tmp_path / "guest.key"
    path.write_bytes(f"\ufeff{KEY}\r\n".encode())
    done = _guest("--key", str(path), "--start", "2026-12-24T18:00Z", "--hours", "4", key=None)
    assert done.stdout == "736 341 743 426\n"


def test_a_time_that_the_clocks_show_twice_is_the_first_of_them() -> None:
    done = _guest("--start", "2026-10-25T02:30", "--zone", "Europe/Berlin", "--hours", "1")
    assert "good from 25 Oct 2026 02:30 CEST" in done.stderr


def test_the_key_is_taken_as_the_phone_shows_it() -> None:
    groups = " ".join(KEY[i : i + 4] for i in range(0, 32, 4))
    for shown in (f"Menshen guest key of demo: {groups}", f"Menshen guest key of 12ab-cd_ef: {groups}\n"):
        done = _guest("--start", "2026-12-24T18:00Z", "--hours", "4", key=shown)
        assert done.stdout == "736 341 743 426\n"


def test_without_a_start_it_is_this_half_hour() -> None:
    before = dt.datetime.now(dt.UTC)
    code = _guest("--days", "3").stdout.replace(" ", "").strip()
    hours = {
        at.replace(minute=at.minute // 30 * 30, second=0, microsecond=0)
        for at in (before, dt.datetime.now(dt.UTC))
    }
    assert code in {make_code(bytes.fromhex(KEY), at, dt.timedelta(days=3)) for at in hours}


@pytest.mark.parametrize(
    ("arguments", "key", "said"),
    [
        (["--hours", "4"], "12", "the key must be 32 hexadecimal digits"),
        (["--hours", "4"], "é" * 32, "the key must be 32 hexadecimal digits"),
        (["--hours", "4"], f"Menshen guest key of x: {KEY}00", "the key must be 32 hexadecimal digits"),
        (["--hours", "3"], KEY, "'3' is not one of '1', '2', '4', '8', '12'"),
        (["--days", "4"], KEY, "'4' is not one of"),
        ([], KEY, "one of --hours and --days, or --once"),
        (["--hours", "4", "--days", "1"], KEY, "one of --hours and --days, or --once"),
        (["--hours", "4", "--once"], KEY, "8 hours or 1, 7 or 30 days"),
        (["--once", "--weeks", "0"], KEY, "1<=x<=60"),
        (["--once", "--start", "2026-12-24T18:40Z"], KEY, "half hour of UTC; 2026-12-24T18:30 is right"),
        (["--once", "--start", "tomorrow"], KEY, "2026-12-24T18:00 is right"),
        (["--once", "--zone", "Berlin"], KEY, "a name such as Europe/Berlin is right"),
        (["--once", "--zone", "../etc"], KEY, "a name such as Europe/Berlin is right"),
        (["--once", "--zone", "Europe"], KEY, "a name such as Europe/Berlin is right"),
        (["--once", "--start", "1969-12-31T00:00Z"], KEY, "years from 2000 to 2105"),
        ([*_BERLIN, "0001-01-01T00:00"], KEY, "years from 2000"),
        (["--once", "--start", "9999-12-31T23:30", "--zone", "America/New_York"], KEY, "years from 2000"),
        (
            ["--once", "--start", "2027-03-28T02:30", "--zone", "Europe/Berlin"],
            KEY,
            "2027-03-28T03:30 is right",
        ),
        (
            ["--once", "--start", "2027-03-28T02:00", "--zone", "Europe/Berlin"],
            KEY,
            "no clock shows that time",
        ),
    ],
)
def test_bad_input_is_named(arguments: list[str], key: str, said: str) -> None:
    done = _guest(*arguments, key=key)
    assert done.exit_code != 0
    assert said in done.output
    assert key not in done.output


def test_a_key_that_is_no_text_is_named(tmp_path: Path) -> None:
    (tmp_path / "key").write_bytes(os.urandom(8) + b"\xff" * 8)
    assert "32 hexadecimal digits" in _guest("--key", str(tmp_path / "key"), "--once").output


def test_no_code_is_made_of_a_wrong_key_or_duration() -> None:
    with pytest.raises(GuestError, match="16 bytes"):
        make_code(bytes(15), START, None)
    with pytest.raises(GuestError, match="1, 2, 4, 8 or 12 hours or 1, 2, 3, 5, 7, 14 or 30 days"):
        make_code(bytes(16), START, dt.timedelta(hours=5))
