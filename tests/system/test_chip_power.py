"""Resets, watchdog, clock, and the life of the simulated chip's process."""

import asyncio
import sys
from pathlib import Path

import pytest

from menshen.simulator.board import HARD_RESET, SOFT_RESET, WDT_RESET, Board, ChipFailed
from menshen.simulator.outfit import Chip
from tests import programs
from tests.system.helpers.chip import FAKES, MICROPYTHON, ROOT, make_board, pin_levels, running

SERVE = """
import asyncio
async def serve():
    while True:
        await asyncio.sleep(60)
print("ready")
asyncio.run(serve())
"""


CAUSE = "import machine\nprint('cause', machine.reset_cause())\n"
FIRST_TIME = "if machine.reset_cause() == 1:\n    "


async def test_a_hungry_watchdog_restarts_the_chip_and_says_so(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path, CAUSE + FIRST_TIME + "machine.WDT(timeout=1000)\n    while True:\n        pass\n"
    )
    async with running(lock, "cause 1"):
        await lock.wait_line(f"cause {WDT_RESET}")
        assert [event["cause"] for event in lock.events if event["type"] == "reset"] == [WDT_RESET]


async def test_the_watchdog_also_counts_after_main_has_failed(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path, CAUSE + FIRST_TIME + "machine.WDT(timeout=1000)\n    raise RuntimeError('oh')\n"
    )
    async with running(lock, "cause 1"):
        await lock.wait_line(f"cause {WDT_RESET}")
        assert "RuntimeError: oh" in lock.lines
        assert '  File "main.py", line 5, in <module>' in lock.lines


async def test_a_fed_watchdog_keeps_quiet(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import asyncio
from machine import WDT
async def main():
    wdt = WDT(timeout=2000)
    for _ in range(25):
        await asyncio.sleep_ms(100)
        wdt.feed()
    print("ready")
    while True:
        await asyncio.sleep_ms(100)
        wdt.feed()
asyncio.run(main())
""",
    )
    async with running(lock):
        assert not [event for event in lock.events if event["type"] == "reset"]


@pytest.mark.parametrize(("call", "cause"), [("reset", HARD_RESET), ("soft_reset", SOFT_RESET)])
async def test_a_reset_restarts_with_its_cause(tmp_path: Path, call: str, cause: int) -> None:
    drive = "import machine\nmachine.Pin(23, machine.Pin.OUT, value=1)\n"
    lock = make_board(tmp_path, drive + FIRST_TIME + f"machine.{call}()\n" + CAUSE)
    async with running(lock, f"cause {cause}"):
        pass
    let_go = [] if cause == SOFT_RESET else [None]  # a soft reset leaves the pins as they are
    assert pin_levels(lock, 23) == [1, *let_go, 1, None]


async def test_the_power_can_go_on_with_any_cause(tmp_path: Path) -> None:
    lock = make_board(tmp_path, CAUSE)
    async with lock:
        await lock.power_on(cause=WDT_RESET)
        await lock.wait_line(f"cause {WDT_RESET}")


async def test_the_clock_runs_over_a_reset_and_forgets_without_power(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import machine
rtc = machine.RTC()
print("clock", rtc.datetime()[:4])
if machine.reset_cause() == 1:
    rtc.datetime((2026, 3, 4, 0, 5, 6, 7, 8))
    print("set", rtc.datetime()[:6])
    machine.reset()
print("ready")
""",
    )
    for _ in range(2):
        async with running(lock):
            assert "clock (2026, 3, 4, 2)" in lock.lines
        assert list(lock.lines)[-4:-2] == ["clock (2000, 1, 1, 5)", "set (2026, 3, 4, 2, 5, 6)"]


async def test_inputs_arrive_while_the_prompt_idles_and_in_a_second_loop(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import asyncio
from machine import Pin
asyncio.new_event_loop()
async def main():
    arrived = asyncio.Event()
    Pin(4, Pin.IN, Pin.PULL_UP).irq(lambda _: arrived.set(), Pin.IRQ_FALLING)
    print("ready")
    await arrived.wait()
asyncio.run(main())
Pin(4).irq(lambda pin: print("risen"), Pin.IRQ_RISING)
print("at the prompt")
""",
    )
    async with running(lock):
        lock.set_input(4, 0)
        await lock.wait_line("at the prompt")
        lock.set_input(4, 1)
        await lock.wait_line("risen")


async def test_a_chip_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    lock = Board(tmp_path / "board", tmp_path / "app", Chip(MICROPYTHON, tmp_path), {})
    with pytest.raises(ChipFailed, match="no module named 'rom'"):
        await lock.power_on()
    assert not lock.powered


PARENT = f"""
import asyncio, pathlib, sys
from menshen.simulator.board import Board
from menshen.simulator.outfit import Chip
async def main():
    folder = pathlib.Path(sys.argv[1])
    chip = Chip(pathlib.Path({str(MICROPYTHON)!r}), pathlib.Path({str(FAKES)!r}))
    board = Board(folder / "board", folder / "app", chip, {{}})
    await board.power_on()
    await board.wait_line("ready")
    print(board._chip._process.pid, flush=True)
    await asyncio.sleep(3600)
asyncio.run(main())
"""


def alive(pid: int) -> bool:
    try:
        return "\nState:\tZ" not in Path(f"/proc/{pid}/status").read_text()
    except (FileNotFoundError, ProcessLookupError):
        return False


@pytest.mark.parametrize("main", [SERVE, "print('ready')\nwhile True:\n    pass"], ids=["idle", "busy"])
async def test_the_chip_ends_with_the_process_that_started_it(tmp_path: Path, main: str) -> None:
    (tmp_path / "app").mkdir()
    (tmp_path / "app/main.py").write_text(main)
    run = programs.program(sys.executable, "-c", PARENT, tmp_path, stdout=asyncio.subprocess.PIPE, cwd=ROOT)
    async with run as parent, asyncio.timeout(60):
        assert parent.stdout is not None
        chip = int(await parent.stdout.readline())
        assert alive(chip)
        parent.kill()
        while alive(chip):  # noqa: ASYNC110 - another process's end has no event
            await asyncio.sleep(0.01)


async def test_the_chip_ends_when_the_bus_is_closed(tmp_path: Path) -> None:
    lock = make_board(tmp_path, SERVE)
    async with running(lock):
        lock._chip._bus.shutdown(1)
        lock._verdict = 0
        await lock.wait_off()
