"""Makes the parts of the link and joins them: gone when it has done so.

What it imports from this room stays: the build joins it into one module.
"""

from micropython import const

from commands.listener import Orders
from link.backoff import Backoff
from link.link import Link, Network
from link.mqtt import MQTTClient
from link.resolver import Resolver
from link.subscriptions import Topics
from link.timekeeper import Timekeeper
from link.wifi import Wifi
from lists.listener import Lists
from loader import drop, unload
from reports.outbox import Outbox
from reports.telemetry import Telemetry
from storage.hmac import hmac_sha256

_HANDSHAKE_MS = const(30_000)  # a handshake holds up the door for a second: time to find a good one

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.clock import Clock
    from board import Board
    from commands.remote import Remote
    from settings import Settings


async def assemble(
    settings: "Settings", board: "Board", clock: "Clock", telemetry: "Telemetry", topics: "Topics",
    door: "Remote", fault: "Callable[[str, bool], None]",
) -> "Link":  # fmt: skip
    """The link, ready to run. Raises TlsError where the settings ask for TLS and its files are not there."""
    numbers, cap = board.numbers, settings.backoff_cap_ms
    wifi = Wifi(board.wlan(), settings.ssid, settings.password, Backoff(1000, min(cap, 60_000)))
    tls = None
    if settings.broker_tls:
        from link.tls import context

        tls = context()
        del context
        unload("link.tls")

    # A broker drops a client for a newer one of the same identifier, whatever certificate that has: so a
    # part of it is known to this lock alone. It is the same after a restart, which ends what was left.
    identifier = settings.lock + "." + hmac_sha256(settings.key, b"mqtt client").hex()[:16]

    def client() -> MQTTClient:
        made = MQTTClient(identifier, settings.broker_host, settings.broker_port, tls=tls)
        made.idf_free = board.idf_free
        return made

    orders = Orders(settings.lock, settings.key, clock, numbers, telemetry, door)
    await topics.hear("menshen/v1/" + settings.lock + "/command", orders.on_message)
    telemetry.discovery = settings.homeassistant
    resolver = Resolver(settings.dns, numbers, wifi.dns)
    link = Link(
        Network(wifi, resolver, Timekeeper(clock, resolver, settings.ntp)),
        client,
        topics,
        telemetry,
        Backoff(_HANDSHAKE_MS if tls else 1000, cap),
        door.quiet,
    )
    link.fault = fault
    for kind in Link, Network, Lists, Orders, Outbox, Telemetry, Timekeeper, Topics, Wifi:
        drop(kind, "__init__")  # there are as many as there will be; a resolver home.py makes as well
    return link
