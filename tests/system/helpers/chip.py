"""Boards with a tiny program of their own, for the tests of the simulated chip."""

import os
from collections.abc import AsyncIterator
from contextlib import asynccontextmanager
from pathlib import Path

from menshen.simulator.board import Board
from menshen.simulator.memory import TODAYS, Memory
from menshen.simulator.outfit import Chip

ROOT = Path(__file__).resolve().parents[3]
FAKES = ROOT / "tools/simulator/fakes"
MICROPYTHON = Path(os.environ.get("MENSHEN_MICROPYTHON") or ROOT / "build/toolchain/bin/micropython")
_HEAP = "2m"  # these programs may do as they like


def make_board(
    folder: Path,
    main: str,
    boot: str = "",
    fakes: Path = FAKES,
    extra_files: dict[str, bytes] | None = None,
    memory: Memory = TODAYS,
    port: Path = MICROPYTHON,
    heapsize: str = _HEAP,
) -> Board:
    """A board, without power, with this main.py. Its events are in `board.events`."""
    app = folder / "app"
    app.mkdir()
    (app / "boot.py").write_text(boot)
    (app / "main.py").write_text(main)
    chip = Chip(port, fakes, heapsize, memory=memory)
    board = Board(folder / "board", app, chip, {}, extra_files)
    board.events = []
    board.on_event(board.events.append)
    return board


@asynccontextmanager
async def running(board: Board, text: str = "ready") -> AsyncIterator[Board]:
    """The board with power, from the console line with `text` in it."""
    async with board:
        await board.power_on()
        await board.wait_line(text)
        yield board


def pin_levels(board: Board, number: int) -> list[int | None]:
    """All levels that a pin has had; None: not driven."""
    return [event["level"] for event in board.events if event["type"] == "pin" and event["pin"] == number]
