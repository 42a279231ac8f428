"""The reader's serial line at the chip of tap_chip.py: each byte is there when it would be.

A whole frame of the reader is known from its first byte on; if the reader stops, the rest is withdrawn.
"""

import io

NEVER_US = 1 << 60
_POLL, _READABLE = 3, 1  # py/stream.h


class UART(io.IOBase):
    """`next_us` is when a frame is there whole, with or without its last byte, which says nothing."""

    def __init__(self, world, number, baudrate, **settings):
        self._world, self._size, self._heard = world, settings["rxbuf"], b""
        self._comes = []  # on its way: when it began, in ns, ns of each byte, the bytes, how many are there
        self.next_us = NEVER_US
        world.reader = self
        self.init(baudrate)

    def init(self, baudrate):
        self._world.say("baud", str(baudrate))

    def hear(self, data):
        """These are there now."""
        self._heard = self._heard + data if self._heard else data
        if len(self._heard) > self._size:
            self._heard = self._heard[: self._size]

    def expect(self, start, each, data):
        """These come from then on; none: no more of those that are on their way."""
        if data:
            self._comes.append([start, each, data, 0])
        else:
            self.arrive()
            self._comes.clear()
        self.next_us = NEVER_US
        self.arrive()

    def arrive(self):
        """Take what is there by now."""
        while self._comes:
            first = self._comes[0]
            start, each, data, there = first
            count = min(len(data), (self._world.now * 1000 - start) // each)
            if count > there:
                self.hear(data if count - there == len(data) else data[there:count])
                first[3] = there = count
            if there < len(data):
                wanted = len(data) - (there < len(data) - 1)
                self.next_us = -(-(start + wanted * each) // 1000)
                return
            self._comes.pop(0)
        self.next_us = NEVER_US

    def write(self, data):
        self._world.send(bytes(data))
        return len(data)

    def readinto(self, buffer):
        began, count = self._world.cpu(), 0
        if self._comes:
            self.arrive()
        if self._heard:
            count = min(len(buffer), len(self._heard))
            buffer[:count] = self._heard if count == len(self._heard) else self._heard[:count]
            self._heard = b"" if count == len(self._heard) else self._heard[count:]
        self._world.looked(count and self.next_us == NEVER_US)
        self._world.own(began)
        return count or None

    def ioctl(self, request, flags):
        if request != _POLL:
            return -1  # no file: 0 would be the standard input
        self.arrive()
        return flags & _READABLE if self._heard else 0
