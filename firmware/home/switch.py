"""Whether a resident has the door on a broker of their own: what speaks with that is loaded only then.

Loaded where the settings have `home`, and stays. On is who has a home key in the table of residents; the
lease's end turns it off, like moving out. No message comes here.
"""

import asyncio

from micropython import const

import console
from loader import unload
from people.residents import HOME_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from door.doorkeeper import Doorkeeper
    from people.residents import Residents
    from settings import Settings

_LOOK_MS = const(1000)
TOLD = "home_told"  # in NVS: an announcement of the door may lie at the tenant's broker


async def keep(
    settings: "Settings", board: "Any", clock: "Clock", residents: "Residents",
    over: "Callable[[int, int | None], bool]", doorkeeper: "Doorkeeper", room: "Any",
) -> None:  # fmt: skip
    """For ever; `over(lease, now)` says that a lease has ended.

    `room` is an asyncio.Lock, which it gives up when another waits for it.
    """

    def is_on() -> bool:
        for lease, _ in list(residents.keys(HOME_KEY)):
            if over(lease, clock.now()) and doorkeeper.quiet():
                _forget(residents, lease)
        return any(residents.keys(HOME_KEY))

    def must_go() -> bool:
        return room.waiting.peek() is not None

    while True:
        if is_on() or board.numbers.get(TOLD):
            async with room:
                from home.broker import Home

                parts = settings, board.wlan(), board.numbers, clock, residents
                await Home(*parts, is_on, must_go, doorkeeper.remote).run()
                del Home
                unload("home.broker")
        await asyncio.sleep_ms(_LOOK_MS)


def _forget(residents: "Residents", lease: int) -> None:
    from people.changes import Changes

    try:
        Changes(residents).set_key(HOME_KEY, lease, b"")
    except OSError:  # a full flash: it is tried again, and the gate lets nobody in by it meanwhile
        console.error("home", "no room to forget a home code")
    del Changes
    unload("people.changes")
