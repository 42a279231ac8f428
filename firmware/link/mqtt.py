"""MQTT 3.1.1: the interface of umqtt.simple, with every wait asynchronous and bounded.

Of the base class come the constructor, the last will and the callback, which are the same in 1.3.4
and in the newer version frozen into stock images. The packets are written here: the base writes them
between blocking reads, with ids that never wrap and a length of one byte for SUBSCRIBE.
Sections named are those of the OASIS MQTT 3.1.1 standard.
"""

import asyncio
import select
import socket
from errno import EINPROGRESS
from time import ticks_diff, ticks_ms

from micropython import const
from umqtt import simple

try:
    from typing import TYPE_CHECKING
except ImportError:
    TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable
    from typing import Any

    OnMessage = Callable[[bytes, "bytearray | None"], Awaitable[None]]
    Packet = tuple[int, bytes, bytes, "bytearray | None"]

_CONNECT = const(0x10)
_CONNACK = const(0x20)
_PUBLISH = const(0x30)
_PUBACK = const(0x40)
_SUBSCRIBE = const(0x82)
_SUBACK = const(0x90)
_PINGRESP = const(0xD0)

_TOPIC_MAX = const(128)
_PAYLOAD_MAX = const(6144)  # longer ones are thrown away as they come
_PACKET_MAX = const(65536)  # longer ones end the connection
_POLL_MS = const(20)
_GRACE_MS = const(50)  # least time to look for what has arrived already


class MQTTError(Exception):
    """The connection is of no more use, and must be closed."""


def _text(value: "str | bytes") -> bytes:
    """A string with its length before it (1.5.3)."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def _frame(kind: int, body: bytes) -> bytes:
    """A packet: its kind, its remaining length (2.2.3), its body."""
    head = bytearray((kind,))
    size = len(body)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class MQTTClient(simple.MQTTClient):
    """One connection, used once. connect(), then run() in a task of its own, then the others.

    `tls` is an ssl context, or None. No step takes longer than timeout_ms. Every failure is an
    MQTTError; close() must follow, and may be called at any time, more than once.
    """

    def __init__(
        self, client_id: str, server: str, port: int, user: "str | None" = None,
        password: "str | None" = None, keepalive: int = 60, tls: "Any" = None, timeout_ms: int = 10000,
    ) -> None:  # fmt: skip
        super().__init__(client_id, server, port, user, password, keepalive)
        self._tls = tls
        self._timeout = timeout_ms
        self._stream: "Any" = None
        self._sent = 0  # ticks of the last packet written
        self._sending = asyncio.Lock()
        self._asking = asyncio.Lock()
        self._expected = None  # (kind, packet id) of the answer that is waited for
        self._answered = asyncio.Event()

    async def connect(self, address: str) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Connect to the broker at this IPv4 address, and be accepted by it."""
        try:
            await self._within(self._open(address))
        except BaseException:  # cancelled, too: no path leaves a socket behind
            self.close()
            raise

    async def publish(self, topic: str, msg: bytes, retain: bool = False, qos: int = 1) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Send a message; with QoS 1, return once the broker has it."""
        if not qos:
            return await self._within(self._write(_frame(_PUBLISH | retain, _text(topic) + msg)))
        pid = self._next_id()
        packet = _frame(_PUBLISH | 2 | retain, _text(topic) + pid + msg)
        return await self._within(self._ask(packet, _PUBACK, pid))

    async def subscribe(self, topic: str, qos: int = 1) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Ask for the messages of a topic; return once the broker agrees."""
        pid = self._next_id()
        packet = _frame(_SUBSCRIBE, pid + _text(topic) + bytes((qos,)))
        await self._within(self._ask(packet, _SUBACK, pid))

    async def run(self, on_message: "OnMessage") -> None:
        """Read for ever, and keep the connection alive. Ends by MQTTError or by being cancelled.

        on_message(topic, payload) is awaited for each message before the next is read; payload is
        None for one that was too long to keep.
        """
        half = self.keepalive * 500  # ms
        pinged = None  # ticks of the ping that is not answered yet
        while True:
            if pinged is None and ticks_diff(ticks_ms(), self._sent) >= half:
                await self._within(self._write(b"\xc0\0"))
                pinged = ticks_ms()
            if pinged is None:
                left = half - ticks_diff(ticks_ms(), self._sent)
            else:
                left = self._timeout - ticks_diff(ticks_ms(), pinged)
            if await self._arrived(max(left, _GRACE_MS)):
                if await self._handle(on_message, *await self._within(self._packet())):
                    pinged = None
            elif pinged is not None and ticks_diff(ticks_ms(), pinged) >= self._timeout:
                raise MQTTError("no answer to a ping")

    async def disconnect(self) -> None:  # pyright: ignore[reportIncompatibleMethodOverride]
        """Say good-bye, so that the broker keeps the last will to itself, and close."""
        try:
            await self._within(self._write(b"\xe0\0"))
        except MQTTError:
            pass
        finally:
            self.close()

    def close(self) -> None:
        """Give the socket and its TLS session back."""
        sock, self.sock, self._stream = self.sock, None, None
        if sock is not None:
            try:
                sock.close()
            except OSError:
                pass

    async def _within(self, waiting):
        """The result of one step, bounded in time."""
        try:
            return await asyncio.wait_for_ms(waiting, self._timeout)
        except asyncio.TimeoutError:
            raise MQTTError("no answer in time")
        except (OSError, ValueError) as error:  # ValueError: what TLS raises for a bad certificate
            raise MQTTError("connection failed", error)

    async def _open(self, address: str) -> None:
        self.sock = sock = socket.socket()
        sock.setblocking(False)
        try:
            sock.connect(socket.getaddrinfo(address, self.port)[0][-1])  # numeric: does not wait
        except OSError as error:
            if error.errno != EINPROGRESS:
                raise
        poller = select.poll()
        poller.register(sock, select.POLLOUT)
        while not poller.poll(0):
            await asyncio.sleep_ms(_POLL_MS)
        if self._tls is not None:
            wrap = self._tls.wrap_socket
            self.sock = wrap(sock, server_hostname=self.server, do_handshake_on_connect=False)
        self._stream = asyncio.StreamReader(self.sock)
        await self._write(self._connect_packet())
        kind, _, code, _ = await self._packet()
        if kind != _CONNACK or code[1]:
            raise MQTTError("refused by the broker", code)

    def _connect_packet(self) -> bytes:
        """CONNECT with a clean session (3.1)."""
        flags = 0x02
        payload = _text(self.client_id)
        if self.lw_topic:
            flags |= 0x04 | self.lw_qos << 3 | self.lw_retain << 5
            payload += _text(self.lw_topic) + _text(self.lw_msg)
        if self.user:
            flags |= 0xC0
            payload += _text(self.user) + _text(self.pswd or b"")
        head = b"\0\x04MQTT\x04" + bytes((flags,)) + self.keepalive.to_bytes(2, "big")
        return _frame(_CONNECT, head + payload)

    def _next_id(self) -> bytes:
        self.pid = self.pid % 65535 + 1
        return self.pid.to_bytes(2, "big")

    async def _write(self, packet: bytes) -> None:
        async with self._sending:
            if self._stream is None:
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

    async def _arrived(self, wait_ms: int) -> bool:
        """Whether there is something to read within the time; takes nothing."""
        try:
            await asyncio.wait_for_ms(self._stream.read(0), wait_ms)
        except asyncio.TimeoutError:
            return False
        return True

    async def _read(self, size: int) -> bytearray:
        data = bytearray(size)
        view = memoryview(data)
        while view:
            count = await self._stream.readinto(view)
            if count == 0:
                raise MQTTError("closed by the broker")
            view = view[count or 0 :]
        return data

    async def _length(self) -> int:
        """Remaining length: at most four bytes (2.2.3)."""
        length = 0
        for shift in (0, 7, 14, 21):
            byte = (await self._read(1))[0]
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                return length
        raise MQTTError("bad length")

    async def _packet(self) -> "Packet":
        """(first byte, topic, packet id, payload) of the next packet."""
        kind = (await self._read(1))[0]
        length = await self._length()
        if kind & 0xF0 == _PUBLISH:
            return await self._message(kind, length)
        # the body of every other packet that a broker may send has one size
        if {_CONNACK: 2, _PUBACK: 2, _SUBACK: 3, _PINGRESP: 0}.get(kind) != length:
            raise MQTTError("bad packet")
        body = await self._read(length)
        return kind, b"", bytes(body[:2]), body

    async def _message(self, kind: int, length: int) -> "Packet":
        """The rest of a PUBLISH (3.3). QoS 2 was never asked for."""
        id_size = kind & 2
        if kind & 4 or not 2 + id_size <= length <= _PACKET_MAX:
            raise MQTTError("bad message")
        size = int.from_bytes(await self._read(2), "big")
        rest = length - 2 - size - id_size
        if size > _TOPIC_MAX or rest < 0:
            raise MQTTError("bad topic")
        topic = bytes(await self._read(size))
        pid = bytes(await self._read(id_size))
        if rest <= _PAYLOAD_MAX:
            return kind, topic, pid, await self._read(rest)
        while rest:
            rest -= len(await self._read(min(rest, _TOPIC_MAX)))
        return kind, topic, pid, None

    async def _handle(self, on_message: "OnMessage", kind: int, topic: bytes, pid: bytes, body) -> bool:
        """Do what a packet asks for; whether it answered a ping."""
        if kind & 0xF0 == _PUBLISH:
            await on_message(topic, body)
            if pid:
                await self._within(self._write(_frame(_PUBACK, pid)))
        elif kind == _CONNACK or (kind == _SUBACK and body[2] > 2):
            raise MQTTError("refused by the broker")
        elif (kind, pid) == self._expected:
            self._expected = None
            self._answered.set()
        return kind == _PINGRESP
