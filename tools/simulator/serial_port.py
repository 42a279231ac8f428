"""A pseudo-terminal with a simulated device at its other end, for programs that open a serial port."""

import asyncio
import contextlib
import os
import tty
from collections.abc import Callable
from typing import Protocol, Self


class Device(Protocol):
    """What a cable can be plugged into: the board's console (repl.py), or a reader (reader_port.py)."""

    def attach(self, terminal: Callable[[bytes], None]) -> None:
        """Call terminal(data) with all that it says."""

    def detach(self, terminal: Callable[[bytes], None]) -> None:
        """No more."""

    def type(self, data: bytes) -> None:
        """What the terminal sends."""


class SerialPort:
    """`path` is what a program opens; closing it pulls the cable. To the console baud rates mean nothing."""

    def __init__(self, device: Device) -> None:
        self._device = device
        self._ours, self._theirs = os.openpty()
        tty.setraw(self._theirs)  # ours stays open, so that the line outlives the programs at the other end
        os.set_blocking(self._ours, False)
        self.path = os.ttyname(self._theirs)
        self._loop = asyncio.get_running_loop()
        self._loop.add_reader(self._ours, self._receive)
        self._unplug_at: bytes | None = None
        device.attach(self._send)

    def __enter__(self) -> Self:
        return self

    def __exit__(self, *_: object) -> None:
        self.unplug()

    @property
    def plugged(self) -> bool:
        return self._ours >= 0

    def unplug_when(self, typed: bytes) -> None:
        """Pull the cable when the program at the other end has sent this."""
        self._unplug_at = typed

    def unplug(self) -> None:
        """Pull the cable: the program's next read or write fails."""
        if self.plugged:
            self._device.detach(self._send)
            self._loop.remove_reader(self._ours)
            os.close(self._ours)
            os.close(self._theirs)
            self._ours = -1

    def _receive(self) -> None:
        with contextlib.suppress(BlockingIOError):
            data = os.read(self._ours, 4096)
            if self._unplug_at is not None and self._unplug_at in data:
                self.unplug()
            else:
                self._device.type(data)

    def _send(self, data: bytes) -> None:
        with contextlib.suppress(BlockingIOError):  # nobody reads: a serial line does not wait
            os.write(self._ours, data)
