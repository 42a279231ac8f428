"""What each step of tools/shrink is worth: the heap of the idle lock with all of them, and without each."""

import tempfile
from pathlib import Path

from menshen import build_app
from menshen.shrink import STEPS

from .lock import MeasuredLock

_HEAP = "220k"  # enough without any step
_WORTH = 1536  # bytes: a step that saves less is not worth its code


async def measure(micropython32: Path) -> dict[str, float]:
    """Bytes in use of the idle lock, less the simulated chip's, by the step that is left out; "" is none."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for step in ("", *STEPS):
            folder = Path(name) / (step or "all")
            app = build_app.build(folder / "app", without=(step,))
            lock = MeasuredLock(folder / "lock", app, micropython32, _HEAP, world={"probe": False})
            figures = await lock.run("plain_start", "idle", "memory")
            found[step] = figures["heap_live_bytes"]
    return found


def table(found: dict[str, float]) -> str:
    """A row for each step, with what it saves."""
    rows = [f"{'with all steps':22} {found['']:8.0f} bytes live"]
    for step in STEPS:
        saved = found[step] - found[""]
        verdict = "" if saved >= _WORTH else "  less than it is worth"
        rows.append(f"without {step:14} {found[step]:8.0f} bytes live: it saves {saved:6.0f}{verdict}")
    return "\n".join(rows)
