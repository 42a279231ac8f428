"""The demo's MQTT broker, embedded, and the operator's client of any broker."""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from amqtt.broker import Broker as _Amqtt
from amqtt.client import MQTTClient
from amqtt.errors import ClientError

_LOCALHOST = "127.0.0.1"
_CONFIG = {
    "listeners": {"default": {"type": "tcp", "bind": f"{_LOCALHOST}:0"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}


class Broker:
    """An anonymous broker on 127.0.0.1, on a port that the system chooses."""

    def __init__(self) -> None:
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._broker = _Amqtt(_CONFIG)
        self.port = 0

    async def start(self) -> None:
        """Listen; `port` is known afterwards."""
        await self._broker.start()
        server = self._broker._servers["default"].instance  # noqa: SLF001 (amqtt tells its port nowhere else)
        self.port = server.sockets[0].getsockname()[1]

    async def stop(self) -> None:
        """Close all connections and the port."""
        await self._broker.shutdown()


class Operator:
    """Publishes as the operator (or as anyone else with the broker's address), and hears all locks."""

    def __init__(self, heard: Callable[[str, bytes], None]) -> None:
        self._heard = heard
        self._client = MQTTClient("menshen-operator", config={"auto_reconnect": False, "plugins": {}})
        self._listening: asyncio.Task[None] | None = None

    async def start(self, port: int) -> None:
        """Connect to the broker on this port of 127.0.0.1 and subscribe to everything under menshen/."""
        await self._client.connect(f"mqtt://{_LOCALHOST}:{port}/")
        await self._client.subscribe([("menshen/#", 0)])
        self._listening = asyncio.ensure_future(self._listen())

    async def stop(self) -> None:
        """Disconnect."""
        if self._listening is not None:
            self._listening.cancel()
            await asyncio.gather(self._listening, return_exceptions=True)
            with contextlib.suppress(ClientError, ConnectionError):
                await self._client.disconnect()

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish with QoS 1."""
        await self._client.publish(topic, payload, qos=1, retain=retain)

    async def _listen(self) -> None:
        while True:
            message = await self._client.deliver_message()
            if message is not None:
                self._heard(message.topic, bytes(message.data or b""))
