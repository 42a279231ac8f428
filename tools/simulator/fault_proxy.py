"""A proxy between a lock and its broker that fails at a chosen point of a connection, in a chosen way.

It speaks TLS 1.2 to the lock, as the chip does, so that it can fail in the middle of the handshake, between
any two MQTT packets and within one; the broker sees a client like the lock.
"""

import asyncio
import contextlib
import socket
import ssl
from pathlib import Path

from menshen import ending
from menshen.operator.certificates import Authority, Pair

from .fault_side import LINGER, Broken, Fault, LockSide, packets
from .held_port import HeldPort
from .provision import BROKER_NAME

_HOST = "127.0.0.1"
_CALLERS = 4  # fill the queue of a port where nobody accepts


def contexts(folder: Path, authority: Authority, lock: Pair) -> tuple[ssl.SSLContext, ssl.SSLContext]:
    """For a proxy: to be the broker towards this lock, and the lock towards the broker."""
    (folder / "ca.pem").write_bytes(authority.certificate_pem)
    server = ssl.SSLContext(ssl.PROTOCOL_TLS_SERVER)
    server.verify_mode = ssl.CERT_REQUIRED
    server.load_verify_locations(folder / "ca.pem")
    key, certificate = authority.issue("broker", hosts=[BROKER_NAME], server=True).write(folder, "proxy")
    server.load_cert_chain(certificate, key)
    client = ssl.create_default_context(cafile=str(folder / "ca.pem"))
    key, certificate = lock.write(folder, "lock")
    client.load_cert_chain(certificate, key)
    return server, client


class FaultProxy:
    """`broker` is the address behind it, `lock_side` a server's context, `broker_side` None for no TLS.

    `hits` counts how often the fault was met, `served` the acknowledgements that reached the lock since.
    """

    def __init__(
        self, broker: tuple[str, int], lock_side: ssl.SSLContext, broker_side: ssl.SSLContext | None = None
    ) -> None:
        lock_side.maximum_version = ssl.TLSVersion.TLSv1_2
        self._broker, self._lock_side, self._broker_side = broker, lock_side, broker_side
        self._news = asyncio.Condition()
        self._server: asyncio.Server | None = None
        self._held = HeldPort()
        self._deaf: list[socket.socket] = []
        self._links: set[asyncio.Task] = set()
        self.fault: Fault | None = None
        self.hits = self.served = self.connections = 0
        self.port = self._held.number

    async def __aenter__(self) -> "FaultProxy":
        await self._listen()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close_port()
        self._held.close()
        await self.hang_up()

    async def arm(self, fault: Fault | None) -> None:
        """Fail like this from now on, or no longer; a connection that has met its fault stays broken."""
        self._close_port()
        self.fault, self.hits = fault, 0
        if fault == Fault("connect", "silent"):
            await self._listen_deaf()
        else:
            await self._listen()

    async def hang_up(self) -> None:
        """End all connections."""
        await ending.end(*self._links)

    async def until_hit(self, timeout: float = 60) -> None:
        """Wait until the fault has been met; TimeoutError. A connect that nobody accepts is not noticed."""
        if self._deaf:
            return
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: self.hits)

    async def until_served(self, timeout: float = 60) -> None:
        """Wait until the lock is served, and has not met the fault since; TimeoutError."""
        async with asyncio.timeout(timeout), self._news:
            await self._news.wait_for(lambda: self.served)

    async def _note(self, what: str) -> None:
        async with self._news:
            if what == "hits":
                self.hits, self.served = self.hits + 1, 0
            else:
                self.served += 1
            self._news.notify_all()

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, _HOST, self.port)

    async def _listen_deaf(self) -> None:
        """Listen so that the kernel accepts no more connections: it drops the SYN of each."""
        deaf = socket.socket()
        deaf.setsockopt(socket.SOL_SOCKET, socket.SO_REUSEADDR, 1)
        deaf.bind((_HOST, self.port))
        deaf.listen(0)
        self._deaf.append(deaf)
        for _ in range(_CALLERS):
            caller = socket.socket()
            caller.setblocking(False)
            caller.connect_ex((_HOST, self.port))
            self._deaf.append(caller)
        await asyncio.sleep(0)

    def _close_port(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        for sock in self._deaf:
            sock.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, LINGER)
            sock.close()
        self._deaf.clear()

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        self.connections += 1
        link = asyncio.ensure_future(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """One connection of the lock, from its first byte to the end of either side."""
        with contextlib.closing(writer), contextlib.suppress(Broken, OSError):
            side = LockSide(reader, writer, self._lock_side, lambda: self.fault, self._note)
            # The first sees at once that the lock has hung up.
            for task in await ending.first(side.listen(), self._carry(side)):
                if not task.cancelled():
                    task.result()

    async def _carry(self, side: LockSide) -> None:
        await side.handshake()
        name = None if self._broker_side is None else BROKER_NAME
        up_reader, up_writer = await asyncio.open_connection(
            *self._broker, ssl=self._broker_side, server_hostname=name
        )
        with contextlib.closing(up_writer):
            out, into = self._out(side, up_writer), self._in(side, up_reader)
            async with ending.running(out) as leaving, ending.running(into) as coming:
                await asyncio.wait([leaving, coming], return_when=asyncio.FIRST_COMPLETED)
                if side.broken:
                    await asyncio.Event().wait()  # the broker has gone; the lock is not told

    async def _out(self, side: LockSide, writer: asyncio.StreamWriter) -> None:
        while data := await side.read():
            writer.write(data)
            await writer.drain()

    async def _in(self, side: LockSide, reader: asyncio.StreamReader) -> None:
        stream = bytearray()
        while data := await reader.read(4096):
            stream += data
            for packet in packets(stream):
                await side.packet(packet)
