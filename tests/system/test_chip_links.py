"""Serial line and radio of the simulated chip."""

import asyncio
from pathlib import Path

from tests.system.helpers.chip import make_board, running

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


async def test_bytes_cross_the_serial_line_both_ways(tmp_path: Path) -> None:
    lock = make_board(tmp_path, ECHO)
    heard = bytearray()
    lock.uart(2).on_data(lambda data, at: heard.extend(data))
    lock.uart(2).write(b"before the chip has power")
    async with running(lock):
        assert "nothing 0 None None" in lock.lines
        lock.uart(2).write(b"abcdefgh")
        async with asyncio.timeout(30):
            while heard.count(b">") < 2:
                await lock.memory()  # a round trip
    assert heard == b"<abcd><efgh>"


async def test_the_other_end_learns_of_a_speed_after_what_was_sent_before_it(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
from machine import UART
uart = UART(2, 115200, rxbuf=512)
uart.write(b"slow")
uart.init(921600)
uart.write(b"fast")
uart.init(rxbuf=300)
uart.write(b"as fast")
uart.init(9600)
print("ready")
""",
    )
    heard = []
    lock.uart(2).on_data(lambda data, at: heard.append(data))
    lock.uart(2).on_speed(lambda baud, at: heard.append(baud))
    async with running(lock):
        async with asyncio.timeout(30):
            while 9600 not in heard:
                await lock.memory()  # a round trip
    assert heard == [115_200, b"slow", 921_600, b"fast", 921_600, b"as fast", 9600]


async def test_a_pin_that_moved_before_a_byte_came_has_interrupted_by_the_time_that_is_read(
    tmp_path: Path,
) -> None:
    """By each way to read, in a program that gives its event loop no turn meanwhile."""
    lock = make_board(
        tmp_path,
        """
from machine import Pin, UART
uart, buffer, fell = UART(2), bytearray(9), []
ways = [uart.read, lambda: uart.readinto(buffer), uart.readline, uart.any]
Pin(4, Pin.IN, Pin.PULL_UP).irq(lambda _: fell.append(1), Pin.IRQ_FALLING)
print("ready")
for way in ways:
    while not way():
        pass
    print("came", len(fell))
""",
    )
    async with running(lock):
        for count in range(1, 5):
            lock.set_input(4, 0)
            lock.set_input(4, 1)
            lock.uart(2).write(b"\n")
            await lock.wait_line(f"came {count}")


async def test_a_full_receive_buffer_loses_bytes(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
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
""",
    )
    async with running(lock):
        for _ in range(3):
            lock.uart(2).write(bytes(100))
        lock.set_input(4, 0)
        assert await lock.wait_line("waiting") == "waiting 256 read 256"
    assert lock.uart(2).lost == 44


async def test_wifi_connects_after_a_while_and_only_in_reach(tmp_path: Path) -> None:
    lock = make_board(
        tmp_path,
        """
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
""",
    )
    async with running(lock):
        assert lock.lines[0] == "first Wifi Not Started"
        assert lock.lines[1] == "twice Wifi Internal Error"
        assert lock.lines[2] == "ready False True 0.0.0.0"
        lock.access_point(True)
        assert await lock.wait_line("is True") == "is True True"
        lock.access_point(False)
        await lock.wait_line("is False")
    assert [event["action"] for event in lock.events if event["type"] == "wifi"] == ["on", "connect"]
