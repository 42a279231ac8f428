"""What is asked for and for want of memory is not sent keeps no handler: lent code would stay with it."""

import asyncio

from link import blobs
from link.subscriptions import Subscriptions
from update import delta
from update.request import request


class Client:
    """A connection for whose next packet there is no memory."""

    async def subscribe(self, topic, qos):
        raise MemoryError

    async def unsubscribe(self, topic):
        pass


async def at_once():
    pass


def test_what_cannot_be_asked_for_is_forgotten():
    topics = Subscriptions()
    topics.client = Client()
    for asked in (
        lambda: request("1.2.3", "devkit", topics),
        lambda: delta._is_told(topics, "menshen/v1/blob/x/0-1-0", "/part"),
        lambda: blobs.fetch(topics, "ab" * 32, 1, "/blob", at_once, 0),
    ):
        try:
            asyncio.run(asked())
            found = None
        except MemoryError as error:
            found = error
        assert found is not None
        assert topics._handlers == {}
