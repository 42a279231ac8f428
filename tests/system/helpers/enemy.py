"""A broker that is the lock's enemy, on the wire: it holds all that was ever published, and knows no key."""

import asyncio
import contextlib
import random
from collections.abc import Callable, Sequence

from menshen import ending
from menshen.simulator.fault_side import packets

_CONNACK, _PINGRESP = b"\x20\x02\0\0", b"\xd0\0"
_PATIENCE_S = 60
Message = tuple[str, bytes]


def _text(value: bytes) -> bytes:
    return len(value).to_bytes(2, "big") + value


def _frame(kind: int, body: bytes) -> bytes:
    """A packet: its kind, its remaining length (MQTT 3.1.1, 2.2.3), its body."""
    head, size = bytearray((kind,)), len(body)
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class Enemy:
    """`published` is what the operator ever published, `forged` what is signed with keys of the enemy's own.

    `heard` are the lock's own messages, `sent` counts the enemy's, of which it awaits the receipt of each.
    """

    def __init__(
        self, seed: int, published: Sequence[Message], forged: Sequence[Message], topics: Sequence[str]
    ) -> None:
        self._dice = random.Random(seed)
        self._published, self._forged, self._topics = published, forged, topics
        self._blobs = {topic: data for topic, data in (*published, *forged) if "/blob/" in topic}
        self._writer: asyncio.StreamWriter | None = None
        self._links: set[asyncio.Task] = set()
        self._receipt, self._online = asyncio.Event(), asyncio.Event()
        self.heard: list[Message] = []
        self.honest = False
        self.sent = self.connections = self.port = 0

    async def __aenter__(self) -> "Enemy":
        self._server = await asyncio.start_server(self._accept, "127.0.0.1", 0)
        self.port = self._server.sockets[0].getsockname()[1]
        return self

    async def __aexit__(self, *_: object) -> None:
        self._server.close()
        await ending.end(*self._links)

    async def besiege(self, rounds: int) -> None:
        """Send so many messages, and now and then what is no message at all."""
        for number in range(rounds):
            if number % 40 == 39:
                await self._write(b"\0" + self._dice.randbytes(30))
            topic, payload = self._message()
            await self.send(topic, payload, self._dice.random() < 0.5)

    async def send(self, topic: str, payload: bytes, retain: bool) -> None:
        """Send one message, and return when the lock has taken it, or has gone."""
        self._receipt.clear()
        body = _text(topic.encode()) + self._dice.randrange(1, 65536).to_bytes(2, "big") + payload
        await self._write(_frame(0x32 | 8 * (self._dice.random() < 0.2) | retain, body))
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await self._receipt.wait()
        self.sent += 1

    async def _write(self, data: bytes) -> None:
        async with asyncio.timeout(_PATIENCE_S):
            await self._online.wait()
        if self._writer is not None:
            with contextlib.suppress(OSError):
                self._writer.write(data)
                await self._writer.drain()

    def _message(self) -> Message:
        """Replayed, out of order, on another topic, mangled, joined, forged or invented."""
        dice = self._dice
        if dice.random() < 0.25:
            return dice.choice(self._forged)
        topic, payload = dice.choice(self._published)
        ways: dict[int, Callable[[], bytes]] = {
            0: lambda: payload,
            1: lambda: self._mangled(payload),
            2: lambda: b".".join(dice.choice(dice.choice(self._published)[1].split(b".")) for _ in range(3)),
            3: lambda: dice.randbytes(dice.choice((0, 1, 200, 3000, 20_000))),
        }
        return (topic if dice.random() < 0.7 else dice.choice(self._topics)), ways[
            max(dice.randrange(5) - 1, 0)
        ]()

    def _mangled(self, payload: bytes) -> bytes:
        data = bytearray(payload)
        for _ in range(self._dice.randint(1, 3)):
            place = self._dice.randrange(len(data))
            if self._dice.random() < 0.5:
                data[place] ^= 1 << self._dice.randrange(8)
            else:
                del data[place : place + self._dice.randint(1, 40)]
                data += b"x"
        return bytes(data)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = asyncio.ensure_future(self._serve(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _serve(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Say what a broker has to, so that the lock goes on listening."""
        stream = bytearray()
        with contextlib.closing(writer), contextlib.suppress(OSError):
            while data := await reader.read(4096):
                stream += data
                for packet in packets(stream):
                    writer.write(self._answer(packet, writer))
                    await writer.drain()
        if self._writer is writer:
            self._writer = None
            self._online.clear()
            self._receipt.set()

    def _answer(self, packet: bytes, writer: asyncio.StreamWriter) -> bytes:
        kind, body = packet[0] & 0xF0, packet[2:] if packet[1] < 0x80 else packet[3:]
        if kind == 0x10:
            return _CONNACK
        if kind == 0x30:
            size = int.from_bytes(body[:2], "big")
            self.heard.append((body[2 : 2 + size].decode(), body[4 + size :]))
            self._writer = writer
            self._online.set()
            return b"\x40\x02" + body[2 + size : 4 + size]
        if kind == 0x40:
            self._receipt.set()
        elif kind == 0x80:
            return b"\x90\x03" + body[:2] + b"\x01" + self._chunk(body[4:-1].decode())
        elif kind == 0xA0:
            return b"\xb0\x02" + body[:2]
        elif kind == 0xC0:
            return _PINGRESP
        return b""

    def _chunk(self, topic: str) -> bytes:
        """What is brought when the lock asks for a chunk: it, or what is left of it."""
        data = self._blobs.get(topic)
        if data is None:
            return b""
        ways = [data] if self.honest else [data] * 8 + [self._mangled(data), data[:100], bytes(5000)]
        return _frame(0x31, _text(topic.encode()) + self._dice.choice(ways))
