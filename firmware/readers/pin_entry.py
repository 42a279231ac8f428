"""Gathers digits into a code: `#` enters it, `*` clears it, silence forgets it."""

from time import ticks_diff

from micropython import const

try:
    from typing import TYPE_CHECKING
except ImportError:
    TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

_LONGEST = const(10)


class PinEntry:
    """on_pin(digits) gets the code; on_feedback("key", "cleared" or "timeout") goes to the indicator."""

    def __init__(
        self,
        on_pin: "Callable[[bytes], None]",
        on_feedback: "Callable[[str], None]",
        timeout_ms: int = 10_000,
    ) -> None:
        self._on_pin, self._on_feedback, self._timeout_ms = on_pin, on_feedback, timeout_ms
        self._digits = bytearray(_LONGEST + 1)  # one more: a code that is too long is wrong, not cut off
        self._count = 0
        self._last = 0

    def press(self, key: str, now: int) -> None:
        """A key was pressed at ticks_ms() `now`."""
        self.tick(now)
        self._last = now
        if key == "#":
            if self._count:
                code = bytes(self._digits[: self._count])
                self._clear()
                self._on_pin(code)
        elif key == "*":
            self._clear()
            self._on_feedback("cleared")
        else:
            if self._count <= _LONGEST:
                self._digits[self._count] = ord(key)
                self._count += 1
            self._on_feedback("key")

    def tick(self, now: int) -> None:
        """Forget a code that nobody finishes."""
        if self._count and ticks_diff(now, self._last) >= self._timeout_ms:
            self._clear()
            self._on_feedback("timeout")

    def _clear(self) -> None:
        for i in range(len(self._digits)):
            self._digits[i] = 0
        self._count = 0
