"""Shows colours and tones for a person to judge, since the chip cannot see or hear them."""

import asyncio

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board

_COLOURS = (("red", 0xFF0000), ("green", 0x00FF00), ("blue", 0x0000FF))
_TONES = (800, 1600, 2400)


async def light(board: "Board", say: "Callable[[str], None]", ms: int = 1000) -> list:
    """Show red, green and blue, for `ms` each: [(part, ok, hint)]."""
    for name, colour in _COLOURS:
        say(name)
        board.light(colour)
        await asyncio.sleep_ms(ms)
    board.light(0)
    return [("light", True, "")]


async def buzzer(board: "Board", say: "Callable[[str], None]", ms: int = 400) -> list:
    """Sound three tones of `ms` each, the lowest first: [(part, ok, hint)]."""
    try:
        for tone in _TONES:
            say("%d Hz" % tone)
            board.sound(tone)
            await asyncio.sleep_ms(ms)
    finally:
        board.sound(0)
    return [("buzzer", True, "")]
