"""Collects what is typed: a code, and perhaps a number after it that says what to do with the code.

    PIN #            enters the code
    PIN * number #   enters it with a number of one or two digits, or with none
    * #              with nothing in front: the code has no digits then, see door/doorkeeper.py

`*` clears what was typed, unless a number and `#` follow. After it the code is kept until three seconds pass
without a key, a second `*`, or a third digit: `1357* 246810#` enters 246810. Ten seconds without a key clear
everything.
"""

from time import ticks_diff

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TIMEOUT_MS = const(10_000)
_NUMBER_MS = const(3000)
_MAX_DIGITS = const(12)
_MAX_NUMBER = const(2)  # digits


class PinEntry:
    """on_pin(digits, number) gets the code, and None or the digits behind `*`; on_feedback gets "key",
    "cleared" or "timeout", for the indicator.

    The digits are in one buffer that is wiped after use: on_pin gets a view of it, and must not store it.
    A code of more than twelve digits is passed on with thirteen, so that it matches nothing.
    """

    def __init__(
        self,
        on_pin: "Callable[[bytes, bytes | None], None]",
        on_feedback: "Callable[[str], None]",
    ) -> None:
        self._on_pin, self._on_feedback = on_pin, on_feedback
        self._digits = bytearray(_MAX_DIGITS + 1 + _MAX_NUMBER)
        self._count = self._last = 0
        self._code = 0  # digits in front of the `*`; 0: there was none
        self._star = False  # the last key was a `*` with nothing in front

    def press(self, key: str, now: int) -> None:
        """Handle a key: "0" to "9", "*" or "#", pressed at `now` in ticks_ms()."""
        self.tick(now)
        self._last = now
        star, self._star = self._star, False
        if key == "#":
            self._enter(star)
            return
        if key != "*":
            self._add(ord(key))
        elif self._code:
            self.clear()
        else:
            self._code = self._count
            self._star = not self._count
        self._on_feedback("cleared" if key == "*" else "key")

    def tick(self, now: int) -> None:
        """Forget what nobody finishes. Call this at least every few days, since ticks_ms() wraps around."""
        passed = ticks_diff(now, self._last)
        if passed >= _NUMBER_MS:
            self._star = False
            if self._code:
                self._drop(self._code)
        if self._count and passed >= TIMEOUT_MS:
            self.clear()
            self._on_feedback("timeout")

    def clear(self) -> None:
        """Wipe all that was typed."""
        self._star = False
        self._drop(self._count)

    def _enter(self, star: bool) -> None:
        if star:
            self._on_pin(b"", None)
        elif self._count:
            digits, code = memoryview(self._digits), self._code
            try:
                if code:
                    self._on_pin(digits[:code], bytes(digits[code : self._count]))
                else:
                    self._on_pin(digits[: self._count], None)
            finally:
                self.clear()

    def _add(self, digit: int) -> None:
        if self._code and self._count == self._code + _MAX_NUMBER:
            self._drop(self._code)  # it was cleared by the `*`: what came behind is another code
        if self._code or self._count <= _MAX_DIGITS:
            self._digits[self._count] = digit
            self._count += 1

    def _drop(self, count: int) -> None:
        """Wipe the first digits; what was typed after them is a code of its own."""
        digits = self._digits
        self._count -= count
        self._code = 0
        for i in range(len(digits)):
            digits[i] = digits[i + count] if i < self._count else 0
