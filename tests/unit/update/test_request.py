"""The manifest of a release is asked for once, and never read when it is too large."""

import asyncio

from link.errors import Refused
from update.request import request


class Broker:
    """Has one retained message, which it sends twice to whoever subscribes."""

    retained = True

    def __init__(self, message):
        self.message, self.topics, self.left = message, [], []

    async def into(self, view):
        start = len(self.message) - self.size
        view[:] = self.message[start : start + len(view)]
        self.size -= len(view)

    async def subscribe(self, topic, handler):
        self.topics.append(topic)
        for _ in range(2):
            self.size = len(self.message)
            await handler(self)

    async def unsubscribe(self, topic):
        self.left.append(topic)


def test_the_manifest_of_a_version_is_got():
    for board, topic in (("devkit", "1-2-3"), ("wrover", "1-2-3-wrover"), ("s3", "1-2-3-s3")):
        pieces = [(b"%d" % n) * 64 for n in range(8)]
        broker = Broker(b"a" * 1536 + b"".join(pieces))
        assert asyncio.run(request("1.2.3", board, broker)) == [b"a" * 1536] + pieces
        assert broker.topics == broker.left == ["menshen/v1/release/" + topic]


def test_one_that_is_shorter_than_a_signature_is_got_for_what_it_is():
    assert asyncio.run(request("1.2.3", "devkit", Broker(b"ab"))) == [b"", b"ab"]
    assert asyncio.run(request("1.2.3", "devkit", Broker(b""))) == [b""]


def test_one_that_is_too_large_is_refused_unread():
    broker = Broker(b"a" * 2049)
    try:
        asyncio.run(request("1.2.3", "devkit", broker))
        reason = None
    except Refused as error:
        reason = error.reason
    assert reason == "too large"
    assert broker.topics == broker.left
