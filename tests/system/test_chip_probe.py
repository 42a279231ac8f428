"""What the benchmark asks of the simulated chip: CPU time of a start and of a step, and what is loaded."""

from pathlib import Path

from tests.system.helpers.chip import make_board, running

_BUSY_US = 20_000
_WAIT_MS = 1000
_STARTS = 5  # a read costs next to nothing; less than that, where the computer does something else meanwhile
_MEASURED = 0.9  # of it at least: the question comes in the middle of a step, and the rest counts
_STEPS = f"""
import asyncio, ffi, time
from machine import Pin
cpu_us = ffi.open(None).func("l", "clock", "")
def burn(us):
    end = cpu_us() + us
    while cpu_us() < end:
        pass
async def main():
    burn({_BUSY_US})
    await asyncio.sleep_ms(1)
    print("ready")
    button = Pin(4, Pin.IN)
    while not button.value():
        time.sleep_ms(20)
        await asyncio.sleep_ms(5)
    burn({_BUSY_US})
    await asyncio.sleep_ms(5)
    print("burnt")
    while True:
        await asyncio.sleep_ms(5)
asyncio.run(main())
"""


async def test_a_start_is_measured_until_every_task_has_had_its_turn(tmp_path: Path) -> None:
    lock = make_board(tmp_path, _STEPS)
    lock.measures_starts = True
    lock.set_input(4, 0)
    fakes_us = []
    while not fakes_us or (fakes_us[-1] <= 0 and len(fakes_us) < _STARTS):
        lock.events.clear()
        async with running(lock):
            armed = [event for event in lock.events if event["type"] == "armed"]
            assert len(armed) == 1
            assert _BUSY_US <= armed[0]["cpu_us"] < 10 * _BUSY_US
            assert armed[0]["fakes_us"] < armed[0]["cpu_us"]
            assert armed[0]["reads"] > 0
            fakes_us.append(armed[0]["fakes_us"])
    assert fakes_us[-1] > 0, fakes_us


async def test_a_step_is_measured_in_cpu_time_and_a_wait_is_none(tmp_path: Path) -> None:
    lock = make_board(tmp_path, _STEPS)
    lock.measures_starts = True
    lock.set_input(4, 0)
    async with running(lock):
        assert await lock.longest_step_us() < _BUSY_US
        lock.set_input(4, 1)
        await lock.wait_line("burnt")
        assert await lock.longest_step_us() >= _MEASURED * _BUSY_US


async def test_each_step_is_told_with_its_task_and_what_it_took(tmp_path: Path) -> None:
    lock = make_board(tmp_path, _STEPS)
    lock.measures_starts = lock.tells_steps = True
    lock.set_input(4, 0)
    async with running(lock):
        lock.set_input(4, 1)
        await lock.wait_line("burnt")
        longest = await lock.longest_step_us()
        told = [event for event in lock.events if event["type"] == "step"]
        most = max(told, key=lambda event: event["cpu_us"])
        assert (most["task"], most["reads"]) == ("main", 0)
        assert longest >= most["cpu_us"] >= _MEASURED * _BUSY_US


async def test_a_step_that_waits_is_measured_by_the_clock(tmp_path: Path) -> None:
    before, _, after = _STEPS.rpartition(f"burn({_BUSY_US})")
    lock = make_board(tmp_path, f"{before}time.sleep_ms({_WAIT_MS}){after}")
    lock.set_input(4, 0)
    async with running(lock):
        assert await lock.longest_stop_us() < _WAIT_MS * 1000
        lock.set_input(4, 1)
        await lock.wait_line("burnt")
        assert await lock.longest_stop_us() >= _MEASURED * _WAIT_MS * 1000


async def test_what_the_flash_takes_is_no_step_of_the_program(tmp_path: Path) -> None:
    program = _STEPS.replace(
        "while not", "with open('f', 'wb') as f:\n        f.write(bytes(50_000))\n    while not"
    )
    lock = make_board(tmp_path, program)
    lock.measures_starts = True
    lock.set_input(4, 0)
    async with running(lock):
        lock.set_input(4, 1)
        await lock.wait_line("burnt")
        stats = await lock.flash_stats()
        assert stats["programs"] > 300
        assert _MEASURED * _BUSY_US <= await lock.longest_step_us() < 2 * _BUSY_US


async def test_the_chip_tells_what_it_has_loaded(tmp_path: Path) -> None:
    lock = make_board(tmp_path, "import json\nprint('ready')", extra_files={"/extra.py": b"x = 1\n"})
    async with running(lock):
        assert "machine" in await lock.modules()
        assert "extra" not in await lock.modules()
