"""Only the longest steps of the event loop and what a start takes: `menshen bench --steps`.

CPU time grows with whatever else runs on shared caches. So each figure is the least of some runs. Beside it
is what it would be if this computer were always as fast as at its best: a fixed piece of work is timed before
and after each run.
"""

import tempfile
from collections.abc import Mapping
from pathlib import Path

from .lock import MeasuredLock
from .machine import Machine

_RUNS = 3


async def measure(app: Path, micropython: Path, heapsize: str) -> dict[str, tuple[float, float]]:
    """Of each figure, in us, the least as measured, and the least at the computer's best."""
    machine, runs = Machine(micropython), []
    with tempfile.TemporaryDirectory() as name:
        for number in range(_RUNS):
            for part in "start_up", "gaps":
                before = machine.sample()
                lock = MeasuredLock(Path(name) / f"{part}{number}", app, micropython, heapsize)
                found = await lock.run(part)
                runs.append((found, (before + machine.sample()) / 2))
    return least(runs, machine.figures()["machine_best_us"])


def least(runs: list[tuple[dict[str, float], float]], best: float) -> dict[str, tuple[float, float]]:
    """Both figures; a run has its own, and what the fixed work took meanwhile."""
    rows: dict[str, list[tuple[float, float]]] = {}
    for found, took in runs:
        for name, value in found.items():
            if name == "armed_best_ms":
                rows.setdefault("armed", []).append((value * 1000, value * 1000 * best / took))
            elif not name.startswith("armed"):
                rows.setdefault(name, []).append((value, value * best / took))
    return {name: (min(a for a, _ in both), min(b for _, b in both)) for name, both in rows.items()}


def table(found: Mapping[str, tuple[float, float]]) -> str:
    """A row for each."""
    rows = [f"{'us of CPU time':16} {'as measured':>12} {'at the best':>12}"]
    return "\n".join(
        rows + [f"{name:16} {raw:12.0f} {scaled:12.0f}" for name, (raw, scaled) in found.items()]
    )
