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
_MOST = const(12)  # the count stops there: it has the longest wait
_FADE_MS = const(600_000)  # in so long the count falls by one
_HOUR_MS = const(3_600_000)
_HOURS = const(25)  # this one, and a day before it
_MANY = const(24)  # wrong codes in a day: somebody is guessing


def wait_s(failures: int) -> int:
    """Seconds to wait after so many wrong codes: 0, 0, 0, 1, 3, 7 … up to 300."""
    return 0 if failures < _FREE + 1 else min((1 << min(failures - _FREE, 10)) - 1, _LONGEST_S)


class Throttle:
    """Counts wrong codes; after a power cut the whole wait starts again. The day's count is in RAM only."""

    def __init__(self, numbers: "Numbers") -> None:
        self._numbers = numbers
        self.failures = self._before = min(max(0, numbers.get(WRONG_CODES)), _MOST)
        self._hours = bytearray(_HOURS)  # wrong codes of each hour, the present one first
        self._hour_at = self._faded_at = now = ticks_ms()
        self._wait = wait_s(self.failures) * 1000
        self._free_at = ticks_add(now, self._wait)

    def left_ms(self, now: int) -> int:
        """What remains of the wait; `now` is ticks_ms().

        A wait that seems longer than it was at its beginning is over: ticks start again at 0 now and then.
        """
        left = ticks_diff(self._free_at, now)
        if not 0 < left <= self._wait:
            self._wait = left = 0
        return left

    def count(self, now: int) -> bool:
        """Count a code as wrong, before it is checked. Whether that is worth an alarm.

        It is if a first wait begins, and at the 24th wrong code of a day.
        """
        self._before, hours = self.failures, self._hours
        if not self._before:
            self._faded_at = now
        hours[0] += 1
        self._keep(min(self._before + 1, _MOST))
        self._wait = wait_s(self.failures) * 1000
        self._free_at = ticks_add(now, self._wait)
        return self._before == _FREE or sum(hours) == _MANY

    def take_back(self) -> None:
        """The code counted last was right: it does not count, and no wait begins. Others stay counted."""
        self._hours[0] = max(self._hours[0], 1) - 1  # it may have been counted as the hour before ended
        self._wait = 0
        self._keep(self._before)

    def tick(self, now: int) -> bool:
        """Let the count fade; whether there were 24 wrong codes in a day. To be called each second."""
        self.left_ms(now)
        while self.failures and ticks_diff(now, self._faded_at) >= _FADE_MS:
            self._faded_at = ticks_add(self._faded_at, _FADE_MS)
            self._keep(self.failures - 1)
        while ticks_diff(now, self._hour_at) >= _HOUR_MS:
            self._hour_at = ticks_add(self._hour_at, _HOUR_MS)
            self._hours = bytearray(1) + self._hours[:-1]
        return sum(self._hours) >= _MANY

    def ensure_stored(self) -> None:
        """See that there is a count in NVS: one that is there can be changed even when NVS is full."""
        if self._numbers.get(WRONG_CODES, -1) < 0:
            self._keep(self.failures)

    def _keep(self, failures: int) -> None:
        self.failures = failures
        try:
            self._numbers.set(WRONG_CODES, failures)
        except OSError:  # the count in RAM still slows the guessing, and the tenant still gets in
            console.error("access", "NVS is full: wrong codes are not stored")
