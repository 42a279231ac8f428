"""The wire between the simulated chip and its world: lines of text over an inherited socket.

The world's lines are taken in by `pump`, which never blocks. Other modules say what their lines do
by putting a function into `commands`; it is called with the words after the first.
"""

import asyncio
import gc
import io
import os
import time

import ffi

_GET_FILENO = 10  # py/stream.h: MP_STREAM_GET_FILENO
_PR_SET_PDEATHSIG = 1  # linux/prctl.h
_SIGKILL = 9
_FIONREAD = 0x541B  # asm-generic/ioctls.h

libc = ffi.open(None)
_exit = libc.func("v", "_exit", "i")
_ioctl = libc.func("i", "ioctl", "iip")


def die_with_parent() -> None:
    """Have the kernel end this process with the one that started it, however busy this one is."""
    libc.func("i", "prctl", "iLLLL")(_PR_SET_PDEATHSIG, _SIGKILL, 0, 0, 0)


def waiting(fd: int, answer: bytearray) -> int:
    """Bytes that can be read from `fd` now; `answer` is 4 bytes of scratch space."""
    _ioctl(fd, _FIONREAD, answer)
    return answer[0] | answer[1] << 8 | answer[2] << 16


class Bus(io.IOBase):
    """The socket MENSHEN_BUS. A closed one ends the chip at once."""

    def __init__(self) -> None:
        self._fd = int(os.getenv("MENSHEN_BUS"))
        self._file = open(self._fd, "r+b")
        self._chunk = bytearray(128)
        self._rest = b""
        self._pumping = False
        self.commands = {b"mem": self._mem, b"live": self._live}

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def send(self, line: bytes) -> None:
        """Send `line`, which ends in a line feed, whole."""
        sent = self._file.write(line) or 0
        while sent < len(line):  # the socket is full: the world is slow, and nothing may be lost
            time.sleep_us(100)
            sent += self._file.write(line[sent:]) or 0

    def pump(self) -> None:
        """Obey what the world has sent. Handlers of pin interrupts have run, or run next, when it returns."""
        if self._pumping:  # called by an interrupt handler
            return
        self._pumping = True
        try:
            while (n := self._file.readinto(self._chunk)) is not None:
                if not n:
                    self.exit()
                lines = (self._rest + self._chunk[:n]).split(b"\n")
                self._rest = lines.pop()
                for line in lines:
                    words = line.split()
                    self.commands[words.pop(0)](*words)
        finally:
            self._pumping = False

    async def serve(self) -> None:
        """Pump whenever something arrives, for ever."""
        while True:
            yield asyncio.core._io_queue.queue_read(self)
            self.pump()

    def exit(self) -> None:
        """End the process without any tidying: as a reset or a power cut does."""
        _exit(0)

    def _mem(self) -> None:
        self.send(b"mem %d %d\n" % (gc.mem_alloc(), gc.mem_free()))

    def _live(self) -> None:
        gc.collect()
        self.send(b"live %d %d\n" % (gc.mem_alloc(), gc.mem_free()))
