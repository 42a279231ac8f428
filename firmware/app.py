"""Runs the lock: reads the settings, arms the door (inside.py), then joins all else (outside.py)."""

import asyncio
from time import ticks_diff, ticks_us

from micropython import const

import console
from loader import Loan, collect, hush, started, tidy

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from housekeeping import Housekeeping
    from machine import WDT
    from readers.card_reader import CardReader
    from settings import Settings

_LATER_MS = const(10_000)  # longer than the check of the longest list should take
_PAST_MS = const(360)  # so that garbage is collected once, some 50 ms after the door is armed
_READY_MS = const(80)  # in which the readers are ready, and garbage is collected


def main(watchdog: "WDT") -> None:
    """Run the lock for ever."""
    _start(watchdog)
    asyncio.get_event_loop().run_forever()


def _start(watchdog: "WDT") -> None:
    """A function of its own: what a function has made is only freed when it returns."""
    began = ticks_us()
    tidy()  # settings come to lie low
    settings = _load_settings(watchdog)
    tidy()  # the parts come to lie where the code for the settings was
    parts, *others = _arm(settings, watchdog)
    took = ticks_diff(ticks_us(), began)
    console.info("app", "armed in %d.%03d ms after %s" % (took // 1000, took % 1000, parts[1].reset_cause()))
    hush(_PAST_MS)  # somebody may have waited for the power: the readers come first
    asyncio.run(go_on(parts, *others))


def _load_settings(watchdog: "WDT") -> "Settings":
    """Read the settings; the code for that is loaded only meanwhile."""
    with Loan():
        from settings import load_or_wait

        return load_or_wait(watchdog.feed)


def _arm(settings: "Settings", watchdog: "WDT") -> tuple:
    """Make the parts of the door and start its tasks; their code stays, and what makes them is lent."""
    with Loan():
        from inside import Lock

        return Lock(settings, watchdog).arm()


async def go_on(
    parts: tuple, housekeeping: "Housekeeping", start: "Callable[..., None]", reader: "CardReader | None"
) -> None:
    """With the door armed, start everything else. `parts` are those of outside.py."""
    await asyncio.sleep_ms(_READY_MS)
    await collect()
    if reader is not None:
        await _bring_cards(reader)
    start("housekeeping", housekeeping.run)
    try:  # housekeeping loads code for a time first: what stays must not lie among it
        await asyncio.wait_for_ms(housekeeping.settled.wait(), _LATER_MS)
    except asyncio.TimeoutError:
        pass
    memory = asyncio.Lock()  # held by a task that needs much memory
    start("outside", _join_outside, None, parts, start, housekeeping, memory, {})


async def _bring_cards(reader: "CardReader") -> None:
    """Load what asks cards: it stays, and so comes as low in memory as can be."""
    try:
        await reader.bring().renew()
    except (ImportError, MemoryError, OSError):
        pass  # the first card tries it again


async def _join_outside(parts: tuple, *others) -> bool:
    """Join network, home and releases; the code for that is loaded only meanwhile."""
    await _bring(parts[0], others[-1])
    try:
        await _join(parts, *others)
    finally:
        started()
    return True


async def _bring(settings: "Settings", joined: dict) -> None:
    async with Loan():
        from ahead import bring

        await bring(settings, joined)


async def _join(parts: tuple, *others) -> None:
    async with Loan():
        from outside import Outside

        await Outside(*parts).join(*others)
