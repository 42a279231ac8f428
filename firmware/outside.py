"""Joins the parts that speak with the outside, after the door is armed.

These are the operator's link and all that is published over it, a tenant's own broker if the settings have
one, and releases. This module is loaded only until they are joined, so no other part may hold a function of
it. (It is not called network.py since that would hide the chip's own module `network`.)
"""

from time import ticks_ms

from micropython import const

from loader import Late, Loan, collect
from version import slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    import asyncio
    from collections.abc import Awaitable, Callable
    from typing import Any

    from access.clock import Clock
    from board import Board
    from door.doorkeeper import Doorkeeper
    from housekeeping import Housekeeping
    from link.mqtt import MQTTClient
    from link.subscriptions import Subscriptions
    from people.register import Register
    from reports.reports import Reports
    from settings import Settings

    Start = Callable[[str, Callable[[], Awaitable[None]]], None]

_HANDSHAKE_MS = const(120_000)  # base of the back-off with TLS: a handshake holds up the door for a second


class Outside:
    """The parts of the lock that those outside need."""

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

    async def join(
        self, start: "Start", housekeeping: "Housekeeping", memory: "asyncio.Lock", joined: dict
    ) -> None:
        """Make the parts and start their tasks, by start(name, run) of the supervisor.

        A task that needs much memory holds `memory` meanwhile. `joined` notes what has been joined: after
        MemoryError or TlsError (no certificate) this is called again, for the parts that are missing.
        """
        if "subscriptions" not in joined:  # with releases first: a trial does not wait for a network
            parts = await self._join_releases(start, (memory, housekeeping.turn))
            joined["subscriptions"], joined["client"] = parts
        if self._settings.home and "home" not in joined:
            await self._join_home(start, memory)
            joined["home"] = True
        if self._settings.ssid and self._settings.broker_host and "link" not in joined:
            tls = _context(joined.pop("tls")) if self._settings.broker_tls else (None, 0)
            parts = joined["subscriptions"], joined["client"]
            await self._join_operator(start, housekeeping, *parts, *tls)
            joined["link"] = True

    # What is made once is made in the block of its code: if there is no memory, both are given back, and the
    # build can free the constructors (tools/shrink/once.py).

    async def _join_releases(
        self, start: "Start", memory: "tuple[asyncio.Lock, asyncio.Lock]"
    ) -> "tuple[Subscriptions, type[MQTTClient]]":
        async with Late():
            from link.mqtt import MQTTClient  # here, since the operator's file is long enough to load
            from link.subscriptions import Subscriptions
            from update.manager import Manager

            subscriptions = Subscriptions()
            door = self._register.residents, self._reports
            parts = self._settings, self._board, self._clock
            start("release", Manager(*parts, door, memory, subscriptions).run)
            return subscriptions, MQTTClient

    async def _join_home(self, start: "Start", memory: "asyncio.Lock") -> None:
        async with Late():
            from home.switch import HomeSwitch

            parts = self._settings, self._board, self._clock, self._register
            start("home", HomeSwitch(*parts, self._doorkeeper, memory).run)

    async def _join_operator(
        self,
        start: "Start",
        housekeeping: "Housekeeping",
        subscriptions: "Subscriptions",
        client: "type[MQTTClient]",
        tls: "Any",
        ends: int,
    ) -> None:
        settings, board, clock, register = self._settings, self._board, self._clock, self._register
        async with Late():
            from commands.listener import Listener
            from link.backoff import Backoff
            from link.link import Link
            from link.resolver import Resolver
            from link.timekeeper import Timekeeper
            from link.wifi import Wifi
            from lists.listener import Lists
            from reports.status import Status
            from reports.telemetry import Telemetry
            from storage.hmac import hmac_sha256
            from storage.purposes import MQTT_CLIENT

            status = Status(register.credentials, clock, self._reports, board.numbers)
            status.certificates_end = ends
            status.home_ends = _home_ends() if settings.home and settings.home[4] else 0
            status.board, status.trusts, status.key = settings.board, _trusts(), settings.key
            telemetry = Telemetry(settings.lock, status, board.numbers, clock.now)
            telemetry.discovery = settings.homeassistant

            cap = settings.backoff_cap_ms
            wifi = Wifi(board.wlan(), settings.ssid, settings.password, Backoff(1000, min(cap, 60_000)))
            resolver = Resolver(settings.dns, board.numbers, wifi.dns)
            network = wifi, resolver, Timekeeper(clock, resolver, settings.ntp)
            # A broker ends a session when another client connects with the same identifier, whatever its
            # certificate. So a part of the identifier is secret. It stays the same over restarts: a new
            # session ends the old one.
            identifier = settings.lock + "." + hmac_sha256(settings.key, MQTT_CLIENT).hex()[:16]
            broker = settings.broker_host, settings.broker_port, None, None
            session = client, identifier, broker, tls, board.idf_free
            backoff = Backoff(_HANDSHAKE_MS if tls else 1000, cap)
            link = Link(network, session, subscriptions, telemetry, backoff)
            link.fault = self._reports.fault

            commands = settings.key, clock, board.numbers, telemetry
            started = None if board.reset_cause() == "power-on" else ticks_ms()
            door = self._doorkeeper, register.residents.keys, status, board.reset, started
            listener = Listener(settings.lock, commands, door)
            lists = Lists(settings, register, clock, housekeeping, subscriptions, telemetry)

            self._reports.deliver(telemetry)
            await subscriptions.subscribe("menshen/v1/" + settings.lock + "/command", listener.on_message)
            await collect()
            start("lists", lists.run)
            if settings.phone_remote:
                await self._join_tenant(start, subscriptions)
            start("link", link.run)

    async def _join_tenant(self, start: "Start", subscriptions: "Subscriptions") -> None:
        async with Late():
            from commands.tenant import Tenant

        door = self._doorkeeper.remote, self._register.residents.keys
        parts = subscriptions, self._settings.lock, self._clock, self._board.numbers
        start("tenant", Tenant(*parts, door).run)


def _trusts() -> "list[str]":
    """The ids of the release keys that the running release trusts; the file is that of update/payload.py."""
    found = []
    try:
        with open("/slots/" + slot() + "/update/keys", "rb") as file:
            for _ in range((file.read(1) or b"\0")[0]):
                found.append(file.read(8).hex())
                file.seek(384, 1)
    except OSError:
        pass
    return found


def _home_ends() -> int:
    """When the certificate that is trusted for a tenant's broker ends."""
    with Loan():
        from link.tls import home_ends

        return home_ends()


def _context(made: "Any") -> "tuple[Any, int]":
    """The TLS context for all sessions, filled, and when the first certificate ends. Raises TlsError."""
    with Loan():
        from link.tls import FOLDER, context, ends

        return context(FOLDER, made), ends()
