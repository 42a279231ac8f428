"""The set-up finds the mirror in the machine's own words, and says plainly why it cannot go on."""

import os
import shutil
import subprocess
import sys
from pathlib import Path

import pytest

from menshen.setup import browser, debian, pins, python_env, step, umqtt
from tests.static.helpers.sources import TOP

DEB822 = """\
# made by an installer
Types: deb deb-src
URIs: https://elsewhere.test/repo
Suites: bookworm
Components: main

Types: deb
URIs: http://mirror.test/debian/
Suites: bookworm
  bookworm-updates
Components: main contrib
Signed-By: /usr/share/keyrings/debian-archive-keyring.gpg

Types: deb
URIs: http://mirror.test/debian-security
Suites: bookworm-security
Components: main
"""


@pytest.fixture
def etc(tmp_path: Path) -> Path:
    (tmp_path / "sources.list.d").mkdir()
    return tmp_path


def test_the_mirror_is_read_from_deb822_sources(etc: Path) -> None:
    (etc / "sources.list.d/debian.sources").write_text(DEB822)
    assert debian.mirror(etc) == "http://mirror.test/debian/"


def test_the_mirror_is_read_from_one_line_sources(etc: Path) -> None:
    (etc / "sources.list").write_text(
        "# deb http://old.test/debian bookworm main\n"
        "deb-src http://source.test/debian bookworm main\n"
        "deb [arch=amd64 signed-by=/k.gpg] http://mirror.test/debian bookworm main # ours\n"
    )
    assert debian.mirror(etc) == "http://mirror.test/debian"


def test_a_disabled_or_foreign_source_is_no_mirror(etc: Path) -> None:
    (etc / "sources.list.d/debian.sources").write_text(
        "Enabled: no\nTypes: deb\nURIs: http://mirror.test/debian\nSuites: stable\nComponents: main\n"
    )
    (etc / "sources.list.d/other.list").write_text("deb http://other.test/linux/debian bookworm stable\n")
    with pytest.raises(debian.UnavailableError, match="no Debian archive"):
        debian.mirror(etc)


def test_every_version_is_exact() -> None:
    for version in {**python_env.PACKAGES, **pins.CONSTRAINTS, **pins.STUBS}.values():
        assert version[0].isdigit()
        assert "*" not in version


def test_the_machines_own_chromium_comes_before_the_one_that_was_fetched(
    tmp_path: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    monkeypatch.setenv("PATH", str(tmp_path))
    assert browser.program() in {None, browser.FOLDER / "bin/chromium"}
    own = tmp_path / "chromium"
    own.write_text("#!/bin/sh\n")
    own.chmod(0o755)
    assert browser.program() == own


@pytest.fixture
def bare_machine(tmp_path: Path) -> Path:
    """A copy of the set-up whose Python parts are done, on a machine with no program but Python."""
    top = tmp_path / "a folder"
    (tmp_path / "bin").mkdir()
    shutil.copytree(TOP / "tools/setup", top / "tools/setup")
    shutil.copy(TOP / "pyproject.toml", top)
    (top / "firmware").mkdir()
    shutil.copy(TOP / "firmware/version.py", top / "firmware")
    for place, mark in (
        (".venv", python_env.VENV_MARK),
        (".venv/project", python_env.project_mark(top)),
        ("build/stubs", python_env.STUBS_MARK),
        ("lib/umqtt", umqtt.MARK),
    ):
        (top / place).mkdir(parents=True)
        step.done(top / place, mark)
    (top / ".venv/bin").mkdir()
    (top / ".venv/bin/python").touch()
    (top / "lib/umqtt/simple.py").touch()
    return top


def _set_up(top: Path, **environment: str) -> subprocess.CompletedProcess:
    variables = {key: value for key, value in os.environ.items() if key != "MICROPYTHON"}
    return subprocess.run(
        [sys.executable, "-m", "tools.setup"],
        cwd=top,
        env={**variables, "PATH": str(top.parent / "bin"), **environment},
        capture_output=True,
        text=True,
        check=False,
    )


def _cannot_go_on(result: subprocess.CompletedProcess, *words: str) -> bool:
    assert result.returncode == 1
    sentences = result.stderr.splitlines()
    assert len(sentences) == 1, result.stderr
    return all(word in sentences[0] for word in words)


def test_one_sentence_says_that_micropython_is_missing(bare_machine: Path) -> None:
    assert _cannot_go_on(_set_up(bare_machine), "micropython 1.24", "apt-get is missing", "MICROPYTHON")


def test_one_sentence_says_that_the_chosen_micropython_is_none(bare_machine: Path) -> None:
    assert _cannot_go_on(_set_up(bare_machine, MICROPYTHON="/bin/false"), "/bin/false")
    assert _cannot_go_on(_set_up(bare_machine, MICROPYTHON="/nowhere"), "/nowhere", "no program")


def test_the_chosen_micropython_is_the_one_that_runs(bare_machine: Path) -> None:
    chosen = bare_machine / "my micropython"
    chosen.write_text('#!/bin/sh\necho 1 99\necho "$@" >> "$0.log"\n')
    chosen.chmod(0o755)
    result = _set_up(bare_machine, MICROPYTHON=str(chosen))
    assert result.returncode == 0, result.stderr
    subprocess.run([bare_machine / "build/toolchain/bin/micropython", "-c", "pass"], check=True)
    assert "-c pass" in (chosen.parent / "my micropython.log").read_text()
