"""The lock's end of one connection through the fault proxy: TLS by hand, and the fault where it is due."""

import asyncio
import contextlib
import os
import socket
import ssl
import struct
from collections.abc import Awaitable, Callable, Iterator
from dataclasses import dataclass

HANDSHAKE = ("connect", "hello", "finish")  # TCP; the server's first flight, and its last (RFC 5246, 7.3)
PACKETS = {"connack": 0x20, "suback": 0x90, "mid-packet": 0x30, "puback": 0x40, "pingresp": 0xD0}
POINTS = (*HANDSHAKE, *PACKETS)
WAYS = ("silent", "reset", "slow", "garbage")
LINGER = struct.pack("ii", 1, 0)  # close() sends RST (tcp(7))
_SLOW_S = 1.0  # from one byte to the next
_GARBAGE = 200


@dataclass(frozen=True)
class Fault:
    """`point` is one of POINTS, `way` one of WAYS."""

    point: str
    way: str


class Broken(Exception):
    """This connection is over."""


def packets(stream: bytearray) -> Iterator[bytes]:
    """Cut the whole MQTT packets off the stream (3.1.1, 2.2)."""
    while True:
        length = 0
        for place in range(1, min(5, len(stream))):
            length |= (stream[place] & 0x7F) << 7 * (place - 1)
            if not stream[place] & 0x80:
                break
        else:
            return
        end = place + 1 + length
        if len(stream) < end:
            return
        yield bytes(stream[:end])
        del stream[:end]


class LockSide:
    """`fault()` is the one in force; `note` is told of "hits" (the fault is met) and "served" (a PUBACK)."""

    def __init__(
        self,
        reader: asyncio.StreamReader,
        writer: asyncio.StreamWriter,
        context: ssl.SSLContext,
        fault: Callable[[], Fault | None],
        note: Callable[[str], Awaitable[None]],
    ) -> None:
        self._reader, self._writer, self._fault, self._note = reader, writer, fault, note
        self._incoming, self._outgoing = ssl.MemoryBIO(), ssl.MemoryBIO()
        self._tls = context.wrap_bio(self._incoming, self._outgoing, server_side=True)
        self._arrived = asyncio.Event()
        self._ended = False
        self.broken: Fault | None = None

    async def listen(self) -> None:
        """Take what arrives until the lock hangs up."""
        while data := await self._reader.read(4096):
            self._incoming.write(data)
            self._arrived.set()
        raise Broken

    async def handshake(self) -> None:
        """Be the server of a TLS handshake, one flight after the other."""
        await self._flight("connect", b"")
        for point in ("hello", "finish"):
            while True:
                self._arrived.clear()
                with contextlib.suppress(ssl.SSLWantReadError):
                    self._tls.do_handshake()
                if flight := self._outgoing.read():
                    break
                await self._arrived.wait()
            await self._flight(point, flight)

    async def read(self) -> bytes:
        """The next bytes that the lock sends, decrypted."""
        while True:
            self._arrived.clear()
            with contextlib.suppress(ssl.SSLWantReadError):
                return self._tls.read(4096)
            await self._arrived.wait()

    async def packet(self, packet: bytes) -> None:
        """Bring an MQTT packet to the lock, or what becomes of it."""
        fault, kind = self._fault(), packet[0] & 0xF0
        if fault and not self.broken and PACKETS.get(fault.point) == kind:
            good = len(packet) // 2 if fault.point == "mid-packet" else 0
            if good:
                self._tls.write(packet[:good])
                await self._send(self._outgoing.read())
            self._tls.write(os.urandom(_GARBAGE) if fault.way == "garbage" else packet[good:])
            await self._fail(fault, self._outgoing.read())
            return
        self._tls.write(packet)
        await self._send(self._outgoing.read())
        if kind == PACKETS["puback"] and not self.broken:
            await self._note("served")

    async def _flight(self, point: str, data: bytes) -> None:
        fault = self._fault()
        if fault and fault.point == point:
            await self._fail(fault, os.urandom(_GARBAGE) if fault.way == "garbage" or not data else data)
            await asyncio.Event().wait()
        elif data:
            await self._send(data)

    async def _fail(self, fault: Fault, data: bytes) -> None:
        """From here on the connection is broken; `data` is what comes instead, if anything does."""
        await self._note("hits")
        if fault.way == "reset":
            self._writer.get_extra_info("socket").setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            self._writer.transport.abort()
            raise Broken
        if fault.way == "garbage":
            await self._send(data)
        self.broken = fault
        await self._send(data)

    async def _send(self, data: bytes) -> None:
        if self.broken is None:
            self._writer.write(data)
            await self._writer.drain()
        elif self.broken.way == "slow":
            for place in range(len(data)):
                self._writer.write(data[place : place + 1])
                await self._writer.drain()
                await asyncio.sleep(_SLOW_S)
