"""A virtual clock for the event loop in the Unix port: nobody waits, and minutes pass in milliseconds.

Import this before any module of the firmware: `time` is another one from then on. Timers and `agenda` share
the clock; what a task waits for in a socket must come from within the process, by a deed of the agenda.
"""

import asyncio
import sys
import time as real
from asyncio import core

_LONG_MS = 1 << 30
_POLL, _READ, _WRITE = 3, 1, 4  # py/stream.h
_AHEAD_MS = 3_600_000
_MOST = 1_000_000  # steps within one millisecond: some task never waits


class VirtualTime:
    """The clock. `now` is in ms; `agenda` is [(ms, deed)]."""

    def __init__(self):
        self.begin()
        core.ticks = self.ticks_ms
        core.IOQueue.wait_io_event = lambda queue, wait_ms: self._wait(queue)

    def begin(self):
        """Another story, ahead of the true time: tasks that are ready at once are queued under that."""
        self.now, self.agenda = real.ticks_ms() + _AHEAD_MS, []
        self._seen, self._steps = self.now, 0
        asyncio.new_event_loop()

    def ticks_ms(self):
        return real.ticks_add(self.now, 0)

    def at(self, when, deed):
        """Have deed() done at that time."""
        self.agenda.append((when, deed))
        self.agenda.sort(key=lambda entry: entry[0])

    def _wait(self, queue):
        """In place of IOQueue.wait_io_event: let time pass until something is due."""
        self._steps = self._steps + 1 if self.now == self._seen else 0
        self._seen = self.now
        if self._steps > _MOST:
            raise RuntimeError("time stands still: %s never waits" % core.cur_task.coro)
        _wake(queue)
        head = core._task_queue.peek()
        left = real.ticks_diff(head.ph_key, self.ticks_ms()) if head else _LONG_MS
        if self.agenda and self.agenda[0][0] - self.now <= left:
            when, deed = self.agenda.pop(0)
            self.now = max(self.now, when)
            deed()
        elif head is None:
            raise RuntimeError("nothing will ever happen")
        elif left > 0:
            self.now += left


def _wake(queue):
    """As IOQueue.wait_io_event, for streams that are ready: its poll takes a millisecond of true time."""
    for waits in list(queue.map.values()):
        reads, writes, stream = waits
        found = stream.ioctl(_POLL, (_READ if reads else 0) | (_WRITE if writes else 0))
        if reads and found & ~_WRITE:
            core._task_queue.push(reads)
            waits[0] = None
        if writes and found & ~_READ:
            core._task_queue.push(writes)
            waits[1] = None
        if not (waits[0] or waits[1]):
            queue._dequeue(stream)
        elif found:
            queue.poller.modify(stream, _READ if waits[0] else _WRITE)


def _install():
    """The clock, whose ticks are those of the module `time` from now on."""
    made = VirtualTime()
    names = {name: getattr(real, name) for name in ("ticks_add", "ticks_diff", "sleep_ms")}
    names["ticks_ms"] = lambda: real.ticks_add(made.now, 0)
    names["ticks_us"] = lambda: real.ticks_add(made.now * 1000, 0)
    sys.modules["time"] = type("time", (), names)  # no instance: nothing is imported of one
    return made


clock = _install()
