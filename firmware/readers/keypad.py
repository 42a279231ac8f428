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
_FREE = const(100)  # scans: a stuck key that was up in all of them counts again
_NONE = const(-1)
_SEVERAL = const(-2)


class MatrixKeypad:
    """Rows are open-drain outputs, columns inputs with pull-up; `layout` names the keys row by row.

    Stuck keys make `healthy` false and are ignored, so that the others go on working.
    """

    def __init__(self, rows: "list[Pin]", columns: "list[Pin]", layout: str) -> None:
        self._rows, self._columns, self._layout = rows, columns, layout
        self._seen = self._was_seen = self._pressed = 0  # masks of keys: bit 0 is the layout's first
        self._differs = bytearray(len(layout))  # for how many scans each key is not as in `_pressed`
        self._stuck = self._down = 0  # masks: keys that are stuck, and were down of late
        self._always = -1  # those that were down in each of the scans counted by `_held`
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
        """Count for how long keys have been down, and find those that are stuck."""
        if not count:
            self._held, self._always = 0, -1
            self.healthy = not self._stuck
            return
        self._always &= self._seen
        self._held += 1
        if self._held >= _STUCK:
            if self._always:
                self.healthy = False
                self._stuck |= self._always
                self._seen &= ~self._stuck
                self._pressed &= ~self._stuck
            self._held, self._always = 0, -1

    def _look(self) -> int:
        """Note which keys are down; their number. Stuck ones are left out."""
        self._seen = count = stuck = number = 0
        if self._any_column():  # all rows are low: any key would show
            self._all_rows(1)
            rows, columns = self._rows, self._columns
            for row in range(len(rows)):
                rows[row].value(0)
                for column in range(len(columns)):
                    bit = 1 << number
                    number += 1
                    if not columns[column].value():
                        if self._stuck & bit:
                            stuck |= bit
                        else:
                            self._seen |= bit
                            count += 1
                rows[row].value(1)
            self._all_rows(0)
        if self._stuck:
            self._see_stuck(stuck)
        return count

    def _see_stuck(self, down: int) -> None:
        """Note which stuck keys are down; those that were not for a while count again."""
        self._down |= down
        self._free += 1
        if self._free >= _FREE:
            self._stuck = self._down
            self._free = self._down = 0

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
