"""A pseudo-terminal with a simulated PN532 at its other end, for programs that drive one."""

import termios
from collections.abc import Callable

from .pn532 import Pn532
from .pn532_line import AS_RESET, SPEEDS
from .serial_port import SerialPort

_BAUDS = {getattr(termios, f"B{speed}"): speed for speed in SPEEDS if hasattr(termios, f"B{speed}")}
_OUTPUT_SPEED = 5  # in what tcgetattr gives


class ReaderPort(SerialPort):
    """`chip` is the PN532, without power at first; `taken` counts the bytes that have come from the program.

    Baud rates matter here: the program's setting of its port is checked with each byte, both ways.
    """

    def __init__(self) -> None:
        self.chip = Pn532(self._tell, lambda level: None)
        self.taken = 0
        self._terminal: Callable[[bytes], None] = lambda data: None
        super().__init__(self)

    def unplug(self) -> None:
        """Pull the cable, and end the chip."""
        self.chip.close()
        super().unplug()

    def attach(self, terminal: Callable[[bytes], None]) -> None:
        """Call terminal(data) with all that the chip sends."""
        self._terminal = terminal

    def detach(self, terminal: Callable[[bytes], None]) -> None:
        self._terminal = lambda data: None

    def type(self, data: bytes) -> None:
        """What the program sends."""
        self._look_at_the_port()
        self.taken += len(data)
        self.chip.feed(data)

    def _tell(self, data: bytes) -> None:
        self._terminal(data)

    def _look_at_the_port(self) -> None:
        self.chip.host_speed(_BAUDS.get(termios.tcgetattr(self._ours)[_OUTPUT_SPEED], AS_RESET))
