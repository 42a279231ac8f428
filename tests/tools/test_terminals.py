"""Whatever the computer's language is, and wherever the output goes, a command says what it says."""

import os
import signal
import subprocess
import sys
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen.operator.answer import Answer
from menshen.operator.store import Store
from tests.conftest import TOP
from tests.tools.helpers.houses import House, new_house

_OLD = {"LC_ALL": "C", "PYTHONUTF8": "0", "PYTHONCOERCECLOCALE": "0", "PYTHONIOENCODING": ""}
"""A computer whose files and terminal are not of UTF-8."""


@pytest.fixture
def house(tmp_path: Path) -> House:
    new_house(tmp_path / "house.db")
    house = House(tmp_path / "house.db", tmp_path)
    house.add_locks("front")
    house.run("lease", "add", "front", "--until", "2030-01-01", "--note", "Zo\u00eb \u9580")
    return house


def _typed(house: House, *words: str, out: int = subprocess.PIPE, **env: str) -> subprocess.CompletedProcess:
    line = [sys.executable, "-m", "menshen", "--file", str(house.address), *words]
    pipes = {"stdout": out, "stderr": subprocess.PIPE, "stdin": subprocess.DEVNULL}
    return subprocess.run(line, cwd=TOP, env={**os.environ, **env}, check=False, timeout=60, **pipes)


@pytest.mark.parametrize("line", ["lease list", "lease list --json", "export", "record"])
@pytest.mark.parametrize(("encoding", "shown"), [("latin-1", False), ("cp1252", False), ("utf-8", True)])
def test_a_letter_that_the_terminal_lacks_ends_nothing(
    house: House, line: str, encoding: str, shown: bool
) -> None:
    done = _typed(house, *line.split(), PYTHONIOENCODING=encoding)
    assert (done.returncode, done.stderr) == (0, b"")
    assert ("\u9580" if shown else "\\u9580") in done.stdout.decode(encoding)


@pytest.mark.parametrize("language", ["en", "de", "es", "zh-Hans", "zh-Hant"])
def test_a_leaflet_is_the_same_on_every_computer(house: House, language: str) -> None:
    line = ("lease", "sheet", "--settings", str(house.folder / "front.json"), "--language", language)
    old = _typed(house, *line, **_OLD | {"PYTHONIOENCODING": "utf-8"})
    assert (old.returncode, old.stderr) == (0, b"")
    assert old.stdout == _typed(house, *line, PYTHONIOENCODING="utf-8").stdout


def test_the_resident_s_page_is_the_same_on_every_computer(house: House) -> None:
    made = [_typed(house, "phone", "--out", str(house.folder / "page"), **env) for env in (_OLD, {})]
    assert [done.returncode for done in made] == [0, 0]
    assert made[0].stdout == made[1].stdout


@pytest.mark.parametrize("json", [(), ("--json",)])
def test_what_was_done_and_not_shown_is_not_done_twice(house: House, json: tuple[str, ...]) -> None:
    """A full disk, or a program that does not listen: the lease is there, and its code can be made anew."""
    with Path("/dev/full").open("wb") as full:
        line = ("lease", "add", "front", "--until", "2030-01-01", "--note", "two", *json)
        done = _typed(house, *line, out=full.fileno())
    assert done.returncode == 1
    assert b"it was done, and is on the record" in done.stderr
    assert b"No space left" in done.stderr
    assert "two" in house.run("lease", "list")


def test_what_changes_nothing_is_not_called_done(house: House) -> None:
    with Path("/dev/full").open("wb") as full:
        done = _typed(house, "lease", "list", out=full.fileno())
    assert (done.returncode, done.stderr) == (1, b"Error: No space left on device\n")


def test_ctrl_c_comes_before_a_change_or_after_it_was_told(
    house: House, monkeypatch: pytest.MonkeyPatch
) -> None:
    """Where it comes between, there would be a lease whose code nobody has seen, called aborted."""
    keep, show = Store.note, Answer.show
    before = signal.signal(signal.SIGINT, signal.default_int_handler)  # a shell's `&` has it ignored

    def pressed_at(method: Callable) -> Callable:
        def pressing(*arguments: object) -> object:
            signal.raise_signal(signal.SIGINT)
            return method(*arguments)

        return pressing

    line = ("lease", "add", "front", "--until", "2030-01-01", "--note")
    monkeypatch.setattr(Answer, "show", pressed_at(show))
    assert "move-in code" in house.run(*line, "after")
    monkeypatch.setattr(Answer, "show", show)
    monkeypatch.setattr(Store, "note", pressed_at(keep))
    house.refused(1, "Aborted!", *line, "before")
    monkeypatch.setattr(Store, "note", keep)
    leases = house.run("lease", "list")
    assert ("after" in leases, "before" in leases) == (True, False)
    assert signal.signal(signal.SIGINT, before) is signal.default_int_handler
