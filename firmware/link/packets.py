"""Builds and reads the packets of MQTT 3.1.1. Section numbers are those of the OASIS standard.

Only the topic of a message is read here. The payload stays in the stream until its handler reads it, so no
broker can fill the memory.
"""

from micropython import const

from link.errors import MQTTError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Any

# first bytes (2.2.1)
CONNACK = const(0x20)
PUBLISH = const(0x30)
PUBACK = const(0x40)
SUBACK = const(0x90)
UNSUBACK = const(0xB0)
PINGRESP = const(0xD0)
_TOPIC_MAX = const(128)
_PACKET_MAX = const(65536)  # longer ones end the connection


def text(value: "str | bytes") -> bytes:
    """A string after its length (1.5.3)."""
    data = value.encode() if isinstance(value, str) else value
    return len(data).to_bytes(2, "big") + data


def frame(kind: int, body: bytes = b"", more: int = 0) -> bytes:
    """A packet: first byte, remaining length (2.2.3), body, of which so many bytes more are to follow."""
    head = bytearray((kind,))
    size = len(body) + more
    while size > 0x7F:
        head.append(size & 0x7F | 0x80)
        size >>= 7
    head.append(size)
    return bytes(head) + body


class PacketReader:
    """Reads packets from an asyncio stream. The caller bounds the time."""

    def __init__(self, stream: "Any") -> None:
        self._stream = stream
        self._first = bytearray(1)

    async def kind(self) -> int:
        """The first byte of the next packet. No byte is lost if this is cancelled."""
        await self.fill(memoryview(self._first))
        return self._first[0]

    async def head(self, kind: int) -> "tuple[bytes, bytes, int]":
        """Read what follows the first byte: (topic, packet id, size of the payload) of a PUBLISH.

        For any other packet it is (b"", body, 0). Raises MQTTError for a packet that a broker may not send,
        and at the end of the stream.
        """
        length = await self._length()
        if kind & 0xF0 == PUBLISH:
            return await self._message(kind, length)
        # every other packet that a broker may send has a body of fixed size (3.2, 3.4, 3.9, 3.11, 3.13)
        if kind == PINGRESP:
            right = 0
        else:
            right = 3 if kind == SUBACK else 2 if kind in (CONNACK, PUBACK, UNSUBACK) else -1
        if length != right:
            raise MQTTError("bad packet")
        return b"", await self._read(length), 0

    async def fill(self, view: memoryview) -> None:
        """Fill the view with the next bytes of the stream."""
        while view:
            count = await self._stream.readinto(view)
            if count == 0:
                raise MQTTError("closed by the broker")
            view = view[count or 0 :]  # None: no byte yet, though readable

    async def _message(self, kind: int, length: int) -> "tuple[bytes, bytes, int]":
        """Read the head of a PUBLISH (3.3). QoS 2 is refused: the lock never asks for it."""
        id_size = kind & 2
        if kind & 4 or not 2 + id_size <= length <= _PACKET_MAX:
            raise MQTTError("bad message")
        size = int.from_bytes(await self._read(2), "big")
        rest = length - 2 - size - id_size
        if size > _TOPIC_MAX or rest < 0:
            raise MQTTError("bad topic")
        return await self._read(size), await self._read(id_size), rest

    async def _length(self) -> int:
        """Read the remaining length: at most four bytes (2.2.3)."""
        length = 0
        for shift in (0, 7, 14, 21):
            byte = await self.kind()
            length |= (byte & 0x7F) << shift
            if byte < 0x80:
                return length
        raise MQTTError("bad length")

    async def _read(self, size: int) -> bytes:
        data = bytearray(size)
        await self.fill(memoryview(data))
        return bytes(data)
