"""`make bench`: measures the running lock, prints a table beside the budgets, writes build/bench.json."""

import asyncio
import contextlib
import json
import statistics
import tempfile
from pathlib import Path
from typing import Any

from menshen import build_app, ending
from menshen.simulator.board import ChipFailed
from menshen.simulator.loop import new_loop

from . import changes, decision, faults, rivals, shrink, storm, update
from .lock import MeasuredLock
from .machine import Machine, warning
from .progress import Progress

TOP = Path(__file__).resolve().parents[2]
BIN = TOP / "build/toolchain/bin"
_AS_ON_THE_CHIP = (
    "300k"  # as many blocks as in the chip's heap, for the collector's sake: words are twice as long
)
_GAPS = 3  # runs: what else this computer does only adds to a step
_HEAPS = (111, 142, 200)  # KB, the simulated chip and all
BUDGETS = {
    "decision_us": 50,
    "armed_ms": 5,
    "armed_10000_ms": 5,
    "change_wire_bytes": 1024,
    "change_block_erases": 2,
    "loop_gap_us": 500,
    "tap_overhead_ratio": 1.05,
    "heap_needed_bytes": 111 * 1024,
    "heap_live_bytes": 78 * 1024,
    "app_mpy_bytes": 120 * 1024,
    "resident_mpy_bytes": 40 * 1024,
    **update.BUDGETS,
}

REASONS = {
    "armed_ms": "the collector takes most of what a start takes",
    "armed_10000_ms": "as armed_ms",
    "heap_live_bytes": "what stays loaded is 35 KB of .mpy, 50 KB of RAM; the rest is tables, tasks, buffers",
    "release_overhead_bytes": "the head of a release names each of its 60 files, with its hash: 4.1 KB",
    "loop_gap_us": "a list is put in force, and a sealed table kept, in one step each",
}
"""Why a budget is not kept, where that is known."""


def _app_bytes(app: Path) -> int:
    return sum(path.stat().st_size for path in (app / "slots/a").rglob("*.mpy"))


async def _heap(folder: Path, app: Path) -> dict[str, float]:
    """What the lock takes of the smallest of these heaps that it can live in."""
    for size in _HEAPS:
        lock = MeasuredLock(folder / f"{size}k", app, BIN / "micropython32", f"{size}k", probe=False)
        with contextlib.suppress(TimeoutError, ChipFailed):
            parts = await ending.within(60, lock.run("plain_start", "tap", "take_list", "memory", "loaded"))
            return parts | {"heap_needed_bytes": size * 1024}
    raise RuntimeError(f"the lock does not live in {_HEAPS[-1]} KB; its last words:\n{lock.last_words()}")


def _usual(runs: list[dict[str, float]]) -> dict[str, float]:
    """Of the longest step during each activity the median of all runs, and the largest of these."""
    found = {f"loop_gap_{name}_us": statistics.median(run[name] for run in runs) for name in runs[0]}
    return {"loop_gap_us": max(found.values()), **found}


async def measure() -> dict[str, Any]:
    """All figures by name. Times are CPU time, except those of a tap; see the parts of MeasuredLock.

    Those of faults and of the storm are tables of their own, under stall_ms and reconnect_storm.
    """
    app, port = build_app.build(), BIN / "micropython"
    machine = Machine(port)
    progress = Progress(machine.sample)
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        with progress("starts and taps"):
            lock = MeasuredLock(folder / "wide", app, port, _AS_ON_THE_CHIP)
            lock.between_starts = machine.sample
            wide = await lock.run("start_up", "tap")
        gaps = []
        for number in range(_GAPS):
            with progress(f"the longest steps, {number + 1} of {_GAPS}"):
                lock = MeasuredLock(folder / f"gaps{number}", app, port, _AS_ON_THE_CHIP)
                gaps.append(await lock.run("gaps"))
        with progress("a list of 10,000"):
            many = MeasuredLock(folder / "many", app, port, _AS_ON_THE_CHIP, many=True)
            many.between_starts = machine.sample
            large = await many.run("start_up")
            decided = decision.measure(port, many.world.board.flash_path, app)
        with progress("the heap"):
            heap = await _heap(folder, app)
        with progress("changes of a list"):
            changed = await changes.measure(folder / "changes", app, port)
        with progress("an update"):
            updated = await update.measure(folder, app, port)
        stalls = await faults.measure(folder / "faults", app, port, progress)
        with progress("what others do"):
            look_up = rivals.measure(port, BIN / "micropython32")
        with progress("10,000 locks without a broker"):
            come_back = storm.measure(TOP / "build/reconnect_storm.svg")
    return {
        **machine.figures(),
        **decided,
        **{name: wide[name] for name in ("armed_ms", "armed_best_ms", "armed_fakes_ms", "armed_reads")},
        "armed_10000_ms": large["armed_ms"],
        **_usual(gaps),
        **{name: wide[name] for name in ("tap_overhead_ratio", "tap_overhead_us")},
        **{name: heap[name] for name in ("heap_needed_bytes", "heap_peak_bytes", "heap_live_bytes")},
        "app_mpy_bytes": _app_bytes(app),
        "resident_mpy_bytes": heap["resident_mpy_bytes"],
        "stall_ms": stalls,
        "reconnect_storm": come_back,
        **updated,
        **changed,
        "look_up": look_up,
    }


def main() -> None:
    with asyncio.Runner(loop_factory=new_loop) as runner:
        figures = runner.run(measure())
    print(f"{'figure':22} {'measured':>12} {'budget':>12}")
    for name, value in figures.items():
        if isinstance(value, dict):
            continue
        budget = BUDGETS.get(name)
        verdict = "" if budget is None else "within" if value <= budget else "OVER"
        reason = f": {REASONS[name]}" if verdict == "OVER" and name in REASONS else ""
        print(f"{name:22} {value:12.4g} {budget or '':>12} {verdict}{reason}")
    usual, best = figures["machine_us"], figures["machine_best_us"]
    print(warning(usual, best), end="")
    print(faults.table(figures["stall_ms"]))
    print(storm.table(figures["reconnect_storm"]))
    print(rivals.table(figures["look_up"]))
    (TOP / "build/bench.json").write_text(json.dumps(figures, indent=2) + "\n")


def savings() -> None:
    """What each step of tools/shrink saves, in the 32-bit port."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        print(shrink.table(runner.run(shrink.measure(BIN / "micropython32"))))


if __name__ == "__main__":
    main()
