"""What all steps of the set-up share: say, run, and remember what is done."""

import contextlib
import fcntl
import hashlib
import json
import os
import shutil
import subprocess
import tempfile
from collections.abc import Iterator, Mapping, Sequence
from pathlib import Path

TOP = Path(__file__).resolve().parents[2]
BUILD = TOP / "build"
VENV = TOP / ".venv"
LOG = BUILD / "setup.log"

_STAMP = "menshen.stamp"
_SCRATCH = "setup-"


class CannotGoOnError(Exception):
    """The set-up has to stop; the message is one plain sentence for the person at the keyboard."""


def say(message: str) -> None:
    """Tell the person at the keyboard."""
    print(f"setup: {message}", flush=True)


@contextlib.contextmanager
def alone() -> Iterator[None]:
    """Let one set-up at a time work in this folder; others wait, then find everything done."""
    BUILD.mkdir(exist_ok=True)
    with (BUILD / "setup.lock").open("w", encoding="utf-8") as lock:
        try:
            fcntl.flock(lock, fcntl.LOCK_EX | fcntl.LOCK_NB)
        except OSError:
            say("waiting for another set-up of this folder to end")
            fcntl.flock(lock, fcntl.LOCK_EX)
        for left in BUILD.glob(f"{_SCRATCH}*/"):
            shutil.rmtree(left, ignore_errors=True)
        yield


def fingerprint(*pins: object) -> str:
    """A short text that changes when any of the pins does."""
    return hashlib.sha256(json.dumps(pins, sort_keys=True).encode()).hexdigest()


def is_done(folder: Path, mark: str) -> bool:
    """Whether the folder was finished by a set-up with the same pins."""
    try:
        return (folder / _STAMP).read_text("utf-8") == mark
    except OSError:
        return False


def done(folder: Path, mark: str) -> None:
    """Remember that the folder is finished: the last thing a step does."""
    (folder / _STAMP).write_text(mark, "utf-8")


@contextlib.contextmanager
def scratch() -> Iterator[Path]:
    """A temporary folder on the same file system as the project, so that a rename suffices."""
    path = Path(tempfile.mkdtemp(prefix=_SCRATCH, dir=BUILD))
    try:
        yield path
    finally:
        shutil.rmtree(path, ignore_errors=True)


def replace(folder: Path, new: Path) -> None:
    """Put a finished folder in the place of an old one."""
    shutil.rmtree(folder, ignore_errors=True)
    folder.parent.mkdir(parents=True, exist_ok=True)
    new.rename(folder)


def run(
    command: Sequence[str | Path],
    cwd: Path = TOP,
    env: Mapping[str, str] | None = None,
) -> str:
    """Run a command quietly and return what it printed; build/setup.log keeps all of it.

    Raises subprocess.CalledProcessError, with the output, if the command fails.
    """
    result = subprocess.run(
        [str(part) for part in command],
        cwd=cwd,
        env={**os.environ, "LC_ALL": "C.UTF-8", **(env or {})},
        stdin=subprocess.DEVNULL,
        stdout=subprocess.PIPE,
        stderr=subprocess.STDOUT,
        text=True,
        errors="replace",
        check=False,
    )
    with LOG.open("a", encoding="utf-8") as log:
        log.write(f"$ {' '.join(map(str, command))}\n{result.stdout}\n")
    if result.returncode:
        raise subprocess.CalledProcessError(result.returncode, result.args, result.stdout)
    return result.stdout


def error_line(failure: subprocess.CalledProcessError, *starts: str) -> str:
    """The first line of a failed command's output that begins like an error; else its last line."""
    lines = [line.strip() for line in (failure.output or "").splitlines() if line.strip()]
    errors = [line for line in lines if line.startswith(starts)]
    line = errors[0] if errors else [f"exit code {failure.returncode}", *lines][-1]
    for start in starts:
        line = line.removeprefix(start)
    return line.strip().rstrip(".")
