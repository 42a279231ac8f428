"""Does regular work in the background: second copies of tables, counts, and the check of the list."""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import NO_CREDENTIALS
from loader import Loan
from storage.names import CHOICE, LIVED, LIVED_PART

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from access.throttle import Throttle
    from board import Board
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings

_COPY_MS = const(1000)
_PART_MS = const(600_000)  # of an hour: restarts in a row must not make the lock's life stand still
_PARTS = const(6)


class Housekeeping:
    """`settled` is set when the list has been checked after a start, and the code for that is unloaded.

    `turn` is a lock held by whatever needs much memory: a list that comes, a release that comes, and the
    longer work done here. There is not enough memory for two of them.
    """

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
        self._register, self._credentials = register, register.credentials
        self._throttle, self._reports = throttle, reports
        self._hour_over, self._part, self._counted = False, board.numbers.get(LIVED_PART), ticks_ms()
        self._on_trial = False  # whether the release was on trial when people were looked after last
        self.settled, self.turn = asyncio.Event(), asyncio.Lock()

    async def run(self) -> None:
        """Check the list once, then do what is due every second, for ever."""
        try:
            self._board.remember_relay(self._settings.unlock_level)
        except OSError:
            console.error("housekeeping", "no space in NVS for the relay's level")
        self._throttle.ensure_stored()
        await asyncio.sleep_ms(0)
        await self._tend_list()  # the door is armed before that
        self.on_list()
        self.settled.set()
        version, fails = -1, False
        while True:
            await asyncio.sleep_ms(_COPY_MS)
            if ticks_diff(ticks_ms(), self._counted) >= _PART_MS:  # first, whatever may fail below
                self._counted, fails = ticks_add(self._counted, _PART_MS), False
                if self._count():
                    version, self._hour_over = -1, True  # who lives here is looked after once an hour, too
            self._reports.storm(self._throttle.tick(ticks_ms()))
            self._reports.look(self._board.fault_inputs)
            now = self._credentials.version
            trial_ended = self._on_trial and not self._is_trial()
            due = version != now or self._register.residents.to_do or trial_ended
            if due and not self.turn.locked():  # else in a second
                self._register.residents.to_do = False
                try:
                    await self._tend()
                    version = now
                except MemoryError:  # tried again in a second, too
                    self._register.residents.to_do = True
            await asyncio.sleep_ms(0)
            try:
                if not fails:
                    self._register.residents.ensure_copy()
                    await asyncio.sleep_ms(0)  # between any two writes
                    self._register.leases.ensure_copy()
            except (ImportError, MemoryError):  # tried again in a second
                pass
            except OSError:  # in ten minutes: what fails wears the flash, too
                console.warning("housekeeping", "no space for a second copy")
                fails = True

    def _count(self) -> bool:
        """Count ten minutes under power; whether an hour is full."""
        self._part, numbers = (self._part + 1) % _PARTS, self._board.numbers
        try:
            numbers.set(LIVED_PART, self._part)
        except OSError:
            pass  # it is there, and can be changed, once it found a place
        try:
            numbers.set(LIVED, numbers.get(LIVED) + (not self._part))
        except OSError:
            pass  # worn out: leases and notices last for longer
        return not self._part

    async def _tend(self) -> None:
        """A coroutine of its own: one that waits holds what it awaited before, deeper in a block."""
        async with self.turn:
            await self._tend_people()

    async def _tend_people(self) -> None:
        async with Loan():
            from tending import tend

            self._on_trial = self._is_trial()
            parts = self._register, self._board.numbers, self._clock, self._reports.decided
            await tend(*parts, self._on_trial, self._hour_over)
            self._hour_over = False

    def on_list(self) -> None:
        """The list in force has changed: note whether it is whole."""
        self._reports.fault(NO_CREDENTIALS, not self._credentials.whole)

    async def _tend_list(self) -> None:
        """Check the bits of the list."""
        async with Loan():
            from pace import Pace
            from roll.upkeep import tend

            await tend(self._credentials, self._settings.key, Pace())

    def _is_trial(self) -> bool:
        """Whether the release may still go back to the one before."""
        return self._board.numbers.get(CHOICE) > 1
