"""The wire between the simulated chip and its world: lines of text over an inherited socket.

The world's lines are taken in by `pump`, which never blocks. Other modules say with `on` what their lines do:
a function that is called with the numbers after the first word, or with the text there as bytes.

All fakes share the heap with the firmware, and on the chip all this is C. That is why they are so terse: a
function costs 60 bytes before it does anything. And that is why lines are neither made nor parsed as objects:
libc prints them to the socket, and each byte that comes is read where it lies. A call takes heap, too, if the
function has more than eleven locals and values.
"""

import asyncio
import gc
import io
import os
import sys
from time import ticks_us

import ffi
from micropython import const

_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO
_DO_NOT_WAIT = const(0x40)  # bits/socket.h: MSG_DONTWAIT
_PEEK = const(0x42)  # and MSG_PEEK
_LONGEST = const(64)  # bytes that are taken in at a time
_END, _SPACE, _ZERO = const(10), const(32), const(48)

libc = ffi.open(None)
move = libc.func("v", "memmove", "ppL")  # (to, from, bytes)
_print = libc.func("i", "dprintf", "isiiii")
print_text = libc.func("i", "dprintf", "iss")
write = libc.func("l", "write", "ipL")
_receive = libc.func("l", "recv", "ipLi")
_fd = int(os.getenv("MENSHEN_BUS") or -1)
_chunk = bytearray(_LONGEST)


def tell(line: str, a: int = 0, b: int = 0, c: int = 0) -> None:
    """Send `line`, a format of printf(3) for three numbers and the time in us. It takes no heap.

    The socket waits while it is full: the world is slow then, and nothing may be lost.
    """
    while _print(_fd, line, a, b, c, ticks_us()) < 0:
        _see_whether_it_is_there()


def _see_whether_it_is_there() -> None:
    if not _receive(_fd, _chunk, 1, _PEEK):
        libc.func("v", "_exit", "i")(0)


def _number(word: bytes) -> int:
    """A word by the last three of its bytes."""
    return int.from_bytes(word[-3:], "big")


class Bus(io.IOBase):
    """The socket MENSHEN_BUS. A closed one ends the chip at once."""

    def __init__(self) -> None:
        self._pumping = self.stop = False  # stop: Ctrl-C was pressed
        self._word = self._count = 0  # the line's first word; how many came after it
        self._numbers = [0, 0, 0]
        self._text = bytearray()
        self._exit = libc.func("v", "_exit", "i")
        self.plain_loop = asyncio.new_event_loop
        self._commands, self._texts = {}, set()
        self.on(b"mem", self._memory)
        self.on(b"mod", self._modules)
        self.on_boot = None  # called before boot.py runs
        self.own_us = 0  # CPU time that wire and pins have taken here, and would not on the chip
        self.clock = libc.func("l", "clock", "")  # CPU time of the process in us: clock(3)

    def on(self, word: bytes, obey, with_text: bool = False) -> None:
        """Call `obey` for each line that begins with this word."""
        self._commands[_number(word)] = obey
        if with_text:
            self._texts.add(_number(word))

    def ioctl(self, request: int, argument: int) -> int:
        return _fd if request == _GET_FILENO else -1

    def send(self, line: bytes) -> None:
        """Send `line`, which ends in a line feed."""
        while write(_fd, line, len(line)) < 0:
            _see_whether_it_is_there()

    def pump(self) -> None:
        """Obey what the world has sent. Handlers of pin interrupts have run, or run next, when it returns."""
        if self._pumping:  # called by an interrupt handler
            return
        self._pumping = True
        n = _receive(_fd, _chunk, _LONGEST, _DO_NOT_WAIT)
        if n < 0:  # nearly always
            self._pumping = False
        else:
            self._take(n)
        if self.stop:
            self.stop = False
            raise KeyboardInterrupt

    def _take(self, n: int) -> None:
        """Obey what `n` bytes say, and whatever else has come."""
        began, own = self.clock(), self.own_us
        try:
            while n >= 0:
                if not n:
                    self._exit(0)
                for at in range(n):
                    self._read(_chunk[at])
                n = _receive(_fd, _chunk, _LONGEST, _DO_NOT_WAIT)
        finally:
            self._pumping = False
            self.own_us = own + self.clock() - began

    def _read(self, byte: int) -> None:
        """One more byte of a line."""
        if byte == _END:
            self._obey(self._commands[self._word])
        elif byte == _SPACE:
            self._count += 1
        elif not self._count:
            self._word = (self._word << 8 | byte) & 0xFFFFFF
        elif self._word in self._texts:
            self._text.append(byte)
        else:
            self._numbers[self._count - 1] = self._numbers[self._count - 1] * 10 + byte - _ZERO

    def _obey(self, command) -> None:
        numbers, count = self._numbers, self._count
        a, b, c = numbers
        numbers[0] = numbers[1] = numbers[2] = 0
        self._word = self._count = 0
        if self._text:
            a = bytes(self._text)
            self._text = bytearray()
        if count == 3:
            command(a, b, c)
        elif count == 2:
            command(a, b)
        elif count:
            command(a)
        else:
            command()

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

    def end(self, line: str, a: int = 0) -> None:
        """Say a last line, and end without any tidying: as a reset or a power cut does."""
        tell(line, a)
        self._exit(0)

    def _memory(self, live: int) -> None:
        if live:
            gc.collect()
        tell("mem %d %d\n", gc.mem_alloc(), gc.mem_free())

    def _modules(self) -> None:
        self.send(b"mod")
        for name in sys.modules:
            print_text(_fd, " %s", name)
        self.send(b"\n")
