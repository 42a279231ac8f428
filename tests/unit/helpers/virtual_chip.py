"""The chip's modules in this process, in virtual time, with one knife for all flash.

Flash and NVS are those of unit/helpers/knife_flash.py: the power goes in the n-th operation of either.
"""

import os
import sys
from hashlib import sha256

import vfs
from chip_time import time
from knife_flash import BLOCK, Knife, PowerCut, Reset
from reordering_flash import CutFlash, ReorderingFlash
from unmounting import unmount

from storage import hmac

_BLOCKS = 64
_NOT_FOUND, _TOO_LONG = -0x1102, -0x110C
_ERASE = 6
_DAYS_2000 = 10_957


_EIO, _WORN = -5, -0x1105


class Chip:
    """What lasts without power: `data` of the flash, `kept` of NVS. `grants`: times the bolt was let go.

    From the operation number `worn_at` on nothing can be written to what is `worn`, and whoever tries is told
    so; `failed` counts it.
    """

    FLASH, NVS = 1, 2
    worn_at = writes = failed = 0
    worn = FLASH | NVS

    def __init__(self):
        self.data, self.kept = bytearray(BLOCK * _BLOCKS), {}
        self.knife, self.grants, self.cause = Knife(), 0, 1
        self.is_free = False
        self.set_clock(_DAYS_2000 * 86_400)
        self.erase()

    def erase(self):
        """As from the factory."""
        for at in range(0, len(self.data), BLOCK):
            self.data[at : at + BLOCK] = b"\xff" * BLOCK
        self.kept.clear()
        self.worn_at = 0
        self._drawn = 0
        self.knife = Knife()
        vfs.VfsLfs2.mkfs(CutFlash(self.knife, self.data))

    def start(self, reorders=False, cold=True):
        """Mount the flash; after a `cold` start the clock is lost. What was not committed is gone."""
        unmount("/")
        self.knife = Knife()
        flash = (ReorderingFlash if reorders else _WearingFlash)(self.knife, self.data)
        vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/")
        self.grants, self.cause, self.is_free = 0, 1 if cold else 2, False
        if cold:
            self.set_clock(_DAYS_2000 * 86_400)

    def is_worn(self, what):
        """Whether this write fails."""
        self.writes += 1
        fails = 0 < self.worn_at <= self.writes and self.worn & what
        self.failed += bool(fails)
        return fails

    def random(self, size):
        """The same for each lock, so that a failure comes again."""
        self._drawn += 1
        return sha256(b"%d" % self._drawn).digest()[:size]

    def set_clock(self, now):
        self._offset = now * 1000 - time.now_ms

    def read_clock(self):
        return (time.now_ms + self._offset) // 1000


class _WearingFlash(CutFlash):
    """One that may be worn: littlefs is told, and raises OSError."""

    def writeblocks(self, block, buf, offset=-1):
        return _EIO if chip.is_worn(chip.FLASH) else super().writeblocks(block, buf, offset)

    def ioctl(self, op, argument):
        return _EIO if op == _ERASE and chip.is_worn(chip.FLASH) else super().ioctl(op, argument)


class Nvs:
    """One namespace. What is set lasts from the commit on."""

    def __init__(self, namespace):
        self._pending, self._knife = {}, chip.knife

    def _get(self, name):
        for values in (self._pending, chip.kept):
            if name in values:
                return values[name]
        raise OSError(_NOT_FOUND)

    get_i32 = _get

    def get_blob(self, name, buffer):
        value = self._get(name)
        if len(value) > len(buffer):
            raise OSError(_TOO_LONG)
        buffer[: len(value)] = value
        return len(value)

    def set_i32(self, name, value):
        if not -(1 << 31) <= value < 1 << 31:
            raise OverflowError
        self._set(name, value)

    def set_blob(self, name, value):
        self._set(name, bytes(value))

    def _set(self, name, value):
        if self._knife.dead:
            raise PowerCut
        self._pending[name] = value

    def erase_key(self, name):
        self._get(name)
        self._pending.pop(name, None)
        chip.kept.pop(name, None)

    def commit(self):
        if chip.is_worn(chip.NVS):
            self._pending = {}
            raise OSError(_WORN)
        torn = self._knife.falls()
        if not torn or self._knife.random(2):
            chip.kept.update(self._pending)
        self._pending = {}
        if torn:
            raise PowerCut


class Pin:
    """The relay opens at a high level. Inputs are high, but for the door's contact and the tamper switch."""

    IN, OUT, OPEN_DRAIN, PULL_UP, PULL_DOWN, IRQ_FALLING, IRQ_RISING = range(7)
    RELAY, CONTACT, TAMPER = 23, 35, 21
    low = {CONTACT, TAMPER}
    handlers = {}  # of interrupts, by number

    def __init__(self, number, mode=0, pull=None, value=None):
        self._number, self._level = number, value
        if mode == Pin.IN:
            self._level = None

    def value(self, *level):
        if not level:
            return int(self._number not in Pin.low) if self._level is None else self._level
        if self._number == Pin.RELAY and not chip.knife.dead:
            chip.grants += level[0]
            chip.is_free = bool(level[0])
        self._level = level[0]
        return None

    def irq(self, handler=None, trigger=0):
        Pin.handlers[self._number] = handler

    def init(self, *how, **more):
        pass

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    __call__ = value


class Rtc:
    def datetime(self, value=None):
        from access.clock import seconds
        from access.dates import date

        if value is None:
            return date(chip.read_clock())
        chip.set_clock(seconds(*value[:3], *value[4:7]))
        return None


class Silent:
    """A part that nobody looks at."""

    def __init__(self, *how, **more):
        pass

    def __getattr__(self, name):
        return self._nothing

    def _nothing(self, *how, **more):
        pass


class Wlan(Silent):
    def isconnected(self):
        return True

    def ifconfig(self):
        return "192.0.2.10", "255.255.255.0", "192.0.2.1", "192.0.2.1"

    def status(self, what=""):
        return -61


class PlainPartition:
    """The stock image has one application partition only."""

    BOOT, RUNNING = 0, 1

    def __init__(self, which):
        pass

    def get_next_update(self):
        raise OSError(2)


def _reset():
    raise Reset


class _Module:
    """What an import finds."""

    def __init__(self, name, **what):
        for attribute, value in what.items():
            setattr(self, attribute, value)
        sys.modules[name] = self


chip = Chip()
_Module(
    "machine",
    Pin=Pin,
    RTC=Rtc,
    UART=Silent,
    PWM=Silent,
    bitstream=Silent,
    reset=_reset,
    reset_cause=lambda: chip.cause,
    PWRON_RESET=1,
)
_Module("os", **{name: getattr(os, name) for name in dir(os)})
sys.modules["os"].urandom = lambda size: chip.random(size)  # noqa: PLW0108
hmac.urandom = sys.modules["os"].urandom
_Module("esp32", NVS=Nvs, Partition=PlainPartition)
_Module("network", WLAN=lambda which: Wlan(), STA_IF=0)
