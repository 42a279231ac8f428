"""Brings the messages of each topic to their handler, over all connections that there will be."""

from link.errors import MQTTError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from link.mqtt import MQTTClient, Payload

    Handler = Callable[[Payload], Awaitable[None]]


class Subscriptions:
    """A handler is awaited before the next message is read: it must not wait for another message."""

    def __init__(self) -> None:
        self._handlers: dict[bytes, tuple[Handler, int]] = {}
        self.client: MQTTClient | None = None

    async def subscribe(self, topic: str, handler: "Handler", qos: int = 1) -> None:
        """Have handler(payload) called for each message of a topic, now and after every connection."""
        self._handlers[topic.encode()] = handler, qos
        await self._ask(topic, qos)

    async def unsubscribe(self, topic: str) -> None:
        """Have no more messages of a topic."""
        self._handlers.pop(topic.encode(), None)
        await self._ask(topic, -1)

    async def connected(self, client: "MQTTClient") -> None:
        """Subscribe to everything over this connection. MQTTError ends it."""
        self.client = client
        for topic, (_, qos) in list(self._handlers.items()):
            await client.subscribe(topic.decode(), qos)

    def lost(self) -> None:
        """There is no connection now."""
        self.client = None

    async def on_message(self, topic: bytes, payload: "Payload") -> None:
        """Bring a message to whom it is for; what nobody asked for is nobody's."""
        handler = self._handlers.get(topic)
        if handler is not None:
            await handler[0](payload)

    async def _ask(self, topic: str, qos: int) -> None:
        client = self.client
        if client is None:
            return
        try:
            if qos < 0:
                await client.unsubscribe(topic)
            else:
                await client.subscribe(topic, qos)
        except MQTTError:
            client.close()  # whoever keeps the link sees that, and connects anew
