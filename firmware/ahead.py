"""Brings the code that comes once the door is armed and stays; outside.py makes the parts of it.

Nothing is made here but the largest piece of all, and hardly anything is lent meanwhile: so this code lies
close together in memory, and large free blocks are left. Its blocks of Late are the same as those of
outside.py.
"""
# ruff: noqa: F401

from loader import Late

TYPE_CHECKING = False
if TYPE_CHECKING:
    from settings import Settings


async def bring(settings: "Settings", joined: dict) -> None:
    """Load what these settings need. `joined` gets the context for TLS as "tls": 1.9 KB in one piece."""
    if settings.ssid and settings.broker_host and settings.broker_tls and "tls" not in joined:
        from tls import PROTOCOL_TLS_CLIENT, SSLContext

        joined["tls"] = SSLContext(PROTOCOL_TLS_CLIENT)
    await _releases()
    if settings.home:
        await _home()
    if settings.ssid and settings.broker_host:
        from asyncio import StreamReader  # the chip's own: its classes come into RAM as one is first named

        await _operator()
        if settings.phone_remote:
            await _tenant()


async def _releases() -> None:
    async with Late():
        from link.mqtt import MQTTClient
        from link.subscriptions import Subscriptions
        from update.manager import Manager


async def _home() -> None:
    async with Late():
        from home.switch import HomeSwitch


async def _operator() -> None:
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


async def _tenant() -> None:
    async with Late():
        from commands.tenant import Tenant
