"""Measures in CPU time how long a start takes, and how long one step of a task holds up all the others."""

import asyncio
import gc
import struct
import time

from micropython import const

from bus import libc, tell

_VOLUNTARY = const(12)  # of struct rusage, a long after its two times (getrusage(2)): how often it waited
_TIMES = const(200)
_TRIES = const(5)
_BESIDE = const(16384)


class Probe:
    """Answers `gap` with the longest step since the last `gap`, in CPU time and by the clock.

    By the clock, only steps count in which the program waited in the kernel: a step that the computer
    interrupted to do other things did not stop by itself. The first question starts the measurement. What the
    wire takes, and reads, programs, erases and commits, is left out of the CPU time: on the chip these are
    pins, and the flash.

    After `arm` it says `armed` when every task of the program has had its first turn: microseconds since
    boot.py began, how many of them were the fakes' own, and reads of the flash. Steps are measured from
    then on; after `arm 1` each says `step`: its task's coroutine, CPU time, reads, and bytes of heap that it
    took (less than none, where garbage was collected).
    """

    def __init__(self, bus, flash, knife) -> None:
        self._bus, self._flash, self._knife = bus, flash, knife
        self._tells = 0
        self._wait = None  # the rest is there once something is measured: it is the firmware's heap
        bus.on(b"gap", self._gap)
        bus.on(b"arm", self._arm)
        bytearray(gc.mem_free() - _BESIDE)  # the computer's pages, which take their time when first written

    def _start(self, between) -> None:
        """Have asyncio call `between` whenever it would wait: between any two steps."""
        queue = asyncio.core._io_queue
        if self._wait is None:
            self._wait = queue.wait_io_event
            self._cost = self._read_cost()
            self._usage = bytearray(144)
            self._get_usage = libc.func("i", "getrusage", "ip")
            self._from = self._longest = self._reads = self._began = self._before = self._free = 0
            self._since = self._stood = self._waited = 0  # the same by the clock
        queue.wait_io_event = between

    def _gap(self) -> None:
        if self._wait is None:
            self._start(self._between)
        tell("gap %d %d\n", self._longest, self._stood)
        self._longest = self._stood = 0
        self._before = self._flash.reads
        self._from = self._now()  # of the step in hand, the rest counts
        self._since, self._waited = time.ticks_us(), self._waits()

    def _now(self) -> int:
        return self._knife.now() - self._knife.own_us

    def _waits(self) -> int:
        self._get_usage(0, self._usage)
        return struct.unpack_from("l", self._usage, (4 + _VOLUNTARY) * struct.calcsize("l"))[0]

    def _between(self, dt: int) -> None:
        if self._from:
            took = self._now() - self._from
            reads = self._flash.reads - self._before
            took -= reads * self._cost // _TIMES
            self._longest = max(self._longest, took)
            if self._tells:
                self._tell(took, reads, self._free - gc.mem_free())
            if self._waits() != self._waited:
                self._stood = max(self._stood, time.ticks_diff(time.ticks_us(), self._since))
        self._wait(dt)
        self._waited = self._waits()
        self._before = self._flash.reads
        if self._tells:
            self._free = gc.mem_free()
        self._from = self._now()
        self._since = time.ticks_us()

    def _tell(self, took: int, reads: int, taken: int) -> None:
        task = asyncio.core.cur_task
        if task is not None:  # else one loop has ended and the next begins
            name = str(task.coro).split("'")[1]  # <generator object 'run' at 7f2b5c0a8e20>
            tell("step " + name + " %d %d %d\n", took, reads, taken)

    def _arm(self, tells: int) -> None:
        self._tells = tells
        self._bus.on_boot = self._boot

    def _boot(self) -> None:
        self._start(self._until_idle)
        self._reads = self._flash.reads
        self._from, self._began = self._now(), self._bus.clock()

    def _until_idle(self, dt: int) -> None:
        if dt > 0:
            took, without = self._bus.clock() - self._began, self._now() - self._from
            reads = self._flash.reads - self._reads
            own = took - without + reads * self._cost // _TIMES
            tell("armed %d %d %d\n", took, own, reads)
            self._from = 0
            self._start(self._between)
            self._between(dt)
        else:
            self._wait(dt)

    def _read_cost(self) -> int:
        """Of _TIMES reads, less the cost of going round; the best of several tries."""
        buf, clock, read = bytearray(64), self._bus.clock, self._flash.readblocks
        best = 1 << 29
        for _ in range(_TRIES):
            began = clock()
            for _ in range(_TIMES):
                pass
            middle = clock()
            for _ in range(_TIMES):
                read(1, buf, 0)
            best = min(best, clock() - middle - (middle - began))
        return best
