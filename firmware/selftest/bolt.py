"""Pulses the relay for a person with a cable. Nothing in the lock imports this, so no message can do it."""

import asyncio

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board

_LONGEST_MS = const(2000)


async def check(board: "Board", unlock_level: int, say: "Callable[[str], None]", ms: int = 1000) -> list:
    """Release the bolt for `ms`, at most 2 s, and hold it again whatever happens: [(part, ok, hint)]."""
    relay, safe = board.relay, 1 - unlock_level
    follows = relay.value() == safe
    say("the bolt goes free")
    relay.value(unlock_level)
    try:
        await asyncio.sleep_ms(min(ms, _LONGEST_MS))
        follows = follows and relay.value() == unlock_level
    finally:
        relay.value(safe)
    say("the bolt holds")
    if follows and relay.value() == safe:
        return [("relay", True, "")]
    return [("relay", False, "stiff relay")]
