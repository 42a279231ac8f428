"""The heap of a simulated lock: what the firmware is to have, and what the simulated chip takes beside it."""

from pathlib import Path

from menshen.simulator.board import Board
from menshen.simulator.outfit import Chip
from tests.conftest import TOP

PORT = TOP / "build/toolchain/bin/micropython32"
OURS = 92 * 1024
"""The most that our own code has at any moment, its part of the collector's tables with it (the budget)."""

_TABLES = 128 / 125  # of 16 bytes a block, two bits and one more say what it is (py/gc.c)
_ENOUGH = "124k"


async def chips_share(folder: Path, fakes: Path) -> int:
    """Bytes in use of a heap before boot.py's first line: what is C or frozen in a real chip.

    `folder` must be new; `fakes` are the compiled ones. Nothing of the fakes grows from there on but what
    tests/system/test_chip_heap.py has in its table of objects.
    """
    app = folder / "app"
    app.mkdir(parents=True)
    for name in ("boot.py", "main.py"):
        (app / name).write_text("")
    async with Board(folder / "lock", app, Chip(PORT, fakes, _ENOUGH, probe=False), {}) as board:
        taken: list[int] = []
        board.on_event(lambda event: taken.append(event["heap"]) if event["type"] == "boot" else None)
        await board.power_on()
    return taken[0]


async def heap_for(ours: int, folder: Path, fakes: Path) -> str:
    """The size of a heap in which `ours` bytes are the firmware's, as MicroPython's -X heapsize takes it."""
    return str(int(ours + _TABLES * await chips_share(folder, fakes)))
