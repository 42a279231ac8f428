"""Makes guessing at the keypad slow. The count is in NVS before a code is checked: no power cut resets it."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import log

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_LONGEST_S = const(300)
_FREE = const(3)  # wrong codes without a wait


def wait_s(failures: int) -> int:
    """Seconds to wait after so many wrong codes: 0, 0, 0, 1, 3, 7 … up to 300."""
    return 0 if failures < _FREE + 1 else min((1 << min(failures - _FREE, 10)) - 1, _LONGEST_S)


class Throttle:
    """Counts wrong codes; after a power cut the whole wait starts again."""

    def __init__(self, numbers: "Numbers") -> None:
        self._numbers = numbers
        self.failures = numbers.get("wrong_codes")
        self._free_at = ticks_add(ticks_ms(), wait_s(self.failures) * 1000)
        self._waiting = self.failures > _FREE

    def left_ms(self, now: int) -> int:
        """What is left of the wait; `now` is ticks_ms()."""
        if not self._waiting:
            return 0
        left = ticks_diff(self._free_at, now)
        if left <= 0:
            self._waiting = False
        return max(0, left)

    def count(self, now: int) -> bool:
        """Count a code as wrong, before it is checked. Whether a wait begins with it for the first time."""
        self.failures += 1
        wait = wait_s(self.failures)
        self._waiting = wait > 0
        self._free_at = ticks_add(now, wait * 1000)
        self._store()
        return self.failures == _FREE + 1

    def clear(self) -> None:
        """The code was good."""
        self.failures = 0
        self._waiting = False
        self._store()

    def _store(self) -> None:
        try:
            self._numbers.set("wrong_codes", self.failures)
        except OSError:  # the count in RAM still slows the guessing, and the tenant still gets in
            log.error("access", "no room for the count of wrong codes")
