"""The benchmark's programs know the firmware as it is now; a part that fails or hangs stops no other."""

import asyncio
from pathlib import Path

import pytest

from menshen.bench import __main__ as benchmark
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


def _step(task: str, *took: int, reads: int = 0, taken: int = 100) -> list[dict]:
    return [{"task": task, "cpu_us": us, "reads": reads, "bytes": taken} for us in took]


def test_the_longest_kind_of_step_is_what_every_run_has_seen() -> None:
    looks = _step("run", *[15] * 40), _step("run", *[15] * 30 + [2_000] * 5), _step("run", *[15] * 40)
    loads = [_step("run", us, reads=41, taken=taken) for us, taken in [(300, 9000), (900, 9100), (280, 9010)]]
    frees = [_step("run", *times, taken=-500) for times in [(250, 260, 3_000, 240), (230,), (900, 950)]]
    assert steps.usual(looks) == 15
    assert steps.usual(look + load for look, load in zip(looks, loads, strict=True)) == 280
    assert steps.usual(frees) == 230
    assert steps.usual([looks[0] + _step("odd", 9_000), looks[1], looks[2]]) == 15  # in one run of three
    assert steps.usual([looks[0] + _step("long", 700), looks[1] + _step("long", 600), looks[2]]) == 600
    assert steps.usual([[], []]) == 0


def test_a_step_that_is_always_long_is_found_among_short_ones() -> None:
    """One key in eight is a long step: it takes more memory, so it is a kind of its own."""
    run = _step("keys", *[20] * 14) + _step("keys", 620, 600, taken=4200)
    assert steps.usual([run] * 5) == 620


def test_of_steps_each_activity_is_told_and_the_longest_of_all() -> None:
    runs = [{"start": _step("a", 400), "list": _step("b", 300)}, {"start": _step("a", 410), "list": []}]
    assert steps.figures(runs) == {"loop_gap_us": 400, "loop_gap_start_us": 400, "loop_gap_list_us": 0}
    assert steps.figures([]) == {}
    rows = steps.table({"armed": (3000, 3000), "start": (400, 450)}).splitlines()
    assert [row.split() for row in rows[1:]] == [["armed", "3000", "3000"], ["start", "400", "450"]]


async def test_what_the_heap_is_measured_with_says_nothing_of_a_plain_tap(
    tmp_path: Path, app_dir: Path, monkeypatch: pytest.MonkeyPatch
) -> None:
    """It takes cards that prove themselves: their time to the relay stood as a plain card's."""

    async def run(_lock: MeasuredLock, *_parts: str) -> dict[str, float]:
        return {"tap_overhead_ratio": 9.8, "tap_overhead_us": 38_000, "heap_live_bytes": 77_000}

    async def heap_for(*_parts: object) -> str:
        return "300k"

    monkeypatch.setattr(MeasuredLock, "run", run)
    monkeypatch.setattr(benchmark, "heap_for", heap_for)
    found = await benchmark._heap(tmp_path, app_dir)
    assert found == {"heap_live_bytes": 77_000, "heap_needed_bytes": 92 * 1024}
