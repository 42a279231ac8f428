"""A matrix keypad, scanned a row at a time; idle it costs three pin reads every 10 ms."""

import asyncio

from micropython import const

try:
    from typing import TYPE_CHECKING
except ImportError:
    TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

    from machine import Pin

_SCAN_MS = const(10)
_SETTLED = const(2)  # equal scans before a key is believed pressed, or let go
_STUCK = const(1000)  # scans: nobody presses a key for 10 s
_NONE = const(-1)


class MatrixKeypad:
    """Rows are open-drain outputs, columns inputs with pull-up; `layout` names the keys row by row."""

    def __init__(self, rows: "list[Pin]", columns: "list[Pin]", layout: str) -> None:
        self._rows, self._columns, self._layout = rows, columns, layout
        self._seen = self._pressed = _NONE
        self._equal = self._held = 0
        self.healthy = True
        self._all_rows(0)

    def scan(self) -> "str | None":
        """The key that was pressed since the last scan; to be called every 10 ms. Allocates nothing."""
        seen = self._look()
        if seen == self._pressed:
            self._equal = 0
            self._held = 0 if seen == _NONE else min(self._held + 1, _STUCK)
            self.healthy = self._held < _STUCK
            return None
        self._equal = self._equal + 1 if seen == self._seen else 1
        self._seen = seen
        if self._equal < _SETTLED:
            return None
        self._pressed = seen
        self._held = self._equal = 0
        return None if seen == _NONE else self._layout[seen]

    async def run(self, on_key: "Callable[[str], None]", on_health: "Callable[[bool], None]") -> None:
        """Scan for ever; on_key(key) for each press, on_health(bool) when a key gets stuck or comes free."""
        healthy = True
        while True:
            key = self.scan()
            if self.healthy != healthy:
                healthy = self.healthy
                on_health(healthy)
            if key is not None:
                on_key(key)
            await asyncio.sleep_ms(_SCAN_MS)

    def _look(self) -> int:
        """The number of the one key that is down; none when several seem to be (they may be ghosts)."""
        if self._column() == _NONE:  # all rows are low: any key would show
            return _NONE
        self._all_rows(1)
        found = _NONE
        rows = self._rows
        for row in range(len(rows)):
            rows[row].value(0)
            for column in range(len(self._columns)):
                if not self._columns[column].value():
                    found = row * len(self._columns) + column if found == _NONE else len(self._layout)
            rows[row].value(1)
        self._all_rows(0)
        return found if found < len(self._layout) else _NONE

    def _column(self) -> int:
        columns = self._columns
        for i in range(len(columns)):
            if not columns[i].value():
                return i
        return _NONE

    def _all_rows(self, level: int) -> None:
        rows = self._rows
        for i in range(len(rows)):
            rows[i].value(level)
