"""Scans a matrix keypad row by row; while no key is down that costs three pin reads every 10 ms."""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import Pin

_SCAN_MS = const(10)
_SETTLED = const(2)  # equal scans before a key counts as pressed or released
_STUCK = const(1000)  # scans: nobody presses a key for 10 s
_FREE = const(100)  # scans in which a stuck key was up before it counts again
_NONE = const(-1)
_SEVERAL = const(-2)  # keys are down, and none counts: with three down, a fourth may only seem to be


class MatrixKeypad:
    """Rows are open-drain outputs, columns inputs with pull-up; `layout` names the keys row by row.

    A stuck key makes `healthy` false and is ignored, so that the others go on working.
    """

    def __init__(self, rows: "list[Pin]", columns: "list[Pin]", layout: str) -> None:
        self._rows, self._columns, self._layout = rows, columns, layout
        self._seen = self._pressed = self._stuck = _NONE
        self._equal = self._held = self._free = 0
        self.healthy = True
        self._all_rows(0)

    def scan(self) -> "str | None":
        """The key that was pressed since the last scan, or None. Call this every 10 ms. Allocates nothing."""
        seen = self._look()
        if seen == self._pressed or seen < _NONE:
            self._equal = 0
            self._hold(seen)
            return None
        self._equal = self._equal + 1 if seen == self._seen else 1
        self._seen = seen
        if self._equal < _SETTLED:
            return None
        self._pressed = seen
        self._held = self._equal = 0
        return None if seen == _NONE else self._layout[seen]

    async def run(self, on_key: "Callable[[str], None]", on_health: "Callable[[bool], None]") -> None:
        """Scan for ever: on_key(key) at each press, on_health(bool) when a key gets stuck or comes free."""
        healthy = True
        while True:
            key = self.scan()
            if self.healthy != healthy:
                healthy = self.healthy
                on_health(healthy)
            if key is not None:
                on_key(key)
            await asyncio.sleep_ms(_SCAN_MS)

    def _hold(self, seen: int) -> None:
        """Count for how long the same has been seen, and find a stuck key."""
        if seen == _NONE:
            self._held = 0
            self.healthy = self._stuck == _NONE
        elif self._held < _STUCK:
            self._held += 1
        else:
            self.healthy = False
            if seen != _SEVERAL:
                self._stuck, self._pressed = seen, _NONE
                self._free = 0

    def _look(self) -> int:
        """The number of the one key that is down, _NONE or _SEVERAL. A stuck key is left out."""
        if not self._any_column():  # all rows are low: any key would show
            self._see_stuck(False)
            return _NONE
        self._all_rows(1)
        found, number, is_stuck = _NONE, 0, False
        rows, columns = self._rows, self._columns
        for row in range(len(rows)):
            rows[row].value(0)
            for column in range(len(columns)):
                if not columns[column].value():
                    if number == self._stuck:
                        is_stuck = True
                    else:
                        found = number if found == _NONE else _SEVERAL
                number += 1
            rows[row].value(1)
        self._all_rows(0)
        self._see_stuck(is_stuck)
        return found

    def _see_stuck(self, is_down: bool) -> None:
        """Count for how long the stuck key has been up; after a while it counts again."""
        if self._stuck != _NONE:
            self._free = 0 if is_down else self._free + 1
            if self._free >= _FREE:
                self._stuck = _NONE

    def _any_column(self) -> bool:
        columns = self._columns
        for i in range(len(columns)):
            if not columns[i].value():
                return True
        return False

    def _all_rows(self, level: int) -> None:
        rows = self._rows
        for i in range(len(rows)):
            rows[i].value(level)
