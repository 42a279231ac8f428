"""Tests the keypad: a person presses each key once, as printed. The computer tells which wire is off."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers.keypad import MatrixKeypad

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board

_SCAN_MS = const(10)


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
    if pressed == layout:
        return [("keypad", True, "")]
    return [("keypad", False, "keys|%s|%s" % (pressed, layout))]
