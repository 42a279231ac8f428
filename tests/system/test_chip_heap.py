"""What the simulated chip takes of MicroPython's heap: as much as the real one, no less and hardly more.

On the chip all of it is C. A fake that takes more has the firmware collect garbage more often, and scatters
its heap; one that takes less is kinder than the chip.
"""

from pathlib import Path

from tests.chip_heap import PORT
from tests.system.helpers.chip import make_board, running

_ROUNDS = 20
_QUESTION = 64  # bytes for a line of the world: what asyncio takes to wait for the next one
_ADDRESS = 4 * 32 + 48  # four strings of two blocks each, and a tuple of four
# what is called, and how many bytes of garbage each call makes, at least and at most
_CALLS = (
    ("a look at a pin", "pin()", 0, 0),
    ("a look at a pin, a key is down", "column()", 0, 0),
    ("two edges of a pin", "out(1), out(0)", 0, 0),
    ("two edges of an open drain", "drain(0), drain(1)", 0, 0),
    ("a colour of the LED", "machine.bitstream(out, 0, TIMES, colour)", 0, 0),
    ("silence", "tone.deinit()", 0, 0),
    ("the watchdog is fed", "dog.feed()", 0, 0),
    ("UART: write", "uart.write(some)", 0, 0),
    ("UART: readinto", "uart.readinto(buffer)", 0, 0),
    ("UART: any", "uart.any()", 0, 0),
    ("the clock is read", "machine.RTC().datetime()", 48, 48),  # the tuple
    ("NVS: get_i32", "nvs.get_i32('order')", 0, 0),
    ("NVS: set_i32", "nvs.set_i32('order', 7)", 0, 0),
    ("NVS: get_blob", "nvs.get_blob('blob', buffer)", 0, 0),
    ("NVS: set_blob", "nvs.set_blob('blob', buffer)", 0, 0),
    ("NVS: commit", "nvs.commit()", 0, 0),
    ("a file: seek, readinto", "file.seek(0), file.readinto(buffer)", 0, 0),
    ("a file of 20 bytes", "write(20)", 256, 256),  # what littlefs takes to open a file
    ("a file of 5,000 bytes", "write(5000)", 256, 256),
    ("ESP-IDF's heap is looked at", "esp32.idf_heap_info(esp32.HEAP_DATA)", 6 * 32 + 32, 400),  # six regions
    ("Wi-Fi: isconnected", "wlan.isconnected()", 0, 0),
    ("Wi-Fi: ifconfig", "wlan.ifconfig()", _ADDRESS - 16, _ADDRESS),
    ("Wi-Fi: its address", "wlan.config('mac')", 32, 32),
    ("an address is looked up", "socket.getaddrinfo('127.0.0.1', 1)", 112, 256),
    ("a socket that is closed again", "socket.socket().close()", 48, 80),
    ("UDP: send", "sock.send(some)", 0, 0),
    ("UDP: recv(20) of 6 bytes", "sock.send(some), sock.recv(20)", 32, 32),
)
# and what each object keeps
_OBJECTS = (
    ("a pin", "Pin(18, Pin.OUT)", 0, 0),
    ("a UART", "UART(2, 115200, tx=17, rx=16, rxbuf=512)", 64, 96),
    ("a tone", "PWM(out, freq=1000)", 32, 32),
    ("a socket", "socket.socket()", 48, 64),
    ("a flag", "asyncio.ThreadSafeFlag()", 48, 80),
    ("a handle of NVS", "esp32.NVS('other')", 16, 96),
)
_MAIN = f"""
import asyncio, esp32, ffi, gc, machine, network, os, socket, time
from machine import Pin, PWM, UART
pin, out, drain = Pin(4, Pin.IN), Pin(5, Pin.OUT, value=0), Pin(12, Pin.OPEN_DRAIN, value=1)
column = Pin(14, Pin.IN, Pin.PULL_UP)
TIMES, colour, some, buffer = (400, 850, 800, 450), bytearray(3), b"abcdef", bytearray(20)
tone, dog, uart = PWM(out), machine.WDT(timeout=90_000), UART(2)
nvs = esp32.NVS("menshen")
nvs.set_blob("blob", buffer)
nvs.set_i32("order", 1)
wlan = network.WLAN(network.STA_IF)
wlan.active(True)
wlan.connect("house", "password")
time.sleep_ms(400)
def write(size):
    with open("/file", "wb") as new:
        for _ in range(size // 20):
            new.write(buffer)
write(20)
file = open("/file", "rb")
sock = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
sock.bind(socket.getaddrinfo("127.0.0.1", 0)[0][-1])
own, size = bytearray(16), bytearray(b"\x10\0\0\0")
ffi.open(None).func("i", "getsockname", "ipp")(sock.fileno(), own, size)
sock.connect(own)
def garbage(name, call):
    call()
    gc.collect()
    gc.disable()
    before = gc.mem_alloc()
    for _ in range({_ROUNDS}):
        call()
    print("garbage", (gc.mem_alloc() - before) // {_ROUNDS}, name)
    gc.enable()
def live(name, make):
    gc.collect()
    before = gc.mem_alloc()
    kept = make()
    gc.collect()
    print("live", gc.mem_alloc() - before, name)
"""
_SERVE = """
gc.collect()
gc.disable()
async def wait():
    while True:
        dog.feed()
        await asyncio.sleep_ms(500)
print("ready")
asyncio.run(wait())
"""


def _program() -> str:
    """Prints for each row what the call takes; of several calls no tuple is made."""
    rows = [
        f"def call():\n    {code.replace('), ', '); ')}\ngarbage({name!r}, call)\n"
        for name, code, *_ in _CALLS
    ]
    return (
        _MAIN + "".join(rows + [f"live({name!r}, lambda: {code})\n" for name, code, *_ in _OBJECTS]) + _SERVE
    )


async def test_each_call_takes_of_the_heap_what_it_takes_on_the_chip(tmp_path: Path, app_dir: Path) -> None:
    board = make_board(tmp_path, _program(), fakes=app_dir.parent / "fakes", port=PORT, heapsize="124k")
    board.access_point(True)
    board.switch(12, 14, True)
    async with running(board):
        before = (await board.memory())["alloc"]
        for _ in range(_ROUNDS):
            await board.memory()
        asked = ((await board.memory())["alloc"] - before) // _ROUNDS
    said = [line.split(maxsplit=2) for line in board.lines if line.startswith(("garbage", "live"))]
    taken = {(kind, name): int(size) for kind, size, name in said}
    wrong = []
    for kind, rows in ("garbage", _CALLS), ("live", _OBJECTS):
        for name, _, least, most in rows:
            took = taken[kind, name]
            print(f"{name:32} {kind:8} {took:4}   at most {most}")
            if not least <= took <= most:
                wrong.append(f"{name}: {took} bytes, and not {least} to {most}")
    assert not wrong
    print(f"a question of the world: {asked} bytes")
    assert asked <= _QUESTION


async def test_a_file_that_the_collector_closes_is_written(tmp_path: Path, app_dir: Path) -> None:
    """The heap is locked in the midst of a collection: nothing that writes may take anything of it."""
    main = """
import gc, os
def leave(name):
    open(name, "w").write("left open" * 500)
for n in range(4):
    leave("/left%d" % n)
gc.collect()
print("written", [os.stat("/left%d" % n)[6] for n in range(3)])  # the last may still be on the stack
print("ready")
"""
    board = make_board(tmp_path, main, fakes=app_dir.parent / "fakes", port=PORT, heapsize="124k")
    async with running(board):
        assert "written [4500, 4500, 4500]" in board.lines
