"""An MQTT 3.1.1 client with the interface of umqtt.simple, in which every wait is asynchronous and bounded.

The base class gives the constructor and the last will, which are the same in 1.3.4 and in the newer version
that stock images have frozen. Its other methods are not used: they block while they read, their packet ids
never wrap, and they have one byte for the length of a SUBSCRIBE.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const
from umqtt import simple

import console
from link.errors import MQTTError
from link.packets import CONNACK, PINGRESP, PUBACK, PUBLISH, SUBACK, UNSUBACK, frame, text
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    OnMessage = Callable[[bytes, "Payload"], Awaitable[None]]

# First bytes of packets that the lock alone sends: MQTT 3.1.1 (OASIS), section 2.2.1.
_SUBSCRIBE = const(0x82)
_UNSUBSCRIBE = const(0xA2)
_PINGREQ = const(0xC0)
_DISCONNECT = const(0xE0)
_GRACE_MS = const(50)  # the shortest wait for a packet
_SKIP = const(128)  # bytes dropped at a time


class Payload:
    """The payload of a message, still in the stream. What its handler does not read is dropped.

    `size` is the number of bytes that are not read yet; `retained` is the message's RETAIN flag.
    """

    def __init__(self, fill: "Callable[[memoryview], Awaitable[None]]", size: int, retained: bool) -> None:
        self._fill = fill
        self.size = size
        self.retained = retained

    async def into(self, view: memoryview) -> None:
        """Read into the whole view. Raises ValueError if it is longer than `size`."""
        if len(view) > self.size:
            raise ValueError("longer than the payload")
        self.size -= len(view)
        await self._fill(view)

    async def read(self, limit: int) -> "bytearray | None":
        """All bytes that are left, or None if they are more than `limit`."""
        if self.size > limit:
            return None
        data = bytearray(self.size)
        await self.into(memoryview(data))
        return data


class MQTTClient(simple.MQTTClient):
    """One connection, used once: connect(), then run() in a task of its own, then the other methods.

    `broker` is (host, port, user name, password), the last two None where a certificate is used. `tls` is an
    SSLContext, or None; `idf_free()` gives the bytes that are free for it. No step takes longer than
    timeout_ms. Every failure is an MQTTError; then close() must be called, which may be done at any time and
    more than once.
    """

    def __init__(
        self,
        client_id: str,
        broker: "tuple[str, int, str | None, str | None]",
        tls: "Any" = None,
        idf_free: "Callable[[], int | None] | None" = None,
        keepalive: int = 60,
        timeout_ms: int = 10000,
    ) -> None:
        super().__init__(client_id, *broker, keepalive)
        self._tls = tls
        self._timeout = timeout_ms
        self._stream: "Any" = None
        self.raw_sock: "Any" = None  # the socket under the TLS session
        self.idf_free = idf_free
        self.shortage = ""  # says how much memory TLS lacks, if it does
        self._sent = 0  # ticks of the last packet written
        self._sending = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._expected = None  # (kind, packet id) of the awaited answer
        self._answered = asyncio.Event()

    async def connect(self, address: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Connect to the broker at this IPv4 address, and wait until it accepts the lock."""
        try:
            await self._within(self._open(address))
        except BaseException as error:  # when cancelled, too: the socket is closed on every path
            self.close()
            if self.shortage and isinstance(error, MQTTError):  # mbedTLS calls it a bad certificate
                raise MQTTError(self.shortage)
            raise

    async def publish(  # pyright: ignore[reportIncompatibleMethodOverride]
        self, topic: str, msg: "bytes | tuple[bytes, ...]", retain: bool = False
    ) -> None:
        """Publish a message, with QoS 1; return when the broker has acknowledged it.

        There may be no memory for a long message in one piece, so `msg` may be a tuple of pieces.
        """
        pid = self._next_id()
        body, more = text(topic) + pid, ()
        if isinstance(msg, tuple):
            more = msg
        else:
            body += msg
        packet = frame(PUBLISH | 2 | retain, body, sum(map(len, more)))
        await self._within(self._ask(packet, PUBACK, pid, more))

    async def subscribe(self, topic: str, qos: int = 1) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Subscribe to a topic; return when the broker has acknowledged it."""
        pid = self._next_id()
        packet = frame(_SUBSCRIBE, pid + text(topic) + bytes((qos,)))
        await self._within(self._ask(packet, SUBACK, pid))

    async def unsubscribe(self, topic: str) -> None:
        """Unsubscribe from a topic; return when the broker has acknowledged it."""
        pid = self._next_id()
        await self._within(self._ask(frame(_UNSUBSCRIBE, pid + text(topic)), UNSUBACK, pid))

    async def run(self, on_message: "OnMessage") -> None:
        """Read packets and send pings for ever. Ends by MQTTError or when cancelled.

        on_message(topic, payload) is awaited for each message before the next is read: it must not wait for
        another message, nor longer than half of keepalive. A message for which there is no memory is dropped,
        and the console says so.
        """
        half = self.keepalive * 500  # ms
        pinged = None  # ticks of the unanswered ping
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
        """Send DISCONNECT, so that the broker does not publish the last will, and close."""
        try:
            await self._within(self._write(frame(_DISCONNECT)))
        except MQTTError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Close the TLS session and its socket, which a session whose handshake has failed does not close."""
        both = self.sock, self.raw_sock
        self.sock = self.raw_sock = None
        for sock in both:
            if sock is not None:
                try:
                    sock.close()
                except OSError:
                    pass

    async def _within(self, waiting: "Awaitable") -> "Any":
        """The result of one step. Raises MQTTError if it fails or takes longer than timeout_ms."""
        try:
            return await asyncio.wait_for_ms(waiting, self._timeout)
        except asyncio.TimeoutError:
            raise MQTTError("no answer in time")
        except (OSError, ValueError) as error:  # ValueError: raised by TLS for a bad certificate
            raise MQTTError("connection failed: " + str(error).strip())

    async def _open(self, address: str) -> None:
        async with Loan():
            from link.dial import dial

            self._stream, self._packets = await dial(self, address, self._tls)
            self._sent = ticks_ms()

    def _next_id(self) -> bytes:
        self.pid = self.pid % 65535 + 1
        return self.pid.to_bytes(2, "big")

    async def _write(self, packet: bytes, more: "tuple[bytes, ...]" = ()) -> None:
        async with self._sending:
            if self.sock is None:
                raise MQTTError("closed")
            self._stream.write(packet)
            await self._stream.drain()
            for piece in more:
                self._stream.write(piece)
                await self._stream.drain()
        self._sent = ticks_ms()

    async def _ask(self, packet: bytes, kind: int, pid: bytes, more: "tuple[bytes, ...]" = ()) -> None:
        """Send a packet, and wait until run() has read its answer."""
        async with self._asking:
            self._answered.clear()
            self._expected = kind, pid
            await self._write(packet, more)
            await self._answered.wait()

    async def _next(self, wait_ms: int) -> "int | None":
        """The first byte of the next packet, or None if none begins within wait_ms."""
        if self.sock is None:
            raise MQTTError("closed")
        try:
            return await asyncio.wait_for_ms(self._packets.kind(), wait_ms)
        except asyncio.TimeoutError:
            return None
        except OSError as error:
            raise MQTTError("connection failed: " + str(error).strip())

    async def _fill(self, view: memoryview) -> None:
        try:
            await self._within(self._packets.fill(view))
        except MemoryError:  # nobody knows how many bytes have been read
            raise MQTTError("no memory")

    async def _handle(self, on_message: "OnMessage", kind: int) -> bool:
        """Handle a packet; whether it answered a ping."""
        topic, pid, size = await self._within(self._packets.head(kind))
        if kind & 0xF0 == PUBLISH:
            payload = Payload(self._fill, size, bool(kind & 1))
            try:
                await on_message(topic, payload)
            except MemoryError:  # the message is lost; without the connection it would come again and again
                console.error("link", "no memory for a message")
            while payload.size:
                await payload.into(memoryview(bytearray(min(payload.size, _SKIP))))
            if pid:
                await self._within(self._write(frame(PUBACK, pid)))
        elif kind == CONNACK or (kind == SUBACK and pid[2] > 2):
            raise MQTTError("refused by the broker")
        elif (kind, pid[:2]) == self._expected:
            self._expected = None
            self._answered.set()
        return kind == PINGRESP
