"""Measures how long one step of a task holds up all the others, in CPU time."""

import asyncio

from bus import libc


class Probe:
    """Answers `gap` with the longest step since the last `gap`; the first one starts the measurement."""

    def __init__(self, bus) -> None:
        self._bus = bus
        self._wait = None
        self._from = self._longest = 0
        self._clock = None
        bus.commands[b"gap"] = self._gap

    def _gap(self) -> None:
        if self._wait is None:
            self._clock = libc.func("l", "clock", "")  # CPU time of the process in us (clock(3))
            queue = asyncio.core._io_queue
            self._wait = queue.wait_io_event  # asyncio calls it between any two steps
            queue.wait_io_event = self._between
        self._bus.send(b"gap %d\n" % self._longest)
        self._from = self._longest = 0

    def _between(self, dt: int) -> None:
        if self._from:
            self._longest = max(self._longest, self._clock() - self._from)
        self._wait(dt)
        self._from = self._clock()
