"""Joins what speaks with the outside, when the door is armed; the code for it is loaded then, and stays.

(DESIGN draws this as network.py; that is the name of the chip's own module, which it would hide.)
"""

import asyncio

from loader import Late, Loan
from supervisor import rest

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from home.switch import HomeSwitch
    from housekeeping import Housekeeping
    from link.subscriptions import Subscriptions
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings
    from update.manager import Manager

    Start = Callable[[str, Callable[[], Awaitable[None]]], None]


class Outside:
    """The operator's link, a tenant's own broker where the settings have one, and releases."""

    def __init__(
        self,
        settings: "Settings",
        board: "Board",
        clock: "Clock",
        register: "Register",
        doorkeeper: "Doorkeeper",
        reports: "Reports",
    ) -> None:
        self._parts = settings, board, clock, register, doorkeeper
        self._settings, self._reports = settings, reports
        self._memory = asyncio.Lock()  # held by whoever takes much memory, and can wait for it
        self._subscriptions: Subscriptions | None = None
        self._home: HomeSwitch | None = None
        self._releases: Manager | None = None

    def start(self, start: "Start", house: "Housekeeping") -> None:
        """Start all tasks that there are to be; start(name, run) keeps one alive."""
        if self._settings.ssid and self._settings.broker_host:
            start("uplink", lambda: self._connect(start, house))
        if self._settings.home:
            start("home", self._keep_home)
        start("release", self._keep_release)

    async def _connect(self, start: "Start", house: "Housekeeping") -> None:
        """Once, and again where there was no room or no certificate."""
        if self._subscriptions is None:
            async with Loan():
                from uplink import Uplink

                self._subscriptions = await Uplink(*self._parts, self._reports).start(start, house)
        await rest()

    async def _keep_home(self) -> None:
        if self._home is None:
            async with Late():
                from home.switch import HomeSwitch

            self._home = HomeSwitch(*self._parts, self._memory)
        await self._home.run()

    async def _keep_release(self) -> None:
        """The trial of the release that runs does not wait for a network."""
        if self._releases is None:
            async with Late():
                from update.manager import Manager

            settings, board, clock, register, doorkeeper = self._parts
            door = register.residents, doorkeeper, self._reports
            self._releases = Manager(settings, board, clock, door, self._memory, lambda: self._subscriptions)
        await self._releases.run()
