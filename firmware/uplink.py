"""Makes the operator's link and all that is said over it, when the door is armed; gone when that is done."""

from micropython import const

from loader import Late, Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
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


class Uplink:
    """What the parts of the link need of the lock."""

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

    async def start(self, start: "Start", house: "Housekeeping") -> "Subscriptions":
        """Make the parts, and start(name, run) their tasks. TlsError: TLS is asked for, and has no files."""
        settings, board, clock, register = self._settings, self._board, self._clock, self._register
        tls = _context() if settings.broker_tls else None
        async with Late():
            from commands.listener import Listener
            from commands.remote import Remote
            from link.backoff import Backoff
            from link.link import Link, Network
            from link.mqtt import Broker, Clients
            from link.resolver import Resolver
            from link.subscriptions import Subscriptions
            from link.timekeeper import Timekeeper
            from link.wifi import Wifi
            from lists.listener import Lists
            from reports.status import Status
            from reports.telemetry import Telemetry
            from storage.hmac import hmac_sha256

        status = Status(register.credentials, clock, self._reports)
        telemetry = Telemetry(settings.lock, status, board.numbers, clock.now)
        telemetry.discovery = settings.homeassistant
        subscriptions = Subscriptions()

        cap = settings.backoff_cap_ms
        wifi = Wifi(board.wlan(), settings.ssid, settings.password, Backoff(1000, min(cap, 60_000)))
        resolver = Resolver(settings.dns, board.numbers, wifi.dns)
        network = Network(wifi, resolver, Timekeeper(clock, resolver, settings.ntp))
        broker = Broker(settings.broker_host, settings.broker_port)
        # A broker drops a client for a newer one of the same identifier, whatever certificate that has: so a
        # part of it is known to this lock alone. It is the same after a restart, which ends what was left.
        identifier = settings.lock + "." + hmac_sha256(settings.key, b"mqtt client").hex()[:16]
        clients = Clients(identifier, broker, tls, board.idf_free)
        backoff = Backoff(_HANDSHAKE_MS if tls else 1000, cap)
        link = Link(network, clients, subscriptions, telemetry, backoff, self._doorkeeper.quiet)
        link.fault = self._reports.fault

        remote = Remote(self._doorkeeper, register.residents.keys, status, board.reset)
        commands = (settings.lock, settings.key, clock, board.numbers, telemetry, remote)
        listener = Listener(subscriptions, *commands)
        lists = Lists(settings, register, clock, house, subscriptions, telemetry)

        self._reports.deliver(telemetry)
        start("lists", lists.run)  # no function of this module stays, and so none of its code
        start("commands", listener.run)
        start("link", link.run)
        return subscriptions


def _context() -> "Any":
    """What TLS needs for any number of sessions. TlsError."""
    with Loan():
        from link.tls import context

        return context()
