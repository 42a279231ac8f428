"""Only a start and the longest steps of the event loop: `menshen bench --steps`.

What else this computer does, and its host, only adds to a step, and to one of a hundred it adds a
millisecond: of a minute's steps the longest tells of the computer. So steps are told apart by what they do,
which is the same in each run: the task, its reads of the flash, the memory that it takes, or that garbage is
collected. Of a kind that most runs have seen the third quartile counts, in the run in which that is least:
what a fourth of them take in each run is the firmware's. Of three steps or fewer the longest counts.
"""

import collections
import math
import tempfile
from collections.abc import Iterable, Mapping
from pathlib import Path

from .lock import MeasuredLock

_STARTS = 3  # runs, of some starts each
_BYTES = 256  # of heap: steps that take about as much, and read as often, do the same
_PART = 0.75

Steps = Mapping[str, list[dict]]
"""Of each activity the events of its steps: see simulator/signals.py."""


async def measure(app: Path, micropython: Path, heapsize: str, count: int) -> dict[str, tuple[float, float]]:
    """Rows for table(), of so many runs."""
    armed, seen, runs = [], [], []
    with tempfile.TemporaryDirectory() as name:
        for number in range(_STARTS):
            lock = MeasuredLock(Path(name) / f"start{number}", app, micropython, heapsize)
            armed.append(1000 * (await lock.run("start_up"))["armed_best_ms"])
        for number in range(count):
            lock = MeasuredLock(Path(name) / f"gaps{number}", app, micropython, heapsize)
            seen.append(await lock.run("gaps"))
            runs.append(lock.steps)
    rows = {name: (usual(run[name] for run in runs), min(run[name] for run in seen)) for name in seen[0]}
    return {"armed": (min(armed), min(armed)), **rows}


def figures(runs: list[Steps]) -> dict[str, float]:
    """The longest step of each activity, and the longest of all, in us."""
    if not runs:
        return {}
    found = {f"loop_gap_{name}_us": usual(run[name] for run in runs) for name in runs[0]}
    return {"loop_gap_us": max(found.values()), **found}


def usual(runs: Iterable[list[dict]]) -> float:
    """The longest kind of step in these runs of one activity, in us."""
    kinds, all_steps = collections.defaultdict(list), list(runs)
    for steps in all_steps:
        found = collections.defaultdict(list)
        for step in steps:
            taken = step["bytes"] // _BYTES if step["bytes"] >= 0 else None
            found[step["task"], step["reads"], taken].append(step["cpu_us"])
        for kind, took in found.items():
            kinds[kind].append(sorted(took)[math.ceil(len(took) * _PART) - 1])
    return max((min(took) for took in kinds.values() if 2 * len(took) > len(all_steps)), default=0)


def table(found: Mapping[str, tuple[float, float]]) -> str:
    """A row for each."""
    rows = [f"{'us of CPU time':16} {'longest kind':>14} {'longest seen':>14}"]
    return "\n".join(rows + [f"{name:16} {kind:14.0f} {seen:14.0f}" for name, (kind, seen) in found.items()])
