"""Scans a matrix keypad row by row; while no key is down that costs three pin reads every 10 ms."""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import Pin

_SCAN_MS = const(10)
_SETTLED = const(2)  # scans in which a key is down before it counts as pressed
_LET_GO = const(4)  # scans in which it is up before it can be pressed again: worn keys bounce for 20 ms
_MANY = const(100)  # scans are not counted beyond
_STUCK = const(1000)  # scans: nobody presses a key for 10 s
_FREE = const(100)  # scans in which a stuck key was up before it counts again
_NONE = const(-1)
_SEVERAL = const(-2)


class MatrixKeypad:
    """Rows are open-drain outputs, columns inputs with pull-up; `layout` names the keys row by row.

    A stuck key makes `healthy` false and is ignored, so that the others go on working.
    """

    def __init__(self, rows: "list[Pin]", columns: "list[Pin]", layout: str) -> None:
        self._rows, self._columns, self._layout = rows, columns, layout
        self._seen = self._was_seen = self._pressed = 0  # masks of keys: bit 0 is the layout's first
        self._differs = bytearray(len(layout))  # for how many scans each key is not as in `_pressed`
        self._stuck = _NONE
        self._held = self._free = 0
        self.healthy = True
        self._all_rows(0)

    def scan(self) -> "str | None":
        """The key that was pressed since the last scan, or None. Call this every 10 ms. Allocates nothing.

        A key counts even if the one before is still down. No key counts if two come in one instant, or while
        more than two are down: with three down, a fourth may only seem to be down.
        """
        count = self._look()
        self._hold(count)
        if not (self._seen or self._pressed or self._was_seen):
            return None
        self._was_seen = self._seen
        fresh = self._compare()
        if fresh < 0 or count > 2:
            return None
        self._pressed |= 1 << fresh
        self._differs[fresh] = 0
        return self._layout[fresh]

    async def run(self, on_key: "Callable[[str], None]", on_health: "Callable[[bool], None]") -> None:
        """Scan for ever: on_key(key) at each press, on_health(bool) at first, and when a key gets stuck or
        comes free.
        """
        healthy = None
        while True:
            key = self.scan()
            if self.healthy != healthy:
                healthy = self.healthy
                on_health(healthy)
            if key is not None:
                on_key(key)
            await asyncio.sleep_ms(_SCAN_MS)

    def _compare(self) -> int:
        """Find keys that were let go, and the one that has come: its number, _NONE or _SEVERAL."""
        fresh, seen, differs = _NONE, self._seen, self._differs
        for number in range(len(differs)):
            bit = 1 << number
            if not (seen ^ self._pressed) & bit:
                differs[number] = 0
                continue
            scans = differs[number] = min(differs[number] + 1, _MANY)
            if seen & bit:
                if scans >= _SETTLED:
                    fresh = number if fresh == _NONE else _SEVERAL
            elif scans >= _LET_GO:
                self._pressed ^= bit
                differs[number] = 0
        return fresh

    def _hold(self, count: int) -> None:
        """Count for how long keys have been down, and find a stuck one."""
        if not count:
            self._held = 0
            self.healthy = self._stuck == _NONE
        elif self._held < _STUCK:
            self._held += 1
        else:
            self.healthy = False
            if count == 1:
                self._stuck = 0
                while not self._seen >> self._stuck & 1:
                    self._stuck += 1
                self._seen = self._pressed = self._free = 0

    def _look(self) -> int:
        """Note which keys are down; their number. A stuck key is left out."""
        self._seen = count = 0
        if not self._any_column():  # all rows are low: any key would show
            self._see_stuck(False)
            return 0
        self._all_rows(1)
        number, is_stuck = 0, False
        rows, columns = self._rows, self._columns
        for row in range(len(rows)):
            rows[row].value(0)
            for column in range(len(columns)):
                if not columns[column].value():
                    if number == self._stuck:
                        is_stuck = True
                    else:
                        self._seen |= 1 << number
                        count += 1
                number += 1
            rows[row].value(1)
        self._all_rows(0)
        self._see_stuck(is_stuck)
        return count

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
