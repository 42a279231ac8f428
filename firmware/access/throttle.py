"""Makes guessing at the keypad slow: a code is counted in NVS before it is checked, so no power cut helps."""

from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import console
from storage.names import WRONG_CODES

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
        self.failures = max(0, numbers.get(WRONG_CODES))
        self._wait = wait_s(self.failures) * 1000
        self._free_at = ticks_add(ticks_ms(), self._wait)

    def left_ms(self, now: int) -> int:
        """What remains of the wait; `now` is ticks_ms().

        To be called every few days at least: ticks_ms() goes round, so that a time long past seems to lie
        ahead. A wait that seems longer than it was at its beginning is over.
        """
        left = ticks_diff(self._free_at, now)
        if not 0 < left <= self._wait:
            self._wait = left = 0
        return left

    def count(self, now: int) -> bool:
        """Count a code as wrong, before it is checked. Whether a wait begins with it for the first time."""
        self._begin(self.failures + 1, now)
        return self.failures == _FREE + 1

    def clear(self) -> None:
        """The code was good."""
        self._begin(0, 0)

    def uncount(self) -> None:
        """The code was good, but does not clear what was counted before it: see Gate."""
        self._begin(self.failures - 1, 0)
        self._wait = 0

    def ensure_stored(self) -> None:
        """See that there is a count in NVS: one that is there can be changed even when NVS is full."""
        if self._numbers.get(WRONG_CODES, -1) < 0:
            self._store()

    def _begin(self, failures: int, now: int) -> None:
        self.failures = failures
        self._wait = wait_s(failures) * 1000
        self._free_at = ticks_add(now, self._wait)
        self._store()

    def _store(self) -> None:
        try:
            self._numbers.set(WRONG_CODES, self.failures)
        except OSError:  # the count in RAM still slows the guessing, and the tenant still gets in
            console.error("access", "NVS is full: the count of wrong codes is not stored")
