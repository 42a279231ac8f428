"""asyncio.ThreadSafeFlag on a file descriptor of the system.

In the Unix port, one waiting object without a descriptor makes *every* turn of the event loop take a
millisecond (extmod/modselect.c polls the system and the objects by turns). The chip has no such pause, and
times measured with it would mean nothing.
"""

import asyncio
import io

from micropython import const

from bus import libc

_GET_FILENO = const(10)  # py/stream.h: MP_STREAM_GET_FILENO
_NONBLOCK = const(2048)  # sys/eventfd.h: EFD_NONBLOCK
_eventfd = libc.func("i", "eventfd", "Ii")


class ThreadSafeFlag(io.IOBase):
    def __init__(self) -> None:
        self.state = 0
        self._fd = _eventfd(0, _NONBLOCK)
        self._file = open(self._fd, "r+b")

    def ioctl(self, request: int, argument: int) -> int:
        return self._fd if request == _GET_FILENO else -1

    def set(self) -> None:
        if not self.state:
            self.state = 1
            self._file.write(b"\x01\0\0\0\0\0\0\0")

    def clear(self) -> None:
        if self.state:
            self.state = 0
            self._file.read(8)

    async def wait(self) -> None:
        if not self.state:
            yield asyncio.core._io_queue.queue_read(self)
        self.clear()
