"""What each step of tools/shrink is worth: the idle lock's RAM, and .mpy, with all and without each."""

import tempfile
from pathlib import Path

from menshen import build_app
from menshen.shrink import STEPS

from .lock import MeasuredLock

_HEAP = "220k"  # enough without any step
_WORTH = 1536  # bytes of RAM: a step that saves less is not worth its code

_Size = tuple[int, int]  # bytes of heap in use, less the simulated chip's, and of .mpy files


async def measure(micropython32: Path) -> dict[str, _Size]:
    """By the step that is left out; "" is none."""
    found = {}
    with tempfile.TemporaryDirectory() as name:
        for step in ("", *STEPS):
            folder = Path(name) / (step or "all")
            app = build_app.build(folder / "app", without=(step,))
            lock = MeasuredLock(folder / "lock", app, micropython32, _HEAP, world={"probe": False})
            figures = await lock.run("plain_start", "idle", "memory")
            size = sum(path.stat().st_size for path in app.rglob("*.mpy"))
            found[step] = int(figures["heap_live_bytes"]), size
    return found


def table(found: dict[str, _Size]) -> str:
    """A row for each step, with what it saves."""
    live, size = found[""]
    rows = [f"{'with all steps':22} {live:8} bytes live, {size} of .mpy"]
    for step in STEPS:
        saved = found[step][0] - live, found[step][1] - size
        verdict = "" if saved[0] >= _WORTH else "  less than it is worth"
        rows.append(f"without {step:14} it saves {saved[0]:6} bytes live, {saved[1]:6} of .mpy{verdict}")
    return "\n".join(rows)
