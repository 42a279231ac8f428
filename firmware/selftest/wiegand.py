"""Tests a Wiegand keypad and reader: a person presses each key once, and holds a card to the reader."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers.wiegand import Wiegand

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board

_LOOK_MS = const(20)


async def check(board: "Board", say: "Callable[[str], None]", seconds: int) -> list:
    """Wait until every key was pressed, at most `seconds`: [(part, ok, hint)]."""
    pressed = []

    def on_key(key: str) -> None:
        if key not in pressed:
            pressed.append(key)
            say("key " + key)

    # bool hears of cards and faults, and does nothing
    keypad = Wiegand(board.key_columns[0], board.key_columns[1], bool, bool)
    reading = asyncio.create_task(keypad.run(on_key, bool))
    await asyncio.sleep_ms(0)
    say("now")
    end = ticks_add(ticks_ms(), seconds * 1000)
    while ticks_diff(end, ticks_ms()) > 0 and len(pressed) < len(board.KEY_LAYOUT):
        await asyncio.sleep_ms(_LOOK_MS)
    reading.cancel()
    hint = _fault(board.KEY_LAYOUT, "".join(pressed), keypad.healthy, keypad.discarded)
    return [("keypad", not hint, hint)]


async def card(
    board: "Board",
    say: "Callable[[str], None]",
    seconds: int,
    bits: "int | None" = None,
    parity: str = "halves",
) -> list:
    """Wait until a card comes, at most `seconds`: [(part, ok, hint)]. Its number is not passed on.

    `bits` and `parity` are those of the settings.
    """
    seen, unread = [], []
    lines, on_card = board.key_columns, lambda number: seen.append(1)
    reader = Wiegand(lines[0], lines[1], on_card, unread.append, bits, parity)
    reading = asyncio.create_task(reader.run(bool, bool))
    await asyncio.sleep_ms(0)
    say("hold a card to the reader")
    end = ticks_add(ticks_ms(), seconds * 1000)
    while ticks_diff(end, ticks_ms()) > 0 and not seen:
        await asyncio.sleep_ms(_LOOK_MS)
    reading.cancel()
    hint = ""
    if not seen:
        hint = "no card at all"
        if not reader.healthy:
            hint = "held low|reader"
        elif unread:
            hint = "unread"
        elif reader.discarded:
            hint = "bits|card"
    return [("reader", not hint, hint)]


def _fault(layout: str, pressed: str, healthy: bool, discarded: int) -> str:
    """The hint for what is wrong; empty if every key was seen."""
    if not healthy:
        return "held low|keypad"
    missing = [key for key in layout if key not in pressed]
    if not missing:
        return ""
    if discarded:
        return "bits|keys"
    if not pressed:
        return "no key at all"
    return "not seen|" + " ".join(missing)
