"""Tests door contact, exit button and tamper switch: each must go on and off while a person works it."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board
    from machine import Pin

_LOOK_MS = const(5)
_SETTLED = const(6)  # equal looks before a level counts
_NOISE = const(60)  # changes: no hand and no bouncing contact makes so many


async def check(board: "Board", part: str, say: "Callable[[str], None]", seconds: int) -> list:
    """Watch "contact", "exit button" or "tamper switch" until it has been on and off.

    [(part, ok, hint)], after `seconds` at most.
    """
    pins = {"contact": board.contact, "exit button": board.exit_button, "tamper switch": board.tamper}
    first, seen, changes = await _watch(pins[part], lambda: say("now"), seconds * 1000)
    if changes >= _NOISE:
        return [(part, False, part + " loose")]
    if seen < 2:
        return [(part, False, part + (" high" if first else " low"))]
    return [(part, True, "")]


async def jumper(board: "Board", say: "Callable[[str], None]", ms: int = 500) -> list:
    """Whether the service jumper's pin has a steady level: [(part, ok, hint)]."""
    first, _, changes = await _watch(board.jumper(), lambda: None, ms)
    if changes >= 3:
        return [("service jumper", False, "jumper loose")]
    say("the jumper is " + ("out" if first else "in: take it out in the end"))
    return [("service jumper", True, "")]


async def _watch(pin: "Pin", ready: "Callable[[], None]", ms: int) -> tuple:
    """Watch a pin for `ms`, or until it had both levels: (first level, levels seen, changes)."""
    end = ticks_add(ticks_ms(), ms)
    level = first = pin.value()
    ready()
    seen, equal, changes = 1, 0, 0
    while ticks_diff(end, ticks_ms()) > 0 and changes < _NOISE:
        await asyncio.sleep_ms(_LOOK_MS)
        now = pin.value()
        equal = equal + 1 if now == level else 0
        changes += now != level
        level = now
        if equal == _SETTLED and level != first:
            seen = 2
            break
    return first, seen, changes
