"""A whole lock on a virtual clock, app.py and all: only the chip, the air and the broker are played.

`packets` has all that whoever listens to its network sees: [ms, what, bytes].
"""

import json
import sys
from binascii import hexlify

from ram_flash import RamFlash
from ram_numbers import RamNvs
from virtual_air import NOW, Air, Socket, Sockets, Tls
from virtual_time import clock  # before all modules of the firmware

import console

PIN, KEY = b"739516", bytes(32)
_BLOCKS = 80
_FLASH = bytearray(4096 * _BLOCKS)  # one for all locks: the heap has no place for many
console.info = console.warning = console.error = lambda source, text: None


class Reset(BaseException):
    """The chip was reset."""


class Pin:
    """An input that is moved by hand, or an output that nobody asks."""

    def __init__(self, level=1):
        self.level = level

    def value(self, *level):
        if not level:
            return self.level
        self.level = level[0]
        return None


class Board:
    """In place of board.py."""

    KEY_LAYOUT = "123456789*0#"
    air = nvs = None

    def __init__(self, unlock_level, *wiring):
        from storage.nvs import Numbers

        self.numbers = Numbers(Board.nvs)
        self.relay, self.contact, self.exit_button, self.tamper = Pin(0), Pin(0), Pin(1), Pin(0)
        self.key_rows = [Pin() for _ in range(4)]
        self.key_columns = [Pin() for _ in range(3)]
        self.fault_inputs = ()
        self._ahead = NOW * 1000 - clock.now

    def light(self, rgb):
        pass

    sound = remember_relay = light

    def wlan(self):
        return Board.air

    def idf_free(self):
        return None

    def datetime(self, *value):
        from access.clock import seconds
        from access.dates import date

        if value:
            year, month, day, _, hour, minute, second, _ = value[0]
            self._ahead = seconds(year, month, day, hour, minute, second) * 1000 - clock.now
        return date((clock.now + self._ahead) // 1000)

    def reset(self):
        raise Reset

    def reset_cause(self):
        return "power-on"


class Chip:
    """The module esp32, as far as it is imported."""

    Partition = NVS = None


sys.modules["socket"] = Sockets
sys.modules["esp32"] = Chip
sys.modules["board"] = type("board", (), {"Board": Board})
sys.modules["link.tls"] = Tls

import app  # noqa: E402
import inside  # noqa: E402
import link.timekeeper  # noqa: E402
import loader  # noqa: E402
from door import doorkeeper  # noqa: E402
from settings import parse  # noqa: E402

SETTINGS = {
    "lock": "demo",
    "key": hexlify(KEY).decode(),
    "reader": {"type": "none"},
    "wifi": {"ssid": "house", "password": "password"},
    "broker": {"host": "192.0.2.1"},
    "network": {"ntp": "192.0.2.2"},
}


class Seldom:
    """asyncio for the door's loop, which looks less often: nothing that is sent hangs on it."""

    times = 50

    @staticmethod
    async def sleep_ms(ms):
        import asyncio

        await asyncio.sleep_ms(ms * Seldom.times)


doorkeeper.asyncio = Seldom


class Plenty:
    """sys and gc for loans, which give nothing back here: to look for it takes longer than all else."""

    modules = ()

    @staticmethod
    def collect():
        pass

    @staticmethod
    def threshold(size):
        pass

    @staticmethod
    def mem_free():
        return 0  # so nothing is kept that could be: there is no collector that would give it back


loader.sys = loader.gc = Plenty


async def _wait_for_ever():
    import asyncio

    while True:
        await asyncio.sleep_ms(60_000)


async def _live(lock):
    await app.go_on(*lock.arm())
    await _wait_for_ever()


class Keypad:
    """A keypad whose keys the test presses at the doorkeeper."""

    async def run(self, *told):
        await _wait_for_ever()


class Watchdog:
    def feed(self):
        pass


class VirtualLock:
    """A lock with one tenant and a list, which has not started yet. `more` are records."""

    def __init__(self, more=(), **settings):
        from list_parts import install, opened, record

        from storage.hmac import Mac

        clock.begin()
        self.flash, self.settings = RamFlash("/access", _BLOCKS, _FLASH), dict(SETTINGS, **settings)
        self.packets = []
        self.air = Board.air = Socket.air = Air(self.packets)
        self.air.time = lambda: NOW + (clock.now - self.born) // 1000
        self.born = clock.now
        Board.nvs = RamNvs()
        self.digest = Mac(KEY).digest(b"\1" + PIN)[:16]
        self.records = sorted([record(self.digest, 1, 1, 1)] + list(more))
        install(opened(), 1, self.records)
        self.timekeepers = []
        keep = self.timekeepers.append
        made = link.timekeeper.Timekeeper

        class Kept(made):
            def __init__(self, *parts):
                super().__init__(*parts)
                keep(self)

        self._made, self._kept = made, Kept
        self.entries = 0

    def run(self, end_ms):
        """Start it, and let it live for so long or to its reset: the time of that, or None."""
        import asyncio

        link.timekeeper.Timekeeper = self._kept
        lock = inside.Lock(parse(json.dumps(self.settings)), Watchdog())
        lock._keypad = Keypad()
        self.board, self.keeper = lock._parts[1], lock._doorkeeper
        grant = lock._doorkeeper._controller.grant

        def count(*granted):
            self.entries += 1
            grant(*granted)

        lock._doorkeeper._controller.grant = count

        async def live():
            await asyncio.wait_for_ms(_live(lock), end_ms)

        try:
            asyncio.run(live())
        except asyncio.TimeoutError:
            return None
        except Reset:
            return clock.now
        finally:
            link.timekeeper.Timekeeper = self._made
        return None

    # -- what people do

    def type(self, code, at):
        """Type at that time, a key in 200 ms."""
        for n, key in enumerate(code):
            clock.at(at + 200 * n, lambda key=key: self.keeper.key(key))

    def move(self, pin, level, at):
        clock.at(at, lambda: getattr(self.board, pin).value(level))

    def visit(self, at):
        """Somebody comes in with their PIN, and another goes out by the button: 12 s."""
        self.type(PIN.decode() + "#", at)
        self.move("contact", 1, at + 2500)
        self.move("contact", 0, at + 5000)
        self.move("exit_button", 0, at + 7000)
        self.move("exit_button", 1, at + 8600)
        self.move("contact", 1, at + 9000)
        self.move("contact", 0, at + 11_000)
