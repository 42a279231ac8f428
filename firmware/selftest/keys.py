"""Tests the keypad: a person presses each key once, as printed; a missing key shows which wire is off."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers.keypad import MatrixKeypad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board

_SCAN_MS = const(10)
_ROWS = const(4)
_COLUMNS = const(3)


async def check(board: "Board", say: "Callable[[str], None]", seconds: int) -> list:
    """Wait until every key was pressed, at most `seconds`: [(part, ok, hint)]."""
    layout = board.KEY_LAYOUT
    keypad = MatrixKeypad(board.key_rows, board.key_columns, layout)
    pressed = ""
    say("now")
    end = ticks_add(ticks_ms(), seconds * 1000)
    while ticks_diff(end, ticks_ms()) > 0 and len(pressed) < len(layout):
        key = keypad.scan()
        if key is not None and key not in pressed:
            pressed += key
            say("key " + key)
        await asyncio.sleep_ms(_SCAN_MS)
    hints = faults(layout, pressed)
    return [("keypad", False, hint) for hint in hints] or [("keypad", True, "")]


def faults(layout: str, pressed: str) -> "list[str]":
    """A hint for each fault of the wires, by the keys that were pressed, in their order, of this layout."""
    missing = [key for key in layout if key not in pressed]
    if len(missing) == len(layout):
        return ["no keys"]
    if not missing:
        if pressed == layout:
            return []
        return ["exchanged|%s|%s" % (pressed, layout)]
    width = _COLUMNS
    hints = []
    for i in range(_ROWS):
        keys = layout[i * width : (i + 1) * width]
        if all(key in missing for key in keys):
            hints.append("row|%s|%d" % (" ".join(keys), i))
            missing = [key for key in missing if key not in keys]
    for i in range(width):
        keys = [layout[place] for place in range(i, len(layout), width)]
        if len(missing) > 1 and not any(key in pressed for key in keys):
            hints.append("column|%s|%d" % (" ".join(keys), i))
            missing = [key for key in missing if key not in keys]
    if missing:
        hints.append("not seen|" + " ".join(missing))
    return hints
