"""Time that passes at once, with ticks that go round. To be imported before anything that imports time.

asyncio waits in one place; there the time moves on to when the next task is due, or by `stride_ms` if that is
more: then all tasks are late, as on a chip that was held up. Ticks go round after 2^30 ms, as the chip's do.
"""

import sys

import micropython
import utime

_PERIOD = 1 << 30
_HALF = _PERIOD >> 1
# so far ahead of the real ticks that what asyncio's own C code puts into its queue is due
_BEGIN_MS = 1 << 42


class ChipTime:
    """Stands in for the module time. `before_wait()` is called when all tasks wait."""

    def __init__(self):
        self.now_ms = _BEGIN_MS
        self.stride_ms = 0
        self.before_wait = lambda: None
        # an import finds functions, and no methods
        self.ticks_ms = lambda: self.now_ms
        self.ticks_add, self.ticks_diff = utime.ticks_add, utime.ticks_diff
        self.sleep_ms = self.sleep_us = lambda milliseconds: None

    def begin(self):
        """The same moment again, for another lock: none has tasks from before."""
        self.now_ms = _BEGIN_MS

    def wrap(self):
        """From now on as the firmware has it; asyncio, which is imported, has ticks that do not go round."""
        self.ticks_ms = lambda: self.now_ms & _PERIOD - 1
        self.ticks_us = lambda: self.now_ms * 1000 & _PERIOD - 1
        self.ticks_add, self.ticks_diff = _add, _diff


@micropython.native
def _add(ticks, delta):
    return ticks + delta & 0x3FFFFFFF


@micropython.native
def _diff(one, two):
    return (one - two + 0x20000000 & 0x3FFFFFFF) - 0x20000000


time = sys.modules["time"] = ChipTime()

import asyncio  # noqa: E402

_POLL, _READ = 3, 1  # py/stream.h
_look = asyncio.core.IOQueue.wait_io_event


def _wait_io_event(queue, milliseconds):
    if milliseconds:
        time.before_wait()
    if any(stream.ioctl(_POLL, _READ) for _, _, stream in queue.map.values()):  # an interrupt has set a flag
        _look(queue, 0)
        return
    if milliseconds > 0:
        time.now_ms += max(milliseconds, time.stride_ms)


asyncio.core.IOQueue.wait_io_event = _wait_io_event
time.wrap()
