"""A contact or a button, debounced: a new level counts once it has lasted for some time."""

from time import ticks_diff

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import Pin


NEVER = const(-1)  # a level that no pin has: of a switch that is not there


class Switch:
    """`active` is the pin's level that means on, or NEVER; a change counts after `settle_ms`."""

    def __init__(self, pin: "Pin", active: int, settle_ms: int = 30) -> None:
        self._pin = pin
        self._active = active
        self._settle_ms = settle_ms
        self._is_on = pin.value() == active
        self._changing = False
        self._since = 0

    def is_on(self, now: int) -> bool:
        """Read the pin; whether the switch is on. `now` is ticks_ms(). Call this every few ms."""
        if (self._pin.value() == self._active) == self._is_on:
            self._changing = False
        elif not self._changing:
            self._changing = True
            self._since = now
        elif ticks_diff(now, self._since) >= self._settle_ms:
            self._is_on = not self._is_on
            self._changing = False
        return self._is_on
