"""The chip on which a tap is timed: the whole lock, as it lies in the flash, in the time of bench/taps.py.

Run by the Unix port. While all tasks wait, the time moves on to the next tick of FreeRTOS, 10 ms, or to an
interrupt of a pin: an ESP32 looks at its serial line no sooner. Work takes no time, except TURN_US in each
turn of the event loop. Turns in which a single task looks at the line and finds nothing are left out, if
neither its clock nor the line can have anything new for it.

What work takes is measured by itself. A tap that was recorded is played again, with all answers there at
once; the CPU time counts from the card's first answer to the relay, less what the stand-ins for the line, the
flash and the clock take. Random numbers are the same each time, so that the card's answers are.
"""

import asyncio
import os
import struct
import sys
import time as real
from asyncio import core

import vfs
from micropython import mem_total
from tap_line import UART

from bus import libc
from flag import ThreadSafeFlag
from flash import Flash

TURN_US = 20
_TICK_US = 10_000
_AHEAD_US = 3_600_000_000  # what asyncio's own C code queues, by the true time, is due
_SECTIONS = 5000
_VAIN = 5  # looks at the line in one millisecond: one more than there are after a time that is over
_HEAD = "<qqH"  # of what the reader says: when, and ns of each byte, how many
_FALLS, _RECORD, _PLAY = b"1", b"2", b"3"  # in the world's answer


class World:
    """The clock, in us, and the line to the other end: a message each way for each wait."""

    def __init__(self):
        self._wire = int(os.getenv("MENSHEN_WORLD"))
        self._write, self._read = libc.func("l", "write", "ipL"), libc.func("l", "read", "ipL")
        self.cpu = libc.func("l", "clock", "")
        self._answer = bytearray(4096)
        self._said = []
        self.began = self.now = real.ticks_ms() * 1000 + _AHEAD_US
        self.reader = self.irq = self.on_irq = None
        self._record, self._place, self._since = [], -1, 0
        self._records = False  # from a tap that is asked for until it opens: the heap is the lock's
        self.own_us = 0  # CPU time of the stand-ins
        self._sections = self._turns = 0  # of the stand-ins, and of the event loop, in this tap
        self._look_us = 0.0  # what it takes to time a section, which is nobody's either
        self._quiet_until = 0  # the world has nothing to say until then, unless it is told something
        self.flags = True  # one was set since the event loop looked for that: nothing else wakes a task
        self._vain = self._vain_ms = 0  # looks at the line in this millisecond that found nothing whole

    def ticks_ms(self):
        return self.now // 1000

    def ticks_us(self):
        return self.now

    def say(self, *words):
        """What happens at this pin or line now."""
        self._said.append("%d %s" % (self.now - self.began, " ".join(words)))

    def calibrate(self):
        """See what it takes to look at the clock around each of the stand-ins."""
        began, self.own_us = self.cpu(), 0
        for _ in range(_SECTIONS):
            self.own(self.cpu())
        self._look_us = (self.cpu() - began - self.own_us) / _SECTIONS

    def own(self, began):
        """All since then was a stand-in's."""
        self.own_us += self.cpu() - began
        self._sections += 1

    def looked(self, found):
        """The serial line was looked at."""
        ms = self.now // 1000
        if found or ms != self._vain_ms:
            self._vain, self._vain_ms = 0, ms
        self._vain += not found

    def send(self, data):
        """A command to the reader."""
        began = self.cpu()
        self._vain = 0
        self._say_or_play(data)
        self.own(began)

    def _say_or_play(self, data):
        if self._place < 0:
            if self._records:
                self._record.append([data, b""])
            self.say("send", data.hex())
            return
        self._place += 1
        said, heard = self._record[self._place]
        if said != data:
            raise SystemExit("it says something else than the last time")
        self.reader.hear(heard)

    def opens(self):
        """The relay lets the bolt go."""
        self._records = False
        if self._place >= 0:
            self._place = -1
            took = self.cpu() - self._since - self.own_us - int(self._sections * self._look_us)
            taken = mem_total() - self._taken
            self.say("cost", *map(str, (took, flash.reads - self._reads, self._turns, taken)))

    def wait(self, queue, ms):
        """In place of asyncio's IOQueue.wait_io_event."""
        began = self.cpu()
        self._pass(ms)
        self._turns += 1
        self.own(max(began, self._since))
        if self.flags or self._place >= 0:
            self.flags = False
            poll(queue, 0)

    def _pass(self, ms):
        """Let time pass until the next tick, or the next turn where a task is ready."""
        self.now += TURN_US
        until = (self.now // _TICK_US + 1) * _TICK_US if ms else self.now
        if self._place < 0:
            if not ms and self._vain >= _VAIN and not self._said:
                until = self._leave_out(until)
            if self._said or until >= self._quiet_until:
                self._meet(until)
                return
        self.now = until

    def _leave_out(self, turn):
        """The next turn that may find something, where this one cannot: a task looks, and all others wait."""
        until = min((self.now // 1000 + 1) * 1000, self._quiet_until, self.reader.next_us)
        queue = core._task_queue
        task = queue.pop()
        other = queue.peek()
        queue.push(task, task.ph_key)
        if other is not None and real.ticks_diff(other.ph_key, self.ticks_ms()) <= 0:
            return turn
        return turn + max(0, -(-(until - turn) // TURN_US)) * TURN_US

    def _meet(self, until):
        """Let the time pass until then, or until an interrupt, and take what the serial line has brought."""
        self.say("wait", str(until - self.began))
        said = "\n".join(self._said).encode()
        self._said.clear()
        self._write(self._wire, said, len(said))
        size = self._read(self._wire, self._answer, len(self._answer))
        if size <= 0:
            sys.exit()
        at, quiet, what, heard = self._answer[:size].split(b" ", 3)
        self._quiet_until = self.began + int(quiet)
        self.now = max(self.now, self.began + int(at))
        if what == _RECORD:
            self._record, self._records = [[b"", b""]], True
        elif what == _PLAY:
            heard = self._record[0][1]
            self._place, self._reads = 0, flash.reads
            self._sections = self._turns = self.own_us = 0
            self._taken, self._since = mem_total(), self.cpu()
            self.reader.hear(heard)
            heard = b""
        while heard:
            start, each, size = struct.unpack_from(_HEAD, heard)
            head = struct.calcsize(_HEAD)
            data, heard = heard[head : head + size], heard[head + size :]
            if self._records:
                self._record[-1][1] += data
            self.reader.expect(self.began * 1000 + start, each, data)
        if what in (_FALLS, _PLAY) and self.on_irq is not None:
            self.on_irq(self.irq)


class Pin:
    """Outputs are told to the world. Inputs are high, but for the door's contact and the tamper switch."""

    IN, OUT, OPEN_DRAIN, PULL_UP, PULL_DOWN, IRQ_FALLING, IRQ_RISING = range(7)

    def __init__(self, number, mode=0, pull=None, value=None):
        self._number = number
        self._tells = mode == Pin.OUT
        self._level = int(number not in LOW)
        if value is not None:
            self.value(value)

    def value(self, *level):
        if not level:
            return self._level
        if self._tells and level[0] != self._level:
            if self._number == RELAY and level[0]:
                world.opens()
            world.say("pin", str(self._number), str(level[0]))
        if self._tells:
            self._level = level[0]
        return None

    def irq(self, handler, trigger):
        if self._number == IRQ:
            world.irq, world.on_irq = self, handler

    def init(self, *how, **more):
        pass

    def on(self):
        self.value(1)

    def off(self):
        self.value(0)

    __call__ = value


class NVS:
    """Kept until the process ends."""

    kept = {}

    def __init__(self, namespace):
        pass

    def get_i32(self, name):
        if name not in NVS.kept:
            raise OSError(-0x1102)
        return NVS.kept[name]

    def set_i32(self, name, value):
        NVS.kept[name] = value

    def get_blob(self, name, buffer):
        value = self.get_i32(name)
        buffer[: len(value)] = value
        return len(value)

    def set_blob(self, name, value):
        NVS.kept[name] = bytes(value)

    def erase_key(self, name):
        self.get_i32(name)
        del NVS.kept[name]

    def commit(self):
        pass


class Silent:
    """A part that nobody looks at."""

    IDLE = 0

    def __init__(self, *how, **more):
        pass

    def __getattr__(self, name):
        return self._nothing

    def _nothing(self, *how, **more):
        pass


class RTC(Silent):
    def datetime(self, *value):
        return 2000, 1, 1, 5, 0, 0, (world.now - world.began) // 1_000_000 % 60, 0


class Flag(ThreadSafeFlag):
    """The event loop looks for flags where one may have been set."""

    def set(self):
        world.flags = True
        ThreadSafeFlag.set(self)


class PlainPartition:
    """A stock image has one application partition only."""

    BOOT, RUNNING = 0, 1

    def __init__(self, which):
        pass

    def get_next_update(self):
        raise OSError(2)


class TimedFlash(Flash):
    """The chip's own flash takes no CPU time of Python's."""

    def readblocks(self, block, buf, offset=0):
        began = world.cpu()
        Flash.readblocks(self, block, buf, offset)
        world.own(began)


class Knife:
    """Nobody cuts the power."""

    own_us = 0

    def falls(self, kind):
        return False

    def now(self):
        return 0


def _module(name, **what):
    sys.modules[name] = type(name, (), {key: _static(value) for key, value in what.items()})


def _static(value):
    return staticmethod(value) if type(value) is type(_static) else value


def _reset():
    raise SystemExit("the chip was reset")


IRQ, RELAY, *LOW = [int(number) for number in os.getenv("MENSHEN_PINS").split(",")]
world = World()
world.calibrate()
poll = core.IOQueue.wait_io_event
core.IOQueue.wait_io_event = lambda queue, ms: world.wait(queue, ms)  # noqa: PLW0108 (a method has its own self)
core.ticks = world.ticks_ms
asyncio.ThreadSafeFlag = Flag  # the port's own pauses the loop in each turn
asyncio.new_event_loop()
_module(
    "time",
    **{name: getattr(real, name) for name in dir(real) if name[0] != "_" and "ticks" not in name},
    ticks_add=real.ticks_add,
    ticks_diff=real.ticks_diff,
)
sys.modules["time"].ticks_ms, sys.modules["time"].ticks_us = world.ticks_ms, world.ticks_us
_module("machine", Pin=Pin, RTC=RTC, WDT=Silent, PWM=Silent)
sys.modules["machine"].UART = lambda *how, **more: UART(world, *how, **more)
sys.modules["machine"].bitstream = lambda *what: None
sys.modules["machine"].reset, sys.modules["machine"].reset_cause = _reset, lambda: 1
_module("esp32", NVS=NVS, Partition=PlainPartition)
_module("network", WLAN=Silent, STA_IF=0)
_module("os", **{name: getattr(os, name) for name in dir(os)})
sys.modules["os"].urandom = bytes
flash = TimedFlash(Knife())
os.chdir("/")
vfs.umount("/")
vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/")
for name in ("/boot.py", "/main.py"):
    with open(name) as file:
        program = file.read()
    exec(program)  # noqa: S102 (as the chip does)
