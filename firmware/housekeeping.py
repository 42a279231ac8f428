"""Does regular work in the background: second copies of tables, counts, and the check of the list."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import NO_CREDENTIALS
from loader import Loan
from storage.names import LIVED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from access.throttle import Throttle
    from board import Board
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings

_COPY_MS = const(1000)
_HOUR_MS = const(3_600_000)


class Housekeeping:
    """`settled` is set when the list has been checked after a start, and the code for that is unloaded."""

    def __init__(
        self,
        settings: "Settings",
        board: "Board",
        clock: "Clock",
        register: "Register",
        throttle: "Throttle",
        reports: "Reports",
    ) -> None:
        self._settings, self._board, self._clock = settings, board, clock
        self._credentials, self._residents = register.credentials, register.residents
        self._leases, self._throttle, self._reports = register.leases, throttle, reports
        self.settled = asyncio.Event()

    async def run(self) -> None:
        """Check the list once, then do what is due every second, for ever."""
        try:
            self._board.remember_relay(self._settings.unlock_level)
        except OSError:
            console.error("housekeeping", "no space in NVS for the relay's safe level")
        self._throttle.ensure_stored()
        await asyncio.sleep_ms(0)
        await self._look_after_list()
        hour, version = ticks_ms(), -1
        while True:
            await asyncio.sleep_ms(_COPY_MS)
            self._reports.storm(self._throttle.tick(ticks_ms()))
            self._reports.look(self._board.fault_inputs)
            if version != self._credentials.version:
                version = self._credentials.version
                await self._forget_uses()
            await asyncio.sleep_ms(0)
            self._residents.ensure_copy()
            self._leases.save()
            if ticks_diff(ticks_ms(), hour) >= _HOUR_MS:
                hour = ticks_add(hour, _HOUR_MS)
                self._board.numbers.set(LIVED, self._board.numbers.get(LIVED) + 1)

    async def _forget_uses(self) -> None:
        async with Loan():
            from access.uses import Uses

            await Uses(self._board.numbers).forget(self._credentials)

    def on_list(self) -> None:
        """The list in force has changed: note whether it is whole."""
        self._reports.fault(NO_CREDENTIALS, not self._credentials.whole)

    async def _look_after_list(self) -> None:
        """Check the bits of the list, and learn its leases. The door is armed before that."""
        await self._tend_list()
        self.on_list()
        await self._note_leases()
        self.settled.set()

    async def _tend_list(self) -> None:
        async with Loan():
            from pace import Pace
            from roll.upkeep import tend

            await tend(self._credentials, self._settings.key, Pace())

    async def _note_leases(self) -> None:
        async with Loan():
            from people.guard import Guard

            guard = Guard(self._leases, self._residents, self._settings.plain_uid)
            try:
                await guard.note(self._credentials.each, self._clock.now())
            except OSError:  # it is tried again when the table is saved next
                console.error("housekeeping", "no space for the leases of the list")
