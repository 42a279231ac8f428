"""The demo's MQTT broker, embedded, and the operator's client of any broker.

amqtt catches cancellations and uses `wait_for`, so `ending` ends its tasks.
"""

import asyncio
import contextlib
import logging
from collections.abc import Callable

from amqtt.broker import Broker as _Amqtt
from amqtt.client import MQTTClient
from amqtt.errors import AMQTTError, ClientError
from amqtt.session import Session

from menshen import ending

_LOCALHOST = "127.0.0.1"
_CONFIG = {
    "listeners": {"default": {"type": "tcp", "bind": f"{_LOCALHOST}:0"}},
    "plugins": {"amqtt.plugins.authentication.AnonymousAuthPlugin": {"allow_anonymous": True}},
}
_PATIENCE_S = 60
_GOODBYE_S = 10


class _Postman(_Amqtt):
    """amqtt 0.12.1 gives each new client the retained messages of all subscriptions; this one does not."""

    async def _publish_retained_messages_for_subscription(
        self, subscription: tuple, session: Session
    ) -> None:
        if any(subscriber is session for subscriber, _ in self._subscriptions.get(subscription[0], ())):
            await super()._publish_retained_messages_for_subscription(subscription, session)


class Broker:
    """An anonymous broker on 127.0.0.1, on a port that the system chooses."""

    def __init__(self) -> None:
        for name in ("amqtt", "transitions"):
            logging.getLogger(name).setLevel(logging.CRITICAL)
        self._broker = _Postman(_CONFIG)
        self.address = (_LOCALHOST, 0)

    async def start(self) -> None:
        """Listen; `address` is known afterwards."""
        await self._broker.start()
        server = self._broker._servers["default"].instance  # amqtt tells its port nowhere else
        self.address = (_LOCALHOST, server.sockets[0].getsockname()[1])

    async def stop(self) -> None:
        """Close all connections and the port."""
        with contextlib.suppress(TimeoutError):  # what it still waits for ends with the loop
            await ending.within(_GOODBYE_S, self._broker.shutdown())


class Operator:
    """Publishes as the operator (or as anyone else with the broker's address), and hears all locks.

    A connection that was lost is made anew by the next `publish`.
    """

    def __init__(self, address: tuple[str, int], heard: Callable[[str, bytes], None]) -> None:
        self._address, self._heard = address, heard
        self._client: MQTTClient | None = None
        self._listening: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Connect and subscribe to everything under menshen/; raises ConnectionError."""
        host, port = self._address
        self._client = MQTTClient(None, config={"auto_reconnect": False, "plugins": {}})
        with self._plain_errors():
            await ending.within(_PATIENCE_S, self._client.connect(f"mqtt://{host}:{port}/"))
            await ending.within(_PATIENCE_S, self._client.subscribe([("menshen/#", 0)]))
        self._listening = asyncio.ensure_future(self._listen(self._client))

    async def stop(self) -> None:
        """Disconnect."""
        if self._listening is not None:
            await ending.end(self._listening)
        if self._client is not None:
            with contextlib.suppress(ConnectionError), self._plain_errors():
                await ending.within(_GOODBYE_S, self._client.disconnect())
            self._client = None

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Publish with QoS 1 and wait for the broker's acknowledgement; raises ConnectionError."""
        if self._listening is None or self._listening.done():
            await self.stop()
            await self.start()
        assert self._client is not None
        with self._plain_errors():
            await ending.within(_PATIENCE_S, self._client.publish(topic, payload, qos=1, retain=retain))

    @contextlib.contextmanager
    def _plain_errors(self):
        """Make one error of the client's six."""
        try:
            yield
        except (ClientError, AMQTTError, OSError, TimeoutError) as error:
            host, port = self._address
            raise ConnectionError(f"the broker at {host}:{port} does not answer ({error!r})") from error

    async def _listen(self, client: MQTTClient) -> None:
        while (message := await client.deliver_message()) is not None:  # None: the connection is lost
            self._heard(message.topic, bytes(message.data or b""))
