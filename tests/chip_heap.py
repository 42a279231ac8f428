"""The heap of a lock without PSRAM, in the Unix port whose words are as long as the chip's."""

from pathlib import Path

from menshen.simulator import share
from tests.conftest import TOP

PORT = TOP / "build/toolchain/bin/micropython32"
OURS = 92 * 1024
"""The most that our own code has at any moment, its part of the collector's tables with it (the budget)."""


async def heap_for(ours: int, folder: Path, fakes: Path) -> str:
    """As simulator/share.py has it: `ours` bytes are the firmware's."""
    return await share.heap_for(ours, folder, fakes, PORT)
