"""The manifest is asked for at its topic, once, and only as much of it is read as one may have."""

import asyncio

from update.refused import Refused
from update.session import request


class Broker:
    """Has one retained message, which it sends twice to whoever subscribes."""

    retained = True

    def __init__(self, message):
        self.message, self.topics, self.left = message, [], []

    @property
    def size(self):
        return len(self.message)

    async def read(self, limit):
        return bytearray(self.message) if len(self.message) <= limit else None

    async def subscribe(self, topic, handler):
        self.topics.append(topic)
        await handler(self)
        await handler(self)

    async def unsubscribe(self, topic):
        self.left.append(topic)


def test_the_manifest_of_a_version_is_got():
    broker = Broker(b"a" * 2048)
    assert asyncio.run(request("1.2.3", broker)) == broker.message
    assert broker.topics == broker.left == ["menshen/v1/release/1-2-3"]


def test_one_that_is_too_large_is_refused_unread():
    broker = Broker(b"a" * 2049)
    try:
        asyncio.run(request("1.2.3", broker))
        reason = None
    except Refused as error:
        reason = error.reason
    assert reason == "too large"
    assert broker.topics == broker.left
