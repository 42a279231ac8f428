"""Joins the operator's link: Wi-Fi, addresses, time and broker, and all that is said over them."""

import asyncio

from micropython import const

from commands.listener import Listener
from commands.remote import Remote
from link.backoff import Backoff
from link.link import Link, Network
from link.mqtt import Broker, MQTTClient
from link.resolver import Resolver
from link.subscriptions import Subscriptions
from link.timekeeper import Timekeeper
from link.wifi import Wifi
from lists.listener import Lists
from loader import Loan
from reports.status import Status
from reports.telemetry import Telemetry
from storage.hmac import hmac_sha256

_HANDSHAKE_MS = const(30_000)  # a handshake holds up the door for a second: time to find a good one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings


class Uplink:
    """`subscriptions` are there from the start, for all that there will be."""

    def __init__(
        self,
        settings: "Settings",
        board: "Board",
        clock: "Clock",
        register: "Register",
        doorkeeper: "Doorkeeper",
        reports: "Reports",
    ) -> None:
        self._settings, self._board, self._clock = settings, board, clock
        self._register, self._doorkeeper = register, doorkeeper
        self._status = Status(register.credentials, clock, reports)
        self._telemetry = Telemetry(settings.lock, self._status, board.numbers, clock.now)
        self._telemetry.discovery = settings.homeassistant
        self.subscriptions = Subscriptions()
        self._link: Link | None = None
        reports.deliver(self._telemetry)

    async def take_lists(self, ready: asyncio.Event, on_change: "Callable[[], None]") -> None:
        """For ever, once ready: see lists/listener.py."""
        lists = Lists(self._settings, self._register, self._clock, on_change)
        await lists.run(self.subscriptions, self._telemetry, ready)

    async def take_commands(self) -> None:
        """For ever: see commands/listener.py."""
        settings, residents = self._settings, self._register.residents
        remote = Remote(self._doorkeeper, residents.keys, self._status, self._board.reset)
        listener = Listener(
            settings.lock, settings.key, self._clock, self._board.numbers, self._telemetry, remote
        )
        await listener.run(self.subscriptions)

    async def run(self) -> None:
        """For ever. Raises TlsError where the settings ask for TLS and its files are not there."""
        if self._link is None:
            self._link = self._made()
        await self._link.run()

    def _made(self) -> Link:
        settings, numbers, clock = self._settings, self._board.numbers, self._clock
        cap = settings.backoff_cap_ms
        joining = Backoff(1000, min(cap, 60_000))
        wifi = Wifi(self._board.wlan(), settings.ssid, settings.password, joining)
        resolver = Resolver(settings.dns, numbers, wifi.dns)
        broker = Broker(settings.broker_host, settings.broker_port)
        # A broker drops a client for a newer one of the same identifier, whatever certificate that has: so a
        # part of it is known to this lock alone. It is the same after a restart, which ends what was left.
        identifier = settings.lock + "." + hmac_sha256(settings.key, b"mqtt client").hex()[:16]
        tls = _context() if settings.broker_tls else None
        return Link(
            Network(wifi, resolver, Timekeeper(clock, resolver, settings.ntp)),
            lambda: MQTTClient(identifier, broker, tls),
            self.subscriptions,
            self._telemetry,
            Backoff(_HANDSHAKE_MS if tls else 1000, cap),
            self._doorkeeper.quiet,
        )


def _context() -> "Any":
    """What TLS needs for any number of sessions. TlsError."""
    with Loan():
        from link.tls import context

        return context()
