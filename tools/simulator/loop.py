"""The event loop of the simulator."""

import asyncio
import errno
import os
import selectors


class _Selector(selectors.SelectSelector):
    """A selector with timers good to some 50 us: epoll rounds up to a millisecond, 11 bytes of UART.

    Unlike epoll, `select` fails as a whole if one descriptor is closed: aiomqtt connects in a thread, and if
    that fails it may close a socket before the loop is told to listen to it.
    """

    def select(self, timeout: float | None = None) -> list[tuple[selectors.SelectorKey, int]]:
        try:
            return super().select(timeout)
        except OSError as error:
            if error.errno != errno.EBADF:
                raise
        for key in list(self.get_map().values()):
            try:
                os.fstat(key.fd)
            except OSError:
                self.unregister(key.fd)
        return []


def new_loop() -> asyncio.AbstractEventLoop:
    """A loop with that selector."""
    return asyncio.SelectorEventLoop(_Selector())


class _JumpingClock(selectors.SelectSelector):
    """Never waits: the time jumps to where the next timer is due."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list:
        if timeout is None:
            raise RuntimeError("whoever is here waits for what will never happen")
        self.now += max(0, timeout)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    """An hour of silence takes no time; for work without files, sockets and processes."""

    def __init__(self) -> None:
        self._clock = _JumpingClock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now

    @property
    def due_at(self) -> float:
        """When the next timer is due."""
        return min((timer.when() for timer in self._scheduled if not timer.cancelled()), default=float("inf"))
