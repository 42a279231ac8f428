"""The event loop of the simulator."""

import asyncio
import errno
import os
import selectors


class _Selector(selectors.SelectSelector):
    """Its timers are good to some 50 us: epoll rounds up to a millisecond, 11 bytes of UART.

    `select` fails as a whole where one descriptor is closed, as epoll does not: aiomqtt connects in a
    thread, and one whose connection fails there may close a socket before the loop is told to listen to it.
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
