"""What boot.py starts with: start.py compiled, and as text wherever that cannot be loaded."""

from pathlib import Path

import pytest

from menshen.littlefs_image import BLOCK_SIZE
from tests.simulated_lock import Lock

COMPILED, TEXT = "/start.mpy", "/lib/start.py"


def _next_kind(data: bytes) -> bytes:
    """The same for a MicroPython that reads another version of such files: py/persistentcode.h."""
    assert data[:2] == b"M\x06"
    return b"M\x07" + data[2:]


@pytest.mark.parametrize(
    "rot",
    [_next_kind, lambda data: b"", lambda data: bytes(len(data))],
    ids=["of another MicroPython", "empty", "zeros"],
)
async def test_the_door_opens_where_what_is_compiled_cannot_be_loaded(make_lock, rot) -> None:
    lock: Lock = await make_lock(power=False)
    board = lock.world.board
    board.write_file(COMPILED, rot(board.read_file(COMPILED)))
    await _opens(lock)


async def test_the_door_opens_where_the_text_is_gone(make_lock) -> None:
    lock: Lock = await make_lock(power=False)
    lock.world.board.write_file(TEXT, b"")
    await _opens(lock)


def test_the_text_takes_one_block_of_the_flash(app_dir: Path) -> None:
    assert 0 < (app_dir / TEXT[1:]).stat().st_size <= BLOCK_SIZE


async def _opens(lock: Lock) -> None:
    await lock.power(True)
    await lock.wait_armed()
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
