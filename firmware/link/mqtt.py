"""MQTT 3.1.1: the interface of umqtt.simple, with every wait asynchronous and bounded.

Of the base class come the constructor and the last will, which are the same in 1.3.4 and in the
newer version frozen into stock images. Its packets are not used: it writes them between blocking
reads, with ids that never wrap, and with one byte for the length of a SUBSCRIBE.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const
from umqtt import simple

from link.errors import MQTTError
from link.packets import frame, text
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    OnMessage = Callable[[bytes, "Payload"], Awaitable[None]]

# first bytes of packets (2.2.1)
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_UNSUBSCRIBE = const(0xA2)
_UNSUBACK = const(0xB0)
_PINGREQ = const(0xC0)
_PINGRESP = const(0xD0)
_DISCONNECT = const(0xE0)
_GRACE_MS = const(50)  # least time to look for what has arrived already
_SKIP = const(128)  # bytes thrown away at a time


class Payload:
    """A message's payload, still in the stream; what its handler leaves is thrown away.

    `size` is what is left of it, in bytes; `retained` says that the broker had it lying there.
    """

    def __init__(self, fill: "Callable[[memoryview], Awaitable[None]]", size: int, retained: bool) -> None:
        self._fill = fill
        self.size = size
        self.retained = retained

    async def into(self, view: memoryview) -> None:
        """Fill the view, which must not be longer than `size`."""
        if len(view) > self.size:
            raise ValueError("longer than the payload")
        self.size -= len(view)
        await self._fill(view)

    async def read(self, limit: int) -> "bytearray | None":
        """All that is left, or None where that is more than `limit` bytes."""
        if self.size > limit:
            return None
        data = bytearray(self.size)
        await self.into(memoryview(data))
        return data


class Broker:
    """Where a broker is, and as whom it knows the lock where no certificate says so."""

    def __init__(
        self, host: str, port: int, user: "str | None" = None, password: "str | None" = None
    ) -> None:
        self.host, self.port, self.user, self.password = host, port, user, password


class MQTTClient(simple.MQTTClient):
    """One connection, used once. connect(), then run() in a task of its own, then the others.

    `tls` is an ssl context, or None. No step takes longer than timeout_ms. Every failure is an
    MQTTError; close() must follow, and may be called at any time, more than once.
    """

    def __init__(
        self, client_id: str, broker: Broker, tls: "Any" = None, keepalive: int = 60, timeout_ms: int = 10000
    ) -> None:
        super().__init__(client_id, broker.host, broker.port, broker.user, broker.password, keepalive)
        self._tls = tls
        self._timeout = timeout_ms
        self._stream: "Any" = None
        self.below: "Any" = None  # the socket under the TLS session
        self.idf_free: "Callable[[], int | None] | None" = None  # in bytes, where known
        self.short = ""  # why TLS fails, if it is for want of memory
        self._sent = 0  # ticks of the last packet written
        self._sending = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._expected = None  # (kind, packet id) of the answer that is waited for
        self._answered = asyncio.Event()

    async def connect(self, address: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Connect to the broker at this IPv4 address, and be accepted by it."""
        try:
            await self._within(self._open(address))
        except BaseException as error:  # cancelled, too: no path leaves a socket behind
            self.close()
            if self.short and isinstance(error, MQTTError):  # which calls it a bad certificate, or silence
                raise MQTTError(self.short)
            raise

    async def publish(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, topic: str, msg: bytes, retain: bool = False, qos: int = 1
    ) -> None:
        """Send a message; with QoS 1, return once the broker has it."""
        head = _PUBLISH | qos << 1 | retain
        if not qos:
            return await self._within(self._write(frame(head, text(topic) + msg)))
        pid = self._next_id()
        return await self._within(self._ask(frame(head, text(topic) + pid + msg), _PUBACK, pid))

    async def subscribe(self, topic: str, qos: int = 1) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Ask for the messages of a topic; return once the broker agrees."""
        pid = self._next_id()
        packet = frame(_SUBSCRIBE, pid + text(topic) + bytes((qos,)))
        await self._within(self._ask(packet, _SUBACK, pid))

    async def unsubscribe(self, topic: str) -> None:
        """Ask for a topic's messages no longer; return once the broker agrees."""
        pid = self._next_id()
        await self._within(self._ask(frame(_UNSUBSCRIBE, pid + text(topic)), _UNSUBACK, pid))

    async def run(self, on_message: "OnMessage") -> None:
        """Read for ever, and keep the connection alive. Ends by MQTTError or by being cancelled.

        on_message(topic, payload) is awaited for each message before the next is read: it must not wait
        for another message, nor longer than half of keepalive.
        """
        half = self.keepalive * 500  # ms
        pinged = None  # ticks of the ping that is not answered yet
        while True:
            if pinged is None and ticks_diff(ticks_ms(), self._sent) >= half:
                await self._within(self._write(frame(_PINGREQ)))
                pinged = ticks_ms()
            if pinged is None:
                left = half - ticks_diff(ticks_ms(), self._sent)
            else:
                left = self._timeout - ticks_diff(ticks_ms(), pinged)
            kind = await self._next(max(left, _GRACE_MS))
            if kind is not None:
                if await self._handle(on_message, kind):
                    pinged = None
            elif pinged is not None and ticks_diff(ticks_ms(), pinged) >= self._timeout:
                raise MQTTError("no answer to a ping")

    async def disconnect(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say good-bye, so that the broker keeps the last will to itself, and close."""
        try:
            await self._within(self._write(frame(_DISCONNECT)))
        except MQTTError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Give the TLS session and its socket back: when its handshake has failed, it does not close that."""
        both = self.sock, self.below
        self.sock = self.below = None
        for sock in both:
            if sock is not None:
                try:
                    sock.close()
                except OSError:
                    pass

    async def _within(self, waiting: "Awaitable") -> "Any":
        """The result of one step, bounded in time."""
        try:
            return await asyncio.wait_for_ms(waiting, self._timeout)
        except asyncio.TimeoutError:
            raise MQTTError("no answer in time")
        except (OSError, ValueError) as error:  # ValueError: what TLS raises for a bad certificate
            raise MQTTError("connection failed: " + str(error).strip())

    async def _open(self, address: str) -> None:
        await self._dial(address)
        self._sent = ticks_ms()

    async def _dial(self, address: str) -> None:
        async with Loan():
            from link.dial import dial

            self._stream, self._packets = await dial(self, address, self._tls)

    def _next_id(self) -> bytes:
        self.pid = self.pid % 65535 + 1
        return self.pid.to_bytes(2, "big")

    async def _write(self, packet: bytes) -> None:
        async with self._sending:
            if self.sock is None:
                raise MQTTError("closed")
            self._stream.write(packet)
            await self._stream.drain()
        self._sent = ticks_ms()

    async def _ask(self, packet: bytes, kind: int, pid: bytes) -> None:
        """Send, and wait until run() has seen the answer."""
        async with self._asking:
            self._answered.clear()
            self._expected = kind, pid
            await self._write(packet)
            await self._answered.wait()

    async def _next(self, wait_ms: int) -> "int | None":
        """The first byte of a packet that begins within the time."""
        if self.sock is None:
            raise MQTTError("closed")
        try:
            return await asyncio.wait_for_ms(self._packets.kind(), wait_ms)
        except asyncio.TimeoutError:
            return None
        except OSError as error:
            raise MQTTError("connection failed: " + str(error).strip())

    async def _fill(self, view: memoryview) -> None:
        await self._within(self._packets.fill(view))

    async def _handle(self, on_message: "OnMessage", kind: int) -> bool:
        """Do what a packet asks for; whether it answered a ping."""
        topic, pid, size = await self._within(self._packets.head(kind))
        if kind & 0xF0 == _PUBLISH:
            payload = Payload(self._fill, size, bool(kind & 1))
            await on_message(topic, payload)
            while payload.size:
                await payload.into(memoryview(bytearray(min(payload.size, _SKIP))))
            if pid:
                await self._within(self._write(frame(_PUBACK, pid)))
        elif kind == _CONNACK or (kind == _SUBACK and pid[2] > 2):
            raise MQTTError("refused by the broker")
        elif (kind, pid[:2]) == self._expected:
            self._expected = None
            self._answered.set()
        return kind == _PINGRESP


class Clients:
    """Makes a client for each connection. `idf_free` tells the bytes that there are for TLS, where known."""

    def __init__(
        self, client_id: str, broker: Broker, tls: "Any", idf_free: "Callable[[], int | None]"
    ) -> None:
        self._client_id, self._broker, self._tls, self._idf_free = client_id, broker, tls, idf_free

    def __call__(self) -> MQTTClient:
        client = MQTTClient(self._client_id, self._broker, self._tls)
        client.idf_free = self._idf_free
        return client
