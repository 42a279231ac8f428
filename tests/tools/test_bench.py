"""The benchmark's programs know the firmware as it is now; a part that fails or hangs stops no other."""

import asyncio
from pathlib import Path

import pytest

from menshen.bench import decision, rivals, steps
from menshen.bench.lock import MeasuredLock
from menshen.bench.progress import Progress
from menshen.simulator.board import Board
from menshen.simulator.outfit import Chip
from menshen.simulator.provision import Provision
from tests.conftest import micropython

_READS = 30  # of the flash for one decision among 10,000: two looks, each with littlefs' way to its place

_LONGEST_LOAD = 7680  # bytes of .mpy


def test_a_decision_among_ten_thousand_takes_few_reads_of_the_flash(tmp_path: Path, app_dir: Path) -> None:
    lock = Provision(bytes(range(32)))
    chip, files = Chip(micropython(), app_dir.parent / "fakes"), lock.list_files(1, decision.credentials())
    board = Board(tmp_path, app_dir, chip, lock.config(53, 1883), files)
    figures = decision.measure(micropython(), board.flash_path, app_dir)
    print(figures)
    assert set(figures) == {"decision_us", "decision_reads", "judge_us"}
    assert figures["decision_reads"] < _READS


def test_no_file_takes_long_to_load_once_the_door_is_armed(app_dir: Path) -> None:
    """An import is one step of the event loop: what a block of Late brings is no large file."""
    files = [(file.stat().st_size, file.stem) for file in (app_dir / "slots/a").rglob("*.mpy")]
    door, *others = sorted(files, reverse=True)
    assert door[0] > 2 * others[0][0]  # what is there before the door is armed
    assert others[0][0] < _LONGEST_LOAD


@pytest.mark.parametrize("kind", ["list", "json", "dict"])
def test_each_way_to_look_a_credential_up_finds_it(kind: str) -> None:
    figures = rivals.look_up(micropython(), kind, 100)
    assert figures is not None
    assert figures["us"] > 0


async def test_a_tap_is_measured_though_the_reader_was_away_as_the_last_card_went(
    tmp_path: Path, app_dir: Path
) -> None:
    """It is the same where this computer is too busy for the reader's model: the next tap was lost."""
    lock = MeasuredLock(tmp_path, app_dir, micropython(), world={"secure": True})
    await lock.world.start(power=False)
    try:
        await lock.plain_start()
        await lock.tap_once()
        lock.world.reader.break_down("absent")
        await lock.until("pin", name="relay", level=0)
        lock.world.reader.break_down("ok")
        assert lock.world.reader.misses_card
        assert await lock.tap_once() > 0
    finally:
        await lock.world.stop()


async def test_a_part_that_fails_or_hangs_is_missing_and_the_next_is_measured(capsys) -> None:
    progress = Progress(lambda: None)

    async def hangs() -> dict[str, float]:
        await asyncio.Event().wait()
        return {}

    async def fails() -> dict[str, float]:
        raise RuntimeError("the lock said nothing")

    async def works() -> dict[str, float]:
        return {"armed_ms": 3.0}

    assert await progress.part("the first", 0, hangs()) == {}
    assert await progress.part("the second", 60, fails()) == {}
    assert await progress.part("the third", 60, works()) == {"armed_ms": 3.0}
    assert set(progress.missing) == {"the first", "the second"}
    assert "the lock said nothing" in progress.missing["the second"]
    told = capsys.readouterr().err
    assert "armed_ms 3" in told.split("the third")[1]


def test_of_steps_the_least_is_told_as_measured_and_at_the_computers_best() -> None:
    runs = [
        ({"armed_ms": 9.0, "armed_best_ms": 6.0, "armed_reads": 1800}, 12_000.0),
        ({"start": 900.0, "list": 800.0}, 16_000.0),
        ({"start": 700.0, "list": 900.0}, 10_000.0),
    ]
    found = steps.least(runs, 8_000)
    assert found == {"armed": (6000, 4000), "start": (700, 450), "list": (800, 400)}
    rows = steps.table(found).splitlines()
    assert rows[0].split()[-5:] == ["as", "measured", "at", "the", "best"]
    assert [row.split() for row in rows[2:]] == [["start", "700", "450"], ["list", "800", "400"]]
