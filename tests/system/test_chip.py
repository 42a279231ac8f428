"""The simulated chip is as hard as the real one: each test is a tiny program on a board of its own."""

import asyncio
import json
import os
import sys
from collections.abc import AsyncIterator, Callable
from contextlib import asynccontextmanager
from pathlib import Path

import pytest

from tools.simulator import image
from tools.simulator.board import HARD_RESET, SOFT_RESET, WDT_RESET, Board, ChipFailed

ROOT = Path(__file__).resolve().parents[2]
FAKES = ROOT / "tools/simulator/fakes"
MICROPYTHON = Path(os.environ.get("MENSHEN_MICROPYTHON") or ROOT / "build/toolchain/bin/micropython")
SERVE = """
import asyncio
async def serve():
    while True:
        await asyncio.sleep(60)
print("ready")
asyncio.run(serve())
"""

MakeBoard = Callable[..., Board]


@pytest.fixture
async def board(tmp_path: Path) -> AsyncIterator[MakeBoard]:
    """A maker of boards; its argument is main.py. The events are in `board.events`."""
    boards: list[Board] = []

    def make(main: str, boot: str = "", **options: object) -> Board:
        app = tmp_path / f"app{len(boards)}"
        app.mkdir()
        (app / "boot.py").write_text(boot)
        (app / "main.py").write_text(main)
        fresh = Board(tmp_path / f"board{len(boards)}", app, FAKES, {}, MICROPYTHON, **options)
        fresh.events = []
        fresh.on_event(fresh.events.append)
        boards.append(fresh)
        return fresh

    yield make
    for each in boards:
        await each.power_off()


@asynccontextmanager
async def running(board: Board, text: str = "ready") -> AsyncIterator[Board]:
    async with board:
        await board.power_on()
        await board.wait_line(text)
        yield board


def pins(board: Board, number: int) -> list[int | None]:
    return [event["level"] for event in board.events if event["type"] == "pin" and event["pin"] == number]


# -- pins


async def test_an_output_with_a_value_starts_without_a_glitch(board: MakeBoard) -> None:
    boot = "from machine import Pin\nPin(23, Pin.OUT, value=1)\nPin(13, Pin.OUT).on()"
    lock = board(boot=boot, main="print('ready')")
    async with running(lock):
        pass
    assert pins(lock, 23) == [1, None]
    assert pins(lock, 13) == [0, 1, None]


async def test_an_edge_has_the_time_at_which_it_was_made(board: MakeBoard) -> None:
    lock = board("from machine import Pin\nPin(23, Pin.OUT, value=0)\nprint('ready')")
    async with running(lock):
        pass
    times = [event["us"] for event in lock.events if event["type"] in ("boot", "pin", "power")]
    assert times == sorted(times)
    assert times[-1] - times[0] < 600_000_000


async def test_pins_that_are_not_there_or_cannot_drive_are_refused(board: MakeBoard) -> None:
    lock = board("""
from machine import Pin
inputs, outputs = (6, 20, 40), (11, 34, 39)
for number, mode in [(n, Pin.IN) for n in inputs] + [(n, Pin.OUT) for n in outputs] + [(35, Pin.OPEN_DRAIN)]:
    try:
        Pin(number, mode)
        print("taken", number)
    except ValueError as error:
        print("refused", number, error)
print("ready")
""")
    async with running(lock):
        assert not [line for line in lock.lines if line.startswith("taken")]
        assert "refused 34 pin can only be input" in lock.lines


async def test_input_only_pins_have_no_pull(board: MakeBoard) -> None:
    lock = board("""
from machine import Pin
def levels(pin):
    return sorted({pin.value() for _ in range(8)})
print("pulled", levels(Pin(4, Pin.IN, Pin.PULL_UP)), levels(Pin(5, Pin.IN, Pin.PULL_DOWN)))
print("floating", levels(Pin(34, Pin.IN, Pin.PULL_UP)))
print("ready")
""")
    async with running(lock):
        assert list(lock.lines)[:2] == ["pulled [1] [0]", "floating [0, 1]"]


async def test_a_key_pulls_its_column_low_only_while_its_row_is_low(board: MakeBoard) -> None:
    lock = board("""
from machine import Pin
row, other = Pin(25, Pin.OPEN_DRAIN, value=1), Pin(26, Pin.OPEN_DRAIN, value=1)
column = Pin(32, Pin.IN, Pin.PULL_UP)
seen = []
for level, elsewhere in ((1, 1), (1, 0), (0, 1)):
    row(level)
    other(elsewhere)
    seen.append(column())
print("ready", seen)
""")
    async with running(lock):
        assert "ready [1, 1, 1]" in lock.lines
    lock.switch(25, 32, True)
    async with running(lock):
        assert "ready [1, 1, 0]" in lock.lines


async def test_three_keys_at_the_corners_of_a_rectangle_press_the_fourth(board: MakeBoard) -> None:
    lock = board("""
from machine import Pin
rows = [Pin(n, Pin.OPEN_DRAIN, value=1) for n in (25, 26)]
columns = [Pin(n, Pin.IN, Pin.PULL_UP) for n in (32, 19)]
rows[1](0)
print("ready", [column() for column in columns])
""")
    for row, column in ((25, 32), (25, 19), (26, 32)):
        lock.switch(row, column, True)
    async with running(lock):
        assert "ready [0, 0]" in lock.lines


async def test_an_interrupt_is_scheduled_at_its_edge_and_wakes_the_loop(board: MakeBoard) -> None:
    lock = board(
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
"""
    )
    lock.set_input(34, 1)
    async with running(lock):
        lock.set_input(34, 0)
        await lock.wait_line("woken at 0")
        assert pins(lock, 23) == [0, 1]
        lock.set_input(34, 1)
        assert await lock.live_memory()  # answered after the rising edge was taken
        assert pins(lock, 23) == [0, 1]


async def test_a_waiting_flag_does_not_slow_the_loop(board: MakeBoard) -> None:
    lock = board("""
import asyncio, time
async def main():
    flag = asyncio.ThreadSafeFlag()
    waiting = asyncio.create_task(flag.wait())
    start = time.ticks_ms()
    for _ in range(5000):
        await asyncio.sleep_ms(0)
    print("turns took", time.ticks_diff(time.ticks_ms(), start))
asyncio.run(main())
""")
    async with running(lock, "turns took"):
        assert int(lock.lines[-1].split()[-1]) < 4000  # 5,000 where each turn takes a millisecond


async def test_led_and_buzzer_are_seen(board: MakeBoard) -> None:
    lock = board("""
from machine import PWM, Pin, bitstream
bitstream(Pin(14, Pin.IN), 0, (400, 850, 800, 450), b"\\1\\2\\3")
bitstream(Pin(14, Pin.OUT), 0, (400, 850, 800, 450), b"\\1\\2\\3")
buzzer = PWM(Pin(13), freq=2000, duty_u16=1000)
buzzer.deinit()
print("ready")
""")
    async with running(lock):
        seen = [event for event in lock.events if event["type"] in ("led", "pwm")]
    for event in seen:
        del event["us"]
    assert seen == [
        {"type": "led", "r": 2, "g": 1, "b": 3},
        {"type": "pwm", "pin": 13, "hz": 2000, "duty": 1000},
        {"type": "pwm", "pin": 13, "hz": 0, "duty": 0},
    ]


# -- resets and power

CAUSE = "import machine\nprint('cause', machine.reset_cause())\n"
FIRST_TIME = "if machine.reset_cause() == 1:\n    "


async def test_a_hungry_watchdog_restarts_the_chip_and_says_so(board: MakeBoard) -> None:
    lock = board(CAUSE + FIRST_TIME + "machine.WDT(timeout=1000)\n    while True:\n        pass\n")
    async with running(lock, "cause 1"):
        await lock.wait_line(f"cause {WDT_RESET}")
        assert [event["cause"] for event in lock.events if event["type"] == "reset"] == [WDT_RESET]


async def test_the_watchdog_also_counts_after_main_has_failed(board: MakeBoard) -> None:
    lock = board(CAUSE + FIRST_TIME + "machine.WDT(timeout=1000)\n    raise RuntimeError('oh')\n")
    async with running(lock, "cause 1"):
        await lock.wait_line(f"cause {WDT_RESET}")
        assert "RuntimeError: oh" in lock.lines
        assert '  File "main.py", line 5, in <module>' in lock.lines


async def test_a_fed_watchdog_keeps_quiet(board: MakeBoard) -> None:
    lock = board("""
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
""")
    async with running(lock):
        assert not [event for event in lock.events if event["type"] == "reset"]


@pytest.mark.parametrize(("call", "cause"), [("reset", HARD_RESET), ("soft_reset", SOFT_RESET)])
async def test_a_reset_restarts_with_its_cause(board: MakeBoard, call: str, cause: int) -> None:
    drive = "import machine\nmachine.Pin(23, machine.Pin.OUT, value=1)\n"
    lock = board(drive + FIRST_TIME + f"machine.{call}()\n" + CAUSE)
    async with running(lock, f"cause {cause}"):
        pass
    let_go = [] if cause == SOFT_RESET else [None]  # a soft reset leaves the pins as they are
    assert pins(lock, 23) == [1, *let_go, 1, None]


async def test_the_power_can_go_on_with_any_cause(board: MakeBoard) -> None:
    lock = board(CAUSE)
    await lock.power_on(cause=WDT_RESET)
    await lock.wait_line(f"cause {WDT_RESET}")


async def test_the_clock_runs_over_a_reset_and_forgets_without_power(board: MakeBoard) -> None:
    lock = board("""
import machine
rtc = machine.RTC()
print("clock", rtc.datetime()[:4])
if machine.reset_cause() == 1:
    rtc.datetime((2026, 3, 4, 0, 5, 6, 7, 8))
    print("set", rtc.datetime()[:6])
    machine.reset()
print("ready")
""")
    for _ in range(2):
        async with running(lock):
            assert "clock (2026, 3, 4, 2)" in lock.lines
        assert list(lock.lines)[-4:-2] == ["clock (2000, 1, 1, 5)", "set (2026, 3, 4, 2, 5, 6)"]


async def test_inputs_arrive_while_the_prompt_idles_and_in_a_second_loop(board: MakeBoard) -> None:
    lock = board("""
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
""")
    async with running(lock):
        lock.set_input(4, 0)
        await lock.wait_line("at the prompt")
        lock.set_input(4, 1)
        await lock.wait_line("risen")


async def test_a_chip_that_cannot_start_says_why(tmp_path: Path) -> None:
    (tmp_path / "app").mkdir()
    lock = Board(tmp_path / "board", tmp_path / "app", tmp_path, {}, MICROPYTHON)
    with pytest.raises(ChipFailed, match="no module named 'rom'"):
        await lock.power_on()
    assert not lock.powered


# -- flash

WRITE_FOR_EVER = """
n = 0
while True:
    n += 1
    with open("/count.new", "w") as file:
        file.write("%08d" % n * 100)
    import os
    os.rename("/count.new", "/count")
    print("wrote", n)
"""


async def test_the_flash_holds_what_it_was_given(board: MakeBoard) -> None:
    lock = board(
        """
import os, sys
print(open("/access/list").read(), open("/config.json").read(), sys.path)
print(os.statvfs("/")[:3])
print("ready")
""",
        extra_files={"/access/list": b"records"},
    )
    async with running(lock):
        assert "records {} ['', '.frozen', '/lib']" in lock.lines
        assert "(4096, 4096, 240)" in lock.lines
    assert lock.read_file("/access/list") == b"records"
    lock.write_file("/access/list", b"other")
    async with running(lock):
        assert "other {} ['', '.frozen', '/lib']" in lock.lines


async def test_what_was_written_survives_a_killed_process(board: MakeBoard) -> None:
    lock = board(WRITE_FOR_EVER)
    async with running(lock, "wrote 20"):
        pass
    said = max(int(line.split()[1]) for line in lock.lines if line.startswith("wrote "))
    kept = lock.read_file("/count")
    assert len(kept) == 800
    assert int(kept[:8]) in (said, said + 1)


@pytest.mark.parametrize("n", [1, 2, 3, 5, 8, 13, 21, 34])
async def test_a_cut_in_the_nth_operation_leaves_the_old_or_the_new(board: MakeBoard, n: int) -> None:
    lock = board(WRITE_FOR_EVER)
    lock.cut_at(n)
    await lock.power_on()
    await lock.wait_off()
    assert not lock.powered
    assert lock.events[-1] | {"us": 0} == {"type": "power", "on": False, "us": 0}
    said = sum(line.startswith("wrote ") for line in lock.lines)
    if "/count" in image.names(lock.flash_path):
        kept = lock.read_file("/count")
        assert len(kept) == 800
        assert int(kept[:8]) in (said, said + 1)
    else:
        assert said == 0
    async with running(lock, "wrote 3"):  # and it goes on
        pass


async def test_programming_only_clears_bits_and_torn_work_is_torn(tmp_path: Path) -> None:
    """The block device by itself, below littlefs, in a program in the place of chip.py."""
    (tmp_path / "fakes").mkdir()
    for source in FAKES.glob("*.py"):
        (tmp_path / "fakes" / source.name).write_text(source.read_text())
    (tmp_path / "fakes/chip.py").write_text("""
import bus, flash, machine, network, pins
wire = bus.Bus()
pads = pins.Pads(wire)
wire.commands[b"net"] = lambda near: None
knife = flash.Knife(wire)
device = flash.Flash(knife)
def block():
    buf = bytearray(4096)
    device.readblocks(200, buf)
    return buf
device.ioctl(6, 200)
assert block() == b"\\xff" * 4096
device.writeblocks(200, b"\\x0f" * 256, 64)
device.writeblocks(200, b"\\x3c" * 32, 96)
got = block()
assert got[64:96] == b"\\x0f" * 32 and got[96:128] == b"\\x0c" * 32 and got[128:320] == b"\\x0f" * 192
assert got[:64] == b"\\xff" * 64 and got[320:] == b"\\xff" * (4096 - 320)
device.writeblocks(200, b"\\x55" * 4096)
assert block() == b"\\x55" * 4096
assert knife._counts == [2, 3, 0]
print("sound")
wire.send(b"boot 1 0 0\\n")
device.ioctl(6, 201)
wire.pump()
while True:
    device.writeblocks(201, b"\\0" * 4096, 0)
""")
    (tmp_path / "app").mkdir()
    lock = Board(tmp_path / "board", tmp_path / "app", tmp_path / "fakes", {}, MICROPYTHON)
    left = []
    for n in (7, 6):  # 7 programs a block of zeros; 6 erases the same block before that
        lock.cut_at(n)
        await lock.power_on()
        await lock.wait_off()
        assert "sound" in lock.lines
        left.append(lock.flash_path.read_bytes()[201 * 4096 : 202 * 4096])
    programmed, erased = left
    assert 0 < programmed.count(0) < 4096
    assert programmed.startswith(bytes(programmed.count(0)))
    assert erased not in (programmed, b"\xff" * 4096)
    lock.cut_at(1)  # before the chip says that it boots: power_on returns, with the power off
    await lock.power_on()
    assert not lock.powered


async def test_only_committed_nvs_values_outlive_the_power(board: MakeBoard) -> None:
    lock = board("""
import esp32
nvs = esp32.NVS("lock")
buf = bytearray(8)
def get(call, *arguments):
    try:
        return call(*arguments)
    except OSError as error:
        return error.errno
numbers = [get(nvs.get_i32, name) for name in ("kept", "lost")]
print("found", numbers, get(nvs.get_blob, "blob", buf), bytes(buf[:3]))
nvs.set_i32("kept", -7)
nvs.set_blob("blob", b"abc")
nvs.commit()
nvs.set_i32("lost", 8)
too_short, too_long = get(nvs.get_blob, "blob", bytearray(2)), get(nvs.set_i32, "name of sixteen.", 1)
print("now", nvs.get_i32("lost"), too_short, too_long)
print("ready")
""")
    async with running(lock):
        assert lock.lines[0] == f"found {[-0x1102, -0x1102]} {-0x1102} {bytes(3)}"
        assert lock.lines[1] == f"now 8 {-0x110C} {-0x1109}"
        assert (await lock.flash_stats())["commits"] == 1
    async with running(lock):
        assert lock.lines[3] == f"found {[-7, -0x1102]} 3 b'abc'"


async def test_a_cut_in_a_commit_leaves_the_old_or_the_new_values(board: MakeBoard) -> None:
    lock = board("""
import esp32
nvs = esp32.NVS("lock")
n = 0
while True:
    n += 1
    nvs.set_i32("a", n)
    nvs.set_i32("b", n)
    nvs.commit()
""")
    outcomes = set()
    for n in range(2, 12):
        lock.nvs_path.unlink(missing_ok=True)
        lock.cut_at(n)
        await lock.power_on()
        await lock.wait_off()
        values = json.loads(lock.nvs_path.read_text())["lock"]
        assert values["a"] == values["b"]
        outcomes.add(n - values["a"])
    assert outcomes == {0, 1}


async def test_a_file_that_does_not_fit_is_refused_and_nothing_changes(board: MakeBoard) -> None:
    lock = board("", extra_files={"/a": b"old"})
    before = lock.flash_path.read_bytes()
    with pytest.raises(OSError, match="No space left"):
        lock.write_file("/a", bytes(1_000_000))
    assert lock.flash_path.read_bytes() == before


# -- serial line

ECHO = """
import asyncio
from machine import UART
async def main():
    uart = UART(2, baudrate=115200, tx=17, rx=16)
    stream = asyncio.StreamReader(uart)
    print("nothing", uart.any(), uart.read(), uart.read(5))
    print("ready")
    while True:
        data = await stream.read(4)
        uart.write(b"<" + data + b">")
asyncio.run(main())
"""


async def test_bytes_cross_the_serial_line_both_ways(board: MakeBoard) -> None:
    lock = board(ECHO)
    heard = bytearray()
    lock.uart(2).on_data(heard.extend)
    lock.uart(2).write(b"before the chip has power")
    async with running(lock):
        assert "nothing 0 None None" in lock.lines
        lock.uart(2).write(b"abcdefgh")
        async with asyncio.timeout(30):
            while heard.count(b">") < 2:
                await lock.memory()  # a round trip
    assert heard == b"<abcd><efgh>"


async def test_a_full_receive_buffer_loses_bytes(board: MakeBoard) -> None:
    lock = board("""
import asyncio
from machine import Pin, UART
async def main():
    uart = UART(2)
    go = asyncio.Event()
    Pin(4, Pin.IN, Pin.PULL_UP).irq(lambda _: go.set(), Pin.IRQ_FALLING)
    print("ready")
    await go.wait()
    print("waiting", uart.any(), "read", len(uart.read()))
asyncio.run(main())
""")
    async with running(lock):
        for _ in range(3):
            lock.uart(2).write(bytes(100))
        lock.set_input(4, 0)
        assert await lock.wait_line("waiting") == "waiting 256 read 256"
    assert lock.uart(2).lost == 44


# -- network


async def test_wifi_connects_after_a_while_and_only_in_reach(board: MakeBoard) -> None:
    lock = board("""
import asyncio, network, time
async def main():
    wlan = network.WLAN(network.STA_IF)
    try:
        wlan.connect("house", "secret")
    except OSError as error:
        print("first", error)
    wlan.active(True)
    wlan.connect("house", "secret")
    try:
        wlan.connect("house", "secret")
    except OSError as error:
        print("twice", error)
    print("ready", wlan.isconnected(), wlan.status() == network.STAT_CONNECTING, wlan.ifconfig()[0])
    for state in (True, False):
        start = time.ticks_ms()
        while wlan.isconnected() != state:
            await asyncio.sleep_ms(10)
        print("is", state, time.ticks_diff(time.ticks_ms(), start) >= 250)
asyncio.run(main())
""")
    async with running(lock):
        assert lock.lines[0] == "first Wifi Not Started"
        assert lock.lines[1] == "twice Wifi Internal Error"
        assert lock.lines[2] == "ready False True 0.0.0.0"
        lock.access_point(True)
        assert await lock.wait_line("is True") == "is True True"
        lock.access_point(False)
        await lock.wait_line("is False")
    assert [event["action"] for event in lock.events if event["type"] == "wifi"] == ["on", "connect"]


# -- the process


PARENT = f"""
import asyncio, pathlib, sys
from tools.simulator.board import Board
async def main():
    folder = pathlib.Path(sys.argv[1])
    board = Board(folder / "board", folder / "app", {str(FAKES)!r}, {{}}, {str(MICROPYTHON)!r})
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
    parent = await asyncio.create_subprocess_exec(
        sys.executable, "-c", PARENT, tmp_path, stdout=asyncio.subprocess.PIPE, cwd=ROOT
    )
    assert parent.stdout is not None
    chip = int(await parent.stdout.readline())
    assert alive(chip)
    parent.kill()
    await parent.wait()
    async with asyncio.timeout(30):
        while alive(chip):  # noqa: ASYNC110 - another process's end has no event
            await asyncio.sleep(0.01)


async def test_the_chip_ends_when_the_bus_is_closed(board: MakeBoard) -> None:
    lock = board(SERVE)
    async with running(lock):
        lock._chip._bus.shutdown(1)
        lock._verdict = 0
        await lock.wait_off()
