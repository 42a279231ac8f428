"""What the simulated chip takes of MicroPython's heap, where a real one has C: the firmware has the rest."""

from pathlib import Path

from .board import Board
from .outfit import Chip

_TABLES = 128 / 125  # of 16 bytes a block: two bits and one more say what it is (py/gc.c)
_ENOUGH = "124k"


async def chips_share(folder: Path, fakes: Path, port: Path) -> int:
    """Bytes in use of a heap before boot.py's first line, in this Unix port.

    `folder` must be new; `fakes` are the compiled ones. From there on they take of it what the chip's own C
    does (fakes/README.md).
    """
    app = folder / "app"
    app.mkdir(parents=True)
    for name in ("boot.py", "main.py"):
        (app / name).write_text("", "utf-8")
    taken: list[int] = []
    async with Board(folder / "lock", app, Chip(port, fakes, _ENOUGH, probe=False), {}) as board:
        board.on_event(lambda event: taken.append(event["heap"]) if event["type"] == "boot" else None)
        await board.power_on()
    return taken[0]


async def heap_for(ours: int, folder: Path, fakes: Path, port: Path) -> str:
    """The heap, as for -X heapsize, in which `ours` bytes are the firmware's, tables included."""
    return str(int(ours + _TABLES * await chips_share(folder, fakes, port)))
