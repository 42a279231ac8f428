"""Passes the messages of each topic to its handler, and subscribes again at each new connection."""

from link.errors import MQTTError
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from link.mqtt import MQTTClient, Payload

    Handler = Callable[[Payload], Awaitable[None]]


class Subscriptions:
    """The topics and their handlers. A handler must not wait for a message: none is read until it is done."""

    def __init__(self) -> None:
        self._handlers: dict[bytes, tuple[Handler, int]] = {}
        self.client: MQTTClient | None = None
        # ticks at which a broker last sent wrong chunks, and ms of the pause after them: see blobs.py
        self.spoilt: tuple[int, int] = (0, 0)

    async def subscribe(self, topic: str, handler: "Handler", qos: int = 1) -> None:
        """Call handler(payload) for each message of a topic, over this connection and all later ones."""
        self._handlers[topic.encode()] = handler, qos
        await self._ask(topic, qos)

    async def unsubscribe(self, topic: str) -> None:
        """Forget the handler of a topic, and unsubscribe."""
        self._handlers.pop(topic.encode(), None)
        await self._ask(topic, -1)

    async def fetch(self, sha256: str, size: int, path: str) -> None:
        """Fetch the blob of a hash (64 hexadecimal digits) and size (bytes) to `path`. Raises Refused."""
        async with Loan():
            from link.blobs import fetch

            await fetch(self, sha256, size, path)

    async def on_connected(self, client: "MQTTClient") -> None:
        """Subscribe to all topics over a new connection. Raises MQTTError."""
        self.client = client
        for topic, (_, qos) in list(self._handlers.items()):
            await client.subscribe(topic.decode(), qos)

    def on_disconnected(self) -> None:
        """Forget the connection, which has ended."""
        self.client = None

    async def on_message(self, topic: bytes, payload: "Payload") -> None:
        """Pass a message to the handler of its topic; drop it if there is none."""
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
            client.close()  # Link notices that, and connects anew
