"""`make bench`: measures the running lock, prints a table beside the budgets, writes build/bench.json."""

import asyncio
import contextlib
import json
import sys
import tempfile
from pathlib import Path
from typing import Any

from menshen import build_app, ending
from menshen.simulator.board import ChipFailed
from menshen.simulator.loop import new_loop
from menshen.simulator.share import heap_for

from . import changes, decision, faults, rivals, shrink, steps, storm, taps, update
from .lock import MeasuredLock
from .machine import Machine, warning
from .progress import Progress

TOP = Path(__file__).resolve().parents[2]
BIN = TOP / "build/toolchain/bin"
_AS_ON_THE_CHIP = (
    "300k"  # as many blocks as in the chip's heap, for the collector's sake: words are twice as long
)
_GAPS = 5  # runs: see steps.py
_HEAPS = (92, 94, 118, 174)  # KB, beside what the simulated chip takes
BUDGETS = {
    "decision_us": 50,
    "armed_ms": 5,
    "armed_10000_ms": 5,
    "change_wire_bytes": 1024,
    "change_block_erases": 2,
    "loop_gap_us": 500,
    "tap_overhead_ratio": 1.05,
    "heap_needed_bytes": 92 * 1024,
    "heap_live_bytes": 78 * 1024,
    "app_mpy_bytes": 120 * 1024,
    "resident_mpy_bytes": 40 * 1024,
    **update.BUDGETS,
    **taps.BUDGETS,
}

REASONS = {
    "armed_ms": "the loading of what stays takes most of what a start takes",
    "armed_10000_ms": "as armed_ms",
    "heap_live_bytes": "what stays loaded is 36 KB of .mpy, 50 KB of RAM; the rest is tables, tasks, buffers",
    "tap_ntag424_ms": "this computer is slow or busy: see machine_us",
    "tap_desfire_ms": "as tap_ntag424_ms",
    "loop_gap_us": "this computer is slow or busy: see machine_us",
}
"""Why a budget is not kept, where that is known."""


def _app_bytes(app: Path) -> int:
    return sum(path.stat().st_size for path in (app / "slots/a").rglob("*.mpy"))


async def _heap(folder: Path, app: Path) -> dict[str, float]:
    """What the lock takes of the smallest of these heaps in which it can run."""
    port = BIN / "micropython32"
    for size in _HEAPS:
        heapsize = await heap_for(size * 1024, folder / f"share{size}", app.parent / "fakes", port)
        world = {"probe": False, "secure": True}
        lock = MeasuredLock(folder / f"{size}k", app, port, heapsize, world=world)
        with contextlib.suppress(TimeoutError, ChipFailed):
            parts = await ending.within(60, lock.run("plain_start", "tap", "take_list", "memory", "loaded"))
            timed = [name for name in parts if name.startswith("tap_")]  # of cards that prove themselves
            for name in timed:
                del parts[name]
            return parts | {"heap_needed_bytes": size * 1024}
    raise RuntimeError(
        f"the lock does not live in {_HEAPS[-1]} KB of its own; its last words:\n{lock.last_words()}"
    )


async def _ten_thousand(folder: Path, app: Path, machine: Machine) -> dict[str, float]:
    """A start with a list of 10,000, and a decision in it."""
    many = MeasuredLock(folder / "many", app, BIN / "micropython", _AS_ON_THE_CHIP, many=True)
    many.between_starts = machine.sample
    large = await many.run("start_up")
    decided = decision.measure(BIN / "micropython", many.world.board.flash_path, app)
    return {**decided, "armed_10000_ms": large["armed_ms"]}


async def measure() -> tuple[dict[str, Any], dict[str, str]]:
    """All figures by name, and for what could not be measured the reason.

    Times are CPU time, except those of a tap; see the parts of MeasuredLock. Those of faults, of the storm
    and of other ways to look a credential up are tables of their own.
    """
    app, port = build_app.build(), BIN / "micropython"
    machine = Machine(port)
    progress = Progress(machine.sample)
    part = progress.part
    with tempfile.TemporaryDirectory() as name:
        folder = Path(name)
        lock = MeasuredLock(folder / "wide", app, port, _AS_ON_THE_CHIP)
        lock.between_starts = machine.sample
        figures = await part("starts and taps", 60, lock.run("start_up", "tap"))
        runs = []
        for number in range(_GAPS):
            lock = MeasuredLock(folder / f"gaps{number}", app, port, _AS_ON_THE_CHIP)
            if await part(f"the longest steps, {number + 1} of {_GAPS}", 60, lock.run("gaps")):
                runs.append(lock.steps)
        figures |= steps.figures(runs)
        figures |= await part("a list of 10,000", 60, _ten_thousand(folder, app, machine))
        figures |= await part("the heap", 100, _heap(folder, app))
        figures["app_mpy_bytes"] = _app_bytes(app)
        figures |= await part("changes of a list", 240, changes.measure(folder / "changes", app, port))
        rows = await part(
            "taps in simulated time", 120, asyncio.to_thread(taps.measure, folder / "taps", app, port)
        )
        figures |= taps.figures(rows) if rows else {}
        figures["taps"] = rows
        figures |= await part("an update", 120, update.measure(folder, app, port))
        figures["stall_ms"] = await faults.measure(folder / "faults", app, port, progress)
        figures["look_up"] = await part("what others do", 60, rivals.measure(port, BIN / "micropython32"))
        storming = storm.measure(TOP / "build/reconnect_storm.svg")
        figures["reconnect_storm"] = await part("10,000 locks without a broker", 60, storming)
    return {**machine.figures(), **figures}, progress.missing


def main() -> bool:
    """Run the command; whether everything was measured."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        figures, missing = runner.run(measure())
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
    tables = {
        "taps": taps.table,
        "stall_ms": faults.table,
        "reconnect_storm": storm.table,
        "look_up": rivals.table,
    }
    for name, table in tables.items():
        if figures[name]:
            print(table(figures[name]))
    for what, why in missing.items():
        print(f"not measured: {what}: {why}")
    (TOP / "build/bench.json").write_text(json.dumps(figures, indent=2) + "\n", "utf-8")
    return not missing


def savings() -> None:
    """What each step of tools/shrink saves, in the 32-bit port."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        print(shrink.table(runner.run(shrink.measure(BIN / "micropython32"))))


def longest_steps() -> None:
    """A start and the longest steps."""
    with asyncio.Runner(loop_factory=new_loop) as runner:
        app = build_app.build()
        print(steps.table(runner.run(steps.measure(app, BIN / "micropython", _AS_ON_THE_CHIP, _GAPS))))


if __name__ == "__main__":
    sys.exit(not main())
