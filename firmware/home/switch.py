"""Whether a resident has the door on a broker of their own: what speaks with that is loaded only then.

It stays loaded where the settings have `home`. On is who has a home key in the table of residents; the
lease's end turns it off, like moving out. No message comes here.
"""

import asyncio

from micropython import const

import console
from loader import Loan
from people.residents import HOME_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from people.register import Register
    from settings import Settings

_LOOK_MS = const(1000)


class HomeSwitch:
    """`memory` is held by whoever takes much of it, and given up here when another waits for it."""

    def __init__(
        self,
        settings: "Settings",
        board: "Board",
        clock: "Clock",
        register: "Register",
        doorkeeper: "Doorkeeper",
        memory: asyncio.Lock,
    ) -> None:
        self._settings, self._board, self._clock = settings, board, clock
        self._residents, self._over = register.residents, register.leases.over
        self._doorkeeper, self._memory = doorkeeper, memory

    async def run(self) -> None:
        """For ever."""
        while True:
            if self.is_on() or self._board.numbers.get("home_told"):
                async with self._memory:
                    await self._speak()
            await asyncio.sleep_ms(_LOOK_MS)

    def is_on(self) -> bool:
        """Whether a resident wants it; a lease that is over takes its code with it."""
        for lease, _ in list(self._residents.keys(HOME_KEY)):
            if self._over(lease, self._clock.now()) and self._doorkeeper.quiet():
                self._forget(lease)
        return any(self._residents.keys(HOME_KEY))

    def must_go(self) -> bool:
        """Whether somebody else waits for the memory."""
        return self._memory.waiting.peek() is not None  # pyright: ignore[reportAttributeAccessIssue]

    async def _speak(self) -> None:
        """Have the door there until it is turned off, or somebody needs the memory."""
        async with Loan():
            from home.broker import Home

            parts = self._settings, self._board, self._clock, self._residents
            await Home(*parts, self, self._doorkeeper.remote).run()

    def _forget(self, lease: int) -> None:
        with Loan():
            from people.changes import Changes

            try:
                Changes(self._residents).set_key(HOME_KEY, lease, b"")
            except OSError:  # a full flash: it is tried again, and the gate lets nobody in by it meanwhile
                console.error("home", "no room to forget a home code")
