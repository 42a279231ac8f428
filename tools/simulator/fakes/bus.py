"""The wire between the simulated chip and its world: lines of text over an inherited socket.

The world's lines are taken in by `pump`, which never blocks. Other modules say what their lines do
by putting a function into `commands`; it is called with the words after the first.

All fakes share the heap with the firmware. That is why they are so terse: a function costs 60 bytes
before it does anything.
"""

import asyncio
import gc
import io
import os
import sys
import time

import ffi
from micropython import const

_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO

libc = ffi.open(None)
move = libc.func("v", "memmove", "ppL")  # (to, from, bytes)


class Bus(io.IOBase):
    """The socket MENSHEN_BUS. A closed one ends the chip at once."""

    def __init__(self) -> None:
        self._fd = int(os.getenv("MENSHEN_BUS"))
        self._file = open(self._fd, "r+b")
        self._chunk = bytearray(64)
        self._rest = b""
        self._pumping = self.stop = False  # stop: Ctrl-C was pressed
        self._exit = libc.func("v", "_exit", "i")
        self.plain_loop = asyncio.new_event_loop
        self.commands = {b"mem": self._memory, b"mod": self._modules}
        self.on_boot = None  # called before boot.py runs
        self.own_us = 0  # CPU time that wire and pins have taken here, and would not on the chip
        self.clock = libc.func("l", "clock", "")  # CPU time of the process in us: clock(3)

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def send(self, line: bytes) -> None:
        """Send `line`, which ends in a line feed, whole."""
        began, own = self.clock(), self.own_us
        sent = self._file.write(line) or 0
        while sent < len(line):  # the socket is full: the world is slow, and nothing may be lost
            time.sleep_us(100)
            sent += self._file.write(line[sent:]) or 0
        self.own_us = own + self.clock() - began

    def pump(self) -> None:
        """Obey what the world has sent. Handlers of pin interrupts have run, or run next, when it returns."""
        if self._pumping:  # called by an interrupt handler
            return
        self._pumping = True
        n = self._file.readinto(self._chunk)
        if n is None:  # nearly always: this takes no heap
            self._pumping = False
        else:
            self._obey(n)
        if self.stop:
            self.stop = False
            raise KeyboardInterrupt

    def _obey(self, n) -> None:
        """Obey what `n` bytes say, and whatever else has come."""
        began, own = self.clock(), self.own_us
        try:
            while n is not None:
                if not n:
                    self.end(b"")
                lines = (self._rest + self._chunk[:n]).split(b"\n")
                self._rest = lines.pop()
                for line in lines:
                    words = line.split()
                    self.commands[words[0]](*words[1:])
                n = self._file.readinto(self._chunk)
        finally:
            self._pumping = False
            self.own_us = own + self.clock() - began

    async def serve(self) -> None:
        """Pump whenever something arrives, for ever."""
        while True:
            yield asyncio.core._io_queue.queue_read(self)
            self.pump()

    def new_event_loop(self):
        """asyncio.new_event_loop, and the new loop listens to the bus as well."""
        loop = self.plain_loop()
        asyncio.create_task(self.serve())
        return loop

    def end(self, line: bytes) -> None:
        """Say a last line, and end without any tidying: as a reset or a power cut does."""
        self.send(line)
        self._exit(0)

    def _memory(self, live: bytes) -> None:
        if live == b"1":
            gc.collect()
        self.send(b"mem %d %d\n" % (gc.mem_alloc(), gc.mem_free()))

    def _modules(self) -> None:
        self.send(b"mod")  # name by name: the heap may have no piece that is large enough for all of them
        for name in sys.modules:
            self.send(b" " + name.encode())
        self.send(b"\n")
