"""The simulated chip's pins are no kinder than the real ones: each test is a tiny program of its own."""

from pathlib import Path

from tests.system.helpers.chip import make_board, pin_levels, running


async def test_an_output_with_a_value_starts_without_a_glitch(tmp_path: Path) -> None:
    boot = "from machine import Pin\nPin(23, Pin.OUT, value=1)\nPin(13, Pin.OUT).on()"
    lock = make_board(tmp_path, boot=boot, main="print('ready')")
    async with running(lock):
        pass
    assert pin_levels(lock, 23) == [1, None]
    assert pin_levels(lock, 13) == [0, 1, None]


async def test_an_edge_has_the_time_at_which_it_was_made(tmp_path: Path) -> None:
    lock = make_board(tmp_path, "from machine import Pin\nPin(23, Pin.OUT, value=0)\nprint('ready')")
    async with running(lock):
        pass
    times = [event["us"] for event in lock.events if event["type"] in ("boot", "pin", "power")]
    assert times == sorted(times)
    assert times[-1] - times[0] < 600_000_000


async def test_pins_that_are_not_there_or_cannot_drive_are_refused(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import Pin
inputs, outputs = (6, 20, 40), (11, 34, 39)
for number, mode in [(n, Pin.IN) for n in inputs] + [(n, Pin.OUT) for n in outputs] + [(35, Pin.OPEN_DRAIN)]:
    try:
        Pin(number, mode)
        print("taken", number)
    except ValueError as error:
        print("refused", number, error)
print("ready")
""",
    )
    async with running(lock):
        assert not [line for line in lock.lines if line.startswith("taken")]
        assert "refused 34 pin can only be input" in lock.lines


async def test_input_only_pins_have_no_pull(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import Pin
def levels(pin):
    return sorted({pin.value() for _ in range(8)})
print("pulled", levels(Pin(4, Pin.IN, Pin.PULL_UP)), levels(Pin(5, Pin.IN, Pin.PULL_DOWN)))
print("floating", levels(Pin(34, Pin.IN, Pin.PULL_UP)))
print("ready")
""",
    )
    async with running(lock):
        assert list(lock.lines)[:2] == ["pulled [1] [0]", "floating [0, 1]"]


async def test_a_key_pulls_its_column_low_only_while_its_row_is_low(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import Pin
row, other = Pin(25, Pin.OPEN_DRAIN, value=1), Pin(26, Pin.OPEN_DRAIN, value=1)
column = Pin(32, Pin.IN, Pin.PULL_UP)
seen = []
for level, elsewhere in ((1, 1), (1, 0), (0, 1)):
    row(level)
    other(elsewhere)
    seen.append(column())
print("ready", seen)
""",
    )
    async with running(lock):
        assert "ready [1, 1, 1]" in lock.lines
    lock.switch(25, 32, True)
    async with running(lock):
        assert "ready [1, 1, 0]" in lock.lines


async def test_three_keys_at_the_corners_of_a_rectangle_press_the_fourth(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import Pin
rows = [Pin(n, Pin.OPEN_DRAIN, value=1) for n in (25, 26)]
columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in (32, 19)]
rows[1](0)
print("ready", [column() for column in columns])
""",
    )
    for row, column in ((25, 32), (25, 19), (26, 32)):
        lock.switch(row, column, True)
    async with running(lock):
        assert "ready [0, 0]" in lock.lines


async def test_an_interrupt_is_scheduled_at_its_edge_and_wakes_the_loop(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import asyncio
from machine import Pin
async def main():
    flag = asyncio.ThreadSafeFlag()
    pin = Pin(34, Pin.IN)
    pin.irq(lambda _: flag.set(), Pin.IRQ_FALLING)
    relay = Pin(23, Pin.OUT, value=0)
    print("ready")
    while True:
        await flag.wait()
        relay(not relay())
        print("woken at", pin())
asyncio.run(main())
""",
    )
    lock.set_input(34, 1)
    async with running(lock):
        lock.set_input(34, 0)
        await lock.wait_line("woken at 0")
        assert pin_levels(lock, 23) == [0, 1]
        lock.set_input(34, 1)
        assert await lock.live_memory()  # answered after the rising edge was taken
        assert pin_levels(lock, 23) == [0, 1]


async def test_a_waiting_flag_does_not_slow_the_loop(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
import asyncio, time
async def main():
    flag = asyncio.ThreadSafeFlag()
    waiting = asyncio.create_task(flag.wait())
    start = time.ticks_ms()
    for _ in range(5000):
        await asyncio.sleep_ms(0)
    print("turns took", time.ticks_diff(time.ticks_ms(), start))
asyncio.run(main())
""",
    )
    async with running(lock, "turns took"):
        assert int(lock.lines[-1].split()[-1]) < 4000  # 5,000 where each turn takes a millisecond


async def test_led_and_buzzer_are_seen(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import PWM, Pin, bitstream
bitstream(Pin(14, Pin.IN), 0, (400, 850, 800, 450), b"\\1\\2\\3")
bitstream(Pin(14, Pin.OUT), 0, (400, 850, 800, 450), b"\\1\\2\\3")
buzzer = PWM(Pin(13), freq=2000, duty_u16=1000)
buzzer.deinit()
print("ready")
""",
    )
    async with running(lock):
        seen = [event for event in lock.events if event["type"] in ("led", "pwm")]
    for event in seen:
        del event["us"]
    assert seen == [
        {"type": "led", "r": 2, "g": 1, "b": 3},
        {"type": "pwm", "pin": 13, "hz": 2000, "duty": 1000},
        {"type": "pwm", "pin": 13, "hz": 0, "duty": 0},
    ]
