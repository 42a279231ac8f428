"""Turns the tenant's own broker on while a resident wants it; the code for it is loaded only then.

This stays loaded if the settings have `home`. The broker is on while a resident has a home key in the table
of residents; the end of the lease removes that key, and so does moving out. No message can change that.
"""

import asyncio

from micropython import const

import console
from loader import Loan
from people.entry import HOME_KEY, NoPlace
from storage.names import HOME_ANNOUNCED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from people.register import Register
    from settings import Settings

_LOOK_MS = const(1000)


class HomeSwitch:
    """`memory` is a lock for what needs much memory; it is released here when somebody else waits for it."""

    again_ms = 10_000  # while memory is short, the code for this is away for so long

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
        self._register, self._residents = register, register.residents
        self._doorkeeper, self._memory = doorkeeper, memory

    async def run(self) -> None:
        """For ever."""
        while True:
            wait = await self._look()
            await asyncio.sleep_ms(wait)

    async def _look(self) -> int:
        """How long it is until the next look, in ms.

        A coroutine of its own: one that waits holds what it awaited before, deeper in a block.
        """
        try:
            if self.is_on() or self._board.numbers.get(HOME_ANNOUNCED):
                async with self._memory:
                    await self._serve()
        except MemoryError:
            console.warning("home", "no memory")
            return self.again_ms
        return _LOOK_MS

    def is_on(self) -> bool:
        """Whether a resident wants it. The home key of a lease that is over is removed."""
        for lease in [whose & 0xFFFF for whose, _ in self._residents.keys(HOME_KEY)]:
            if self._register.leases.over(lease, self._clock.now()):
                self._remove_key(lease)
        return any(self._residents.keys(HOME_KEY))

    def must_yield(self) -> bool:
        """Whether somebody else waits for the memory."""
        return self._memory.waiting.peek() is not None  # pyright: ignore[reportAttributeAccessIssue]

    async def _serve(self) -> None:
        """Serve the tenant's broker until it is turned off, or somebody else needs the memory."""
        async with Loan():
            from home.broker import Home

            parts = self._settings, self._board, self._clock, self._residents
            await Home(*parts, self, self._doorkeeper.remote).run()

    def _remove_key(self, lease: int) -> None:
        with Loan():
            from people.keys import Keys

            try:
                Keys(self._register, lease).drop_keys(HOME_KEY)
            except (OSError, NoPlace):  # tried again; the gate lets nobody in by it meanwhile
                console.error("home", "the flash is full: a home code stays")
