"""The benchmark's decision program knows the firmware as it is now, and finds that a decision is cheap."""

from pathlib import Path

from menshen.bench import decision
from menshen.simulator.board import Board
from menshen.simulator.provision import Provision
from tests.conftest import micropython

_READS = 30  # of the flash for one decision among 10,000: two looks, each with littlefs' way to its place


def test_a_decision_among_ten_thousand_takes_few_reads_of_the_flash(tmp_path: Path, app_dir: Path) -> None:
    lock = Provision(bytes(range(32)))
    board = Board(
        tmp_path,
        app_dir,
        app_dir.parent / "fakes",
        lock.config(53, 1883),
        micropython(),
        extra_files=lock.list_files(1, decision.credentials()),
    )
    figures = decision.measure(micropython(), board.flash_path, app_dir)
    print(figures)
    assert set(figures) == {"decision_us", "decision_reads", "judge_us"}
    assert figures["decision_reads"] < _READS
