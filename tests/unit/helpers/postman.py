"""A broker without a network, for what fetches: brings retained messages by a task of its own."""

import asyncio
from hashlib import sha256

from list_parts import at_once

from link import blobs

CHUNK = 2048


class Payload:
    """As link/mqtt.py's: bytes still to come; after `torn` of them the connection breaks."""

    def __init__(self, data, torn=None, retained=True):
        self._data, self._torn = data, torn
        self.size, self.retained = len(data), retained

    async def into(self, view):
        await asyncio.sleep_ms(0)
        start = len(self._data) - self.size
        if self._torn is not None and start + len(view) > self._torn:
            raise Lost
        view[:] = self._data[start : start + len(view)]
        self.size -= len(view)

    async def read(self, limit):
        if self.size > limit:
            return None
        data = bytearray(self.size)
        await self.into(memoryview(data))
        return data


class Lost(Exception):
    """The connection broke."""


class Postman:
    """Plays link/subscriptions.py. `retained` are the messages; `asked` the topics heard, in order.

    `lose_at` breaks the connection within the n-th message from now; it is back at once. `patience_ms` is how
    long it is waited for a chunk.
    """

    def __init__(self, *blobs):
        self.retained = {}
        self.asked = []
        self.heard = {}
        self.client = self
        self.spoilt = 0, 0
        self.lose_at = 0
        self.patience_ms = 30_000
        for blob in blobs:
            self.keep(blob)

    def keep(self, blob):
        """Lay the chunks of a blob out; its name."""
        name = sha256(blob).digest().hex()
        for n in range(0, len(blob), CHUNK):
            self.retained["menshen/v1/blob/%s/%d" % (name, n // CHUNK)] = blob[n : n + CHUNK]
        return name

    def chunks(self):
        """The numbers of the chunks asked for since the last time."""
        asked, self.asked = self.asked, []
        return [int(topic.split("/")[-1]) for topic in asked]

    async def fetch(self, name, size, path):
        await blobs.fetch(self, name, size, path, at_once, self.patience_ms)

    async def subscribe(self, topic, handler, qos=1):
        self.asked.append(topic)
        self.heard[topic] = handler
        if self.client is not None and topic in self.retained:
            asyncio.create_task(self._bring(topic, handler))
        await asyncio.sleep_ms(0)

    async def unsubscribe(self, topic):
        del self.heard[topic]
        await asyncio.sleep_ms(0)

    async def _bring(self, topic, handler):
        self.lose_at -= 1
        data = self.retained[topic]
        try:
            await handler(Payload(data, None if self.lose_at else len(data) // 2))
        except Lost:  # a new connection: the link subscribes to all again
            if self.heard.get(topic) is handler:
                await self._bring(topic, handler)
