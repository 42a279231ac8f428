"""What takes long is computed once for the same inputs, and anew for any others."""

import json
import os
from pathlib import Path

from menshen.remembered import remembered


class _Work:
    """Counts how often it is done."""

    def __init__(self) -> None:
        self.done = 0

    def __call__(self) -> dict[str, int]:
        self.done += 1
        return {"done": self.done}


def test_the_same_inputs_are_worked_on_once(tmp_path: Path) -> None:
    work = _Work()
    for _ in range(2):
        assert remembered(["a", "b"], work, tmp_path) == {"done": 1}


def test_any_other_input_is_worked_on(tmp_path: Path) -> None:
    work = _Work()
    for inputs in (["a", "b"], ["b", "a"], ["ab"], ["a", "b", ""], ["a", "B"]):
        remembered(inputs, work, tmp_path)
    assert work.done == 5


def test_what_cannot_be_read_is_made_again(tmp_path: Path) -> None:
    work = _Work()
    remembered(["a"], work, tmp_path)
    (kept,) = tmp_path.iterdir()
    kept.write_text('{"done": ')
    assert remembered(["a"], work, tmp_path) == {"done": 2}
    assert json.loads(kept.read_text()) == {"done": 2}


def test_a_folder_that_cannot_be_written_hinders_nobody(tmp_path: Path) -> None:
    (tmp_path / "file").touch()
    assert remembered(["a"], _Work(), tmp_path / "file") == {"done": 1}


def test_what_was_not_used_for_longest_goes(tmp_path: Path, monkeypatch) -> None:
    monkeypatch.setattr("menshen.remembered._KEPT", 2)
    work = _Work()
    for number, text in enumerate("abac"):
        remembered([text], work, tmp_path)
        for path in tmp_path.iterdir():  # so that each use is a second apart
            stat = path.stat()
            if stat.st_mtime > 1_000:
                os.utime(path, (number, number))
    remembered(["a"], work, tmp_path)
    assert work.done == 3
    remembered(["b"], work, tmp_path)
    assert work.done == 4
