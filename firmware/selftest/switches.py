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

# The hint if the pin is low all the time, and if it is high.
_HINTS = {
    "contact": (
        "always closed: does the wire of {contact} touch ground, or does the contact stick?",
        "never closed: look at the contact's wires to {contact} and to ground, and at its magnet",
    ),
    "exit button": (
        "always pressed: the wire of {exit_button} touches ground, or the button sticks",
        "never pressed: look at the button's wires to {exit_button} and to ground",
    ),
    "tamper switch": (
        "the case is always closed: the wire of {tamper} touches ground, or the switch sticks",
        "the case is never closed: look at the switch's wires to {tamper} and to ground",
    ),
}
# The hint if the pin changes too often.
_LOOSE = {
    "contact": "{contact} hangs in the air: it needs 10 kOhm to 3.3 V, and the contact to ground",
    "exit button": "the button's wire to {exit_button} has a loose contact",
    "tamper switch": "the switch's wire to {tamper} has a loose contact",
}


async def check(board: "Board", part: str, say: "Callable[[str], None]", seconds: int) -> list:
    """Watch "contact", "exit button" or "tamper switch" until it has been on and off.

    [(part, ok, hint)], after `seconds` at most.
    """
    pins = {"contact": board.contact, "exit button": board.exit_button, "tamper switch": board.tamper}
    first, seen, changes = await _watch(pins[part], lambda: say("now"), seconds * 1000)
    if changes >= _NOISE:
        return [(part, False, _LOOSE[part])]
    if seen < 2:
        return [(part, False, _HINTS[part][first])]
    return [(part, True, "")]


async def jumper(board: "Board", say: "Callable[[str], None]", ms: int = 500) -> list:
    """Whether the service jumper's pin has a steady level: [(part, ok, hint)]."""
    first, _, changes = await _watch(board.jumper(), lambda: None, ms)
    if changes >= 3:
        hint = "{jumper} hangs in the air: it needs 10 kOhm to 3.3 V, or the console may open by itself"
        return [("service jumper", False, hint)]
    say("the jumper is " + ("out" if first else "in: take it out before you close the case"))
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
