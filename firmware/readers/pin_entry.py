"""Collects digits into a code: `#` enters it, `*` or ten seconds without a key clear it."""

from time import ticks_diff

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_MS = const(10_000)
_MAX_DIGITS = const(10)


class PinEntry:
    """on_pin(digits) gets the code; on_feedback gets "key", "cleared" or "timeout", for the indicator.

    The digits are in one buffer that is wiped after use: on_pin gets a view of it, and must not store it.
    A code of more than `max_digits` is passed on with one digit more than that, so that it matches nothing.
    """

    def __init__(
        self,
        on_pin: "Callable[[bytes], None]",
        on_feedback: "Callable[[str], None]",
        timeout_ms: int = TIMEOUT_MS,
        max_digits: int = _MAX_DIGITS,
    ) -> None:
        self._on_pin, self._on_feedback, self._timeout_ms = on_pin, on_feedback, timeout_ms
        self._digits = bytearray(max_digits + 1)
        self._count = 0
        self._last = 0

    def press(self, key: str, now: int) -> None:
        """Handle a key: "0" to "9", "*" or "#", pressed at `now` in ticks_ms()."""
        self.tick(now)
        self._last = now
        if key == "#":
            if self._count:
                try:
                    self._on_pin(memoryview(self._digits)[: self._count])
                finally:
                    self._clear()
        elif key == "*":
            self._clear()
            self._on_feedback("cleared")
        else:
            if self._count < len(self._digits):
                self._digits[self._count] = ord(key)
                self._count += 1
            self._on_feedback("key")

    def tick(self, now: int) -> None:
        """Clear a code that nobody finishes. Call this at least every few days, since ticks_ms() wraps."""
        if self._count and ticks_diff(now, self._last) >= self._timeout_ms:
            self._clear()
            self._on_feedback("timeout")

    def _clear(self) -> None:
        for i in range(len(self._digits)):
            self._digits[i] = 0
        self._count = 0
