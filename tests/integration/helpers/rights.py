"""Finds out by trying what a certificate lets its owner do at a broker; knows nothing of the rules.

Nothing here waits for silence: whoever listens is told when the last message has been sent.
"""

import asyncio
import contextlib
import socket
import ssl
from collections.abc import AsyncIterator, Callable, Coroutine, Iterable
from dataclasses import dataclass, field

import aiomqtt

from menshen import ending
from menshen.brokers.locks import READS, WRITES
from menshen.operator.certificates import Authority, Pair
from tests.integration.helpers.brokers import Broker

A, B = "front-door", "back-door"
ROOT = "menshen/v1"
_LEAVES = (*WRITES, *READS)
TOPICS = [
    *(f"{ROOT}/{lock}/{leaf}" for lock in (A, B) for leaf in _LEAVES),
    f"{ROOT}/release/7",
    f"{ROOT}/blob/c0ffee/1",
]
"""All that Menshen uses."""

_WILD = [
    f"{ROOT}/+/list",
    f"{ROOT}/{B}/#",
    f"{ROOT}/#",
    "+/v1/#",
    "#",
    f"$share/group/{ROOT}/{B}/list",
    "$SYS/#",
    "$MQTT/#",
    "$MQTT/sub/#",
    "$JS/#",
    "_INBOX/#",
    f"{ROOT}/{B}/list".replace("/", "."),
    "/".join((*ROOT.split("/"), "", B, "list")),
]
_ODD = [f"{ROOT}/{A}", f"{ROOT}/{A}/other", f"{ROOT}/{B}/state".replace("/", "."), f"{ROOT}/release/7/{A}"]
_PATIENCE_S = 60


def client(broker: Broker, own: Pair | None, identifier: str, **more) -> aiomqtt.Client:
    """A client that has not connected yet; MQTT 3.1.1, as the locks speak it."""
    return aiomqtt.Client(
        broker.host,
        broker.port,
        tls_context=broker.tls(own),
        identifier=identifier,
        timeout=_PATIENCE_S,
        protocol=aiomqtt.ProtocolVersion.V311,
        **more,
    )


@dataclass
class Listener:
    """What one client has heard, as (topic, payload) in their order."""

    client: aiomqtt.Client
    heard: list[tuple[str, str]] = field(default_factory=list)
    _news: asyncio.Condition = field(default_factory=asyncio.Condition)
    _over: asyncio.Event = field(default_factory=asyncio.Event)

    async def listen(self) -> None:
        """Until the connection ends."""
        with contextlib.suppress(aiomqtt.MqttError):
            async for message in self.client.messages:
                payload = message.payload if isinstance(message.payload, bytes) else b""
                self.heard.append((str(message.topic), payload.decode(errors="replace")))
                await self._tell()
        self._over.set()
        await self._tell()

    async def attempt(self, doing: Coroutine) -> None:
        """Do something that the broker may refuse, in words or by ending the connection."""
        for task in await ending.first(doing, self._over.wait()):
            with contextlib.suppress(aiomqtt.MqttError, asyncio.CancelledError):
                task.result()

    async def until(self, done: Callable[[list[tuple[str, str]]], bool]) -> bool:
        """Wait until what has been heard is enough; whether it ever was, before the connection ended."""
        try:
            async with asyncio.timeout(_PATIENCE_S), self._news:
                await self._news.wait_for(lambda: done(self.heard) or self._over.is_set())
        except TimeoutError:
            raise AssertionError(f"not heard within {_PATIENCE_S} s; instead: {self.heard[-20:]}") from None
        return done(self.heard)

    async def until_payload(self, payload: str) -> bool:
        """The same for one message, by its payload."""
        return await self.until(lambda heard: any(said == payload for _, said in heard))

    async def _tell(self) -> None:
        async with self._news:
            self._news.notify_all()


@contextlib.asynccontextmanager
async def listener(broker: Broker, own: Pair | None, identifier: str, **more) -> AsyncIterator[Listener]:
    """A connected client whose messages are kept; raises MqttError if the broker lets it not in."""
    async with contextlib.AsyncExitStack() as stack:
        connected = await stack.enter_async_context(client(broker, own, identifier, **more))
        listening = Listener(connected)
        try:
            async with ending.running(listening.listen()):
                yield listening
        finally:
            with contextlib.suppress(aiomqtt.MqttError):
                await stack.aclose()


async def writable(broker: Broker, topics: Iterable[str] = (*TOPICS, *_ODD)) -> set[str]:
    """The topics of these on which the operator hears what lock A sends, in every way there is to send."""

    async def attempt(topic: str, qos: int, identifier: str = A, **more) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async with listener(broker, own, identifier, **more) as lock:
                await lock.attempt(lock.client.publish(topic, topic, qos=qos, retain=qos == 0))

    own = broker.lock(A)
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        for topic in topics:
            for qos in (0, 1):
                await attempt(topic, qos)
        passwords = enumerate((None, "", "x"))
        pretend = [attempt(f"{ROOT}/{B}/state", 1, f"{A}.{n}", username=B, password=p) for n, p in passwords]
        await ending.together(*pretend)  # together, since RabbitMQ lets wrong passwords wait
        for topic in (f"{ROOT}/{A}/state", f"{ROOT}/{B}/state"):
            await _vanish(broker, own, aiomqtt.Will(topic, f"will {topic}", 1))
        async with listener(broker, own, A) as lock:
            await lock.client.publish(f"{ROOT}/{A}/ack", "the end", qos=1)
        assert await operator.until_payload("the end")
        assert await operator.until_payload(f"will {ROOT}/{A}/state")
        return {topic for topic, payload in operator.heard if payload != "the end"}


async def _vanish(broker: Broker, own: Pair, will: aiomqtt.Will) -> None:
    """Connect with a last will and be gone without a word."""
    with contextlib.suppress(aiomqtt.MqttError):
        async with listener(broker, own, A, will=will) as lock:
            connection = lock.client._client.socket()  # aiomqtt knows polite ends only
            assert isinstance(connection, ssl.SSLSocket)
            connection.shutdown(socket.SHUT_RDWR)
            await lock.until(lambda _: False)


async def readable(broker: Broker, wishes: Iterable[str] = (*TOPICS, *_WILD)) -> set[str]:
    """The topics of which lock A hears when it asks for any of these; B is there and hears its own."""
    found: set[str] = set()
    own = broker.lock(A)
    async with (
        client(broker, broker.operator(), "operator-1") as operator,
        listener(broker, broker.lock(B), B) as other,
    ):
        await other.client.subscribe(f"{ROOT}/{B}/list", qos=1)
        for topic in TOPICS:
            await operator.publish(topic, f"kept {topic}", qos=1, retain=True)
        for count, (wish, qos) in enumerate((wish, qos) for wish in wishes for qos in (0, 1)):
            async with listener(broker, own, A) as lock:
                await lock.client.subscribe(f"{ROOT}/{A}/list", qos=qos)
                await lock.attempt(lock.client.subscribe(wish, qos=qos))
                for topic in TOPICS:
                    await operator.publish(topic, f"now {topic}", qos=1)
                for fence in ("fence", "end"):
                    await operator.publish(f"{ROOT}/{A}/list", f"{fence} {count}", qos=1)
                    await lock.until_payload(f"{fence} {count}")
                found.update(topic for topic, _ in lock.heard)
        await operator.publish(f"{ROOT}/{B}/list", "the end", qos=1)
        assert await other.until_payload("the end")
    return found


async def admitted(broker: Broker) -> set[str]:
    """Who of these is let in, that is, answered with a CONNACK that says yes."""
    lock = broker.lock(A)
    visitors: dict[str, Pair | None] = {
        "the lock": lock,
        "no certificate": None,
        "another authority's": broker.stranger.issue_lock(A),
        "signed by the lock": Authority(lock).issue_lock(B),
        "a broker's": broker.authority.issue(A, ["localhost"], server=True),
    }
    welcome = {name for name, own in visitors.items() if await _accepted(broker, broker.tls(own))}
    return welcome | ({"no TLS"} if await _accepted(broker, None) else set())


async def _accepted(broker: Broker, tls: ssl.SSLContext | None) -> bool:
    """By hand, since with TLS 1.3 a refusal comes after the handshake, where clients wait for CONNACK."""
    body = b"\0\4MQTT\4\2\0\x3c" + len(A).to_bytes(2, "big") + A.encode()  # MQTT 3.1.1, section 3.1
    try:
        async with asyncio.timeout(_PATIENCE_S):
            reader, writer = await asyncio.open_connection(broker.host, broker.port, ssl=tls)
            try:
                writer.write(bytes((0x10, len(body))) + body)
                await writer.drain()
                return await reader.readexactly(4) == b"\x20\2\0\0"
            finally:
                writer.transport.abort()
    except (OSError, asyncio.IncompleteReadError):
        return False
