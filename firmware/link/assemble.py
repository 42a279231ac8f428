"""Makes the parts of the link and joins them: gone when it has done so.

The code is loaded a piece at a time, so that the door never waits for all of it.
"""

import asyncio

import log
from modules import unload
from storage.hmac import hmac_sha256

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.link import Link
    from link.telemetry import Telemetry
    from link.topics import Topics
    from network import WLAN
    from settings import Settings
    from storage.nvs import Numbers


async def assemble(
    settings: "Settings", wlan: "WLAN", numbers: "Numbers", telemetry: "Telemetry", topics: "Topics"
) -> "Link":
    """The link, ready to run. Raises TlsError where the settings ask for TLS and its files are not there."""
    from link.backoff import Backoff

    await asyncio.sleep_ms(0)
    from link.resolver import Resolver

    await asyncio.sleep_ms(0)
    from link.mqtt import MQTTClient

    await asyncio.sleep_ms(0)
    from link.link import Link

    await asyncio.sleep_ms(0)
    from link.wifi import Wifi

    cap = settings.backoff_cap_ms
    wifi = Wifi(wlan, settings.ssid, settings.password, Backoff(1000, min(cap, 60_000)))
    tls = None
    if settings.broker_tls:
        await asyncio.sleep_ms(0)
        from link.tls import context

        tls = context()
        del context
        unload("link.tls")

    # A broker drops a client for a newer one of the same identifier, whatever certificate that has: so a
    # part of it is known to this lock alone. It is the same after a restart, which ends what was left.
    identifier = settings.lock + "." + hmac_sha256(settings.key, b"mqtt client").hex()[:16]

    def client() -> MQTTClient:
        return MQTTClient(identifier, settings.broker_host, settings.broker_port, tls=tls)

    return Link(
        wifi,
        Resolver(settings.dns, numbers, wifi.dns),
        client,
        telemetry,
        topics,
        Backoff(1000, cap),
        lambda text: log.info("link", text),
    )
