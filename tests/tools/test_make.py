"""What is typed behind `make` reaches the command as it is, `$` and quotation marks too."""

import subprocess
from pathlib import Path

import pytest

from tests.conftest import TOP

_ECHO = '#!/bin/sh\nfor each in "$@"; do printf \'%s\\n\' "$each"; done\n'


def make(folder: Path, *line: str) -> subprocess.CompletedProcess[str]:
    """Run make with a `menshen` that writes down its arguments, one a line."""
    (folder / "menshen").write_text(_ECHO)
    (folder / "menshen").chmod(0o700)
    return subprocess.run(
        ["make", "-o", "setup", f"MENSHEN={folder}/menshen", *line],
        cwd=TOP,
        capture_output=True,
        text=True,
        check=False,
    )


@pytest.mark.parametrize("word", ["Anna $mith", "$(HOME)", "$$", "${PATH}", "it's", 'a "b"', "a\\b", "`id`"])
def test_a_value_is_one_word_whatever_is_in_it(tmp_path: Path, word: str) -> None:
    done = make(tmp_path, "image", f"BASE={word}", f"TRUST={word}.pub.pem")
    assert done.stdout.splitlines() == ["board", "image", "--base", word, "--trust", f"{word}.pub.pem"]
    done = make(
        tmp_path,
        "provision",
        f"PORT={word}",
        f"SETTINGS={word}",
        f"AUTHORITY={word}",
        "FORCE=1",
        f"HOME_CERTIFICATE={word}",
    )
    told = ["board", "provision", "--port", word, "--settings", word, "--authority", word]
    told += ["--home-certificate", word, "--force"]
    assert done.stdout.splitlines() == told
    done = make(tmp_path, "publish", f"RELEASE={word}", f"BROKER={word}")
    assert done.stdout.splitlines() == ["release", "publish", "--release", word, "--broker", word]
    done = make(tmp_path, "phone", f"BROKER={word}", f"ARGS=--out '{word}'" if "'" not in word else "ARGS=")
    assert done.stdout.splitlines()[:3] == ["phone", "--broker", word]
    assert done.stdout.splitlines()[3:] in (["--out", word], [])
    done = make(tmp_path, "release", f"KEY={word}", f"IMAGE={word}")
    assert done.stdout.splitlines() == ["release", "build", "--key", word, "--image", word]


def test_options_are_taken_apart_by_the_shell_alone(tmp_path: Path) -> None:
    done = make(tmp_path, "operator", r"""ARGS=staff add front 'Anna $mith' --note "a \$b" --x=$$(HOME""")
    assert done.returncode, "the shell is told of what is no shell's line"
    done = make(tmp_path, "operator", r"""ARGS=staff add front 'Anna $mith' --note "a \$b" '$(x)'""")
    assert done.stdout.splitlines() == ["staff", "add", "front", "Anna $mith", "--note", "a $b", "$(x)"]


@pytest.mark.parametrize(
    ("task", "said"),
    [
        ("image", "BASE=ESP32_GENERIC-OTA-....bin"),
        ("flash", "PORT=/dev/ttyUSB0 names the board"),
        ("provision", "PORT=/dev/ttyUSB0"),
        ("release", "KEY=file.pem"),
        ("publish", "RELEASE=build/release/<version> is the folder of a release"),
    ],
)
def test_what_is_missing_is_named_before_anything_runs(tmp_path: Path, task: str, said: str) -> None:
    done = make(tmp_path, task)
    assert (done.returncode, done.stdout) == (2, "")
    assert said in done.stderr
