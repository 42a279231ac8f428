"""The console of a provisioned lock is shut: no byte on the cable ends its program without the jumper."""

import json
import re
from collections.abc import Callable
from pathlib import Path

import pytest

from tests.simulated_lock import Lock
from tests.static.helpers.sources import ON_CHIP, TOP, imports, name

SHUT = json.dumps({"menshen": {"console": 0}})
JUMPER = 39


async def _start(make_lock: Callable, folder: Path, shut: bool, jumper: int | None) -> tuple[Lock, bytearray]:
    """A lock, armed, and what its console says from then on."""
    lock = await make_lock(folder, power=False)
    if shut:
        lock.world.board.nvs_path.write_text(SHUT)
    lock.world.board.set_input(JUMPER, jumper)
    said = bytearray()
    lock.world.board.repl.attach(said.extend)
    await lock.power(True)
    await lock.wait_armed()
    return lock, said


@pytest.mark.parametrize("jumper", [1, None], ids=["pulled up", "no resistor"])
async def test_nothing_on_the_cable_stops_a_provisioned_lock(
    make_lock: Callable, tmp_path: Path, jumper: int | None
) -> None:
    lock, said = await _start(make_lock, tmp_path / "lock", True, jumper)
    lock.world.board.repl.type(bytes(range(256)) * 4 + b"\x03\x03\r\x01\x04" * 50)
    await lock.keys("246810#")
    await lock.wait_unlocked()
    assert b"raw REPL" not in said
    assert not [event for event in lock.since() if event["type"] == "reset"]


async def test_ctrl_c_at_every_moment_of_the_start_gives_no_prompt(
    make_lock: Callable, tmp_path: Path
) -> None:
    """A program that keeps Ctrl-C pressed may hit the lines before kbd_intr: then the lock starts again."""
    lock = await make_lock(tmp_path / "lock", power=False)
    board = lock.world.board
    board.nvs_path.write_text(SHUT)
    board.set_input(JUMPER, 1)
    said = bytearray()
    board.repl.attach(said.extend)
    # A key for each event of the chip's start: its pins, its lines on the console.
    board.on_event(
        lambda event: board.repl.type(b"\x03") if event["type"] in {"boot", "pin", "console"} else None
    )
    await lock.power(True)
    await lock.wait_armed()
    assert b">>>" not in said
    assert b"raw REPL" not in said


async def test_ctrl_c_gives_no_prompt_however_long_boot_takes(make_lock: Callable, tmp_path: Path) -> None:
    slow = (TOP / "boot.py").read_text() + "\nprint('boot takes its time')\nimport time\ntime.sleep(1)\n"
    lock = await make_lock(tmp_path / "lock", power=False, files={"/boot.py": slow.encode()})
    lock.world.board.set_input(JUMPER, 1)
    await lock.power(True)
    await lock.world.board.wait_line("boot takes its time")
    lock.world.board.repl.type(b"\x03")
    await lock.wait_armed()
    assert not [line for line in lock.world.board.lines if "KeyboardInterrupt" in line]


@pytest.mark.parametrize(("shut", "jumper"), [(True, 0), (False, 1)], ids=["jumper", "not provisioned"])
async def test_the_jumper_or_a_new_board_gives_the_prompt(
    make_lock: Callable, tmp_path: Path, shut: bool, jumper: int
) -> None:
    lock, said = await _start(make_lock, tmp_path / "lock", shut, jumper)
    lock.world.board.repl.type(b"\x03\x01")
    await lock.world.board.wait_line("KeyboardInterrupt")
    await lock.wait_event(lambda event: b"raw REPL; CTRL-B to exit" in said)


async def test_the_bolt_holds_at_the_prompt_whatever_was_going_on(
    make_lock: Callable, tmp_path: Path
) -> None:
    lock, _ = await _start(make_lock, tmp_path / "lock", False, 1)
    await lock.keys("246810#")
    await lock.wait_unlocked()
    lock.world.board.repl.type(b"\x03\x01\x04")
    await lock.wait_event(lambda event: event["type"] == "reset" and event["name"] == "SOFT_RESET")
    await lock.wait_locked()


def test_nothing_on_the_chip_starts_webrepl() -> None:
    for path in ON_CHIP:
        assert not [what for _, what in imports(path) if re.match("webrepl", what)], name(path)
