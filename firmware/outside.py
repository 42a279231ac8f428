"""Joins what speaks with the outside, when the door is armed.

The operator's link and all that is said over it, a tenant's own broker where the settings have one, and
releases. It is lent, and gone when they are joined: no function of this module may stay anywhere.

(It is not called network.py: that is the name of the chip's own module, which it would hide.)
"""

from micropython import const

from loader import Late, Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any

    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from housekeeping import Housekeeping
    from link.subscriptions import Subscriptions
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings

    Start = Callable[[str, Callable[[], Awaitable[None]]], None]

_HANDSHAKE_MS = const(30_000)  # a handshake holds up the door for a second: time to find a good one


class Outside:
    """What the parts need of the lock."""

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
        self._register, self._doorkeeper, self._reports = register, doorkeeper, reports

    async def join(self, start: "Start", house: "Housekeeping", memory: "asyncio.Lock", joined: dict) -> None:
        """Start all tasks that there are to be; start(name, run) keeps one alive.

        `memory` is held by whoever takes much of it, and can wait. `joined` notes what is done: where there
        was no room, or no certificate (TlsError), this is called again for the rest.
        """
        if "subscriptions" not in joined:
            joined["subscriptions"] = await self._subscriptions()
        subscriptions = joined["subscriptions"]
        if "release" not in joined:  # first, since the trial of a release does not wait for a network
            await self._join_releases(start, subscriptions, memory)
            joined["release"] = True
        if self._settings.home and "home" not in joined:
            await self._join_home(start, memory)
            joined["home"] = True
        if self._settings.ssid and self._settings.broker_host and "link" not in joined:
            await self._join_operator(start, house, subscriptions)
            joined["link"] = True

    async def _subscriptions(self) -> "Subscriptions":
        async with Late():
            from link.subscriptions import Subscriptions

        return Subscriptions()

    async def _join_releases(
        self, start: "Start", subscriptions: "Subscriptions", memory: "asyncio.Lock"
    ) -> None:
        async with Late():
            from update.manager import Manager

        door = self._register.residents, self._doorkeeper, self._reports
        parts = self._settings, self._board, self._clock
        start("release", Manager(*parts, door, memory, subscriptions).run)

    async def _join_home(self, start: "Start", memory: "asyncio.Lock") -> None:
        async with Late():
            from home.switch import HomeSwitch

        parts = self._settings, self._board, self._clock, self._register
        start("home", HomeSwitch(*parts, self._doorkeeper, memory).run)

    async def _join_operator(
        self, start: "Start", house: "Housekeeping", subscriptions: "Subscriptions"
    ) -> None:
        """TlsError: the settings ask for TLS, and its files are not there."""
        settings, board, clock, register = self._settings, self._board, self._clock, self._register
        tls = _context() if settings.broker_tls else None
        async with Late():
            from commands.listener import Listener
            from link.backoff import Backoff
            from link.link import Link, Network
            from link.mqtt import Broker, Clients
            from link.resolver import Resolver
            from link.timekeeper import Timekeeper
            from link.wifi import Wifi
            from lists.listener import Lists
            from reports.status import Status
            from reports.telemetry import Telemetry
            from storage.hmac import hmac_sha256
            from storage.purposes import MQTT_CLIENT

        status = Status(register.credentials, clock, self._reports)
        telemetry = Telemetry(settings.lock, status, board.numbers, clock.now)
        telemetry.discovery = settings.homeassistant

        cap = settings.backoff_cap_ms
        wifi = Wifi(board.wlan(), settings.ssid, settings.password, Backoff(1000, min(cap, 60_000)))
        resolver = Resolver(settings.dns, board.numbers, wifi.dns)
        network = Network(wifi, resolver, Timekeeper(clock, resolver, settings.ntp))
        # A broker drops a client for a newer one of the same identifier, whatever certificate that has: so a
        # part of it is known to this lock alone. It is the same after a restart, which ends what was left.
        identifier = settings.lock + "." + hmac_sha256(settings.key, MQTT_CLIENT).hex()[:16]
        broker = Broker(settings.broker_host, settings.broker_port)
        clients = Clients(identifier, broker, tls, board.idf_free)
        backoff = Backoff(_HANDSHAKE_MS if tls else 1000, cap)
        link = Link(network, clients, subscriptions, telemetry, backoff, self._doorkeeper.quiet)
        link.fault = self._reports.fault

        commands = settings.key, clock, board.numbers, telemetry
        door = self._doorkeeper, register.residents.keys, status, board.reset
        listener = Listener(subscriptions, settings.lock, commands, door)
        lists = Lists(settings, register, clock, house, subscriptions, telemetry)

        self._reports.deliver(telemetry)
        start("lists", lists.run)
        start("commands", listener.run)
        start("link", link.run)


def _context() -> "Any":
    """What TLS needs for any number of sessions. TlsError."""
    with Loan():
        from link.tls import context

        return context()
