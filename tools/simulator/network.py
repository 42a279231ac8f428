"""The network as the lock sees it: resolver, time server, a way to the broker, and a cable to pull.

With the cable pulled or the broker silent nothing is answered and nothing is closed. The computer's
own kernel still completes the TCP handshake on the loopback, as a broker does that hangs.
"""

import asyncio
import contextlib
import struct
import time
from collections.abc import Callable
from typing import cast

from menshen import ending

from .held_port import HeldPort
from .provision import BROKER_NAME
from .sniffer import Sniffer

BROKER_MODES = ("ok", "dead", "silent")
DNS_MODES = ("ok", "silent")
_LOCALHOST = "127.0.0.1"
_BROKER = bytes((192, 0, 2, 1))  # fakes/socket.py has this computer there
_TTL_S = 60
_FROM_1900_S = 2_208_988_800  # the epoch of NTP


def answer_dns(query: bytes) -> bytes:
    """The reply to one DNS query (RFC 1035, 4.1): the broker's A record, or NXDOMAIN for other names."""
    name, place = [], 12
    while query[place]:
        name.append(query[place + 1 : place + 1 + query[place]].decode("ascii", "replace"))
        place += 1 + query[place]
    question = query[12 : place + 5]
    known = ".".join(name).lower() == BROKER_NAME
    wants_a = question[-4:] == b"\x00\x01\x00\x01"
    flags = 0x8180 if known else 0x8183
    answers = 1 if known and wants_a else 0
    reply = query[:2] + struct.pack(">5H", flags, 1, answers, 0, 0) + question
    if answers:
        reply += struct.pack(">HHHIH", 0xC00C, 1, 1, _TTL_S, 4) + _BROKER
    return reply


class _Server(asyncio.DatagramProtocol):
    """Answers datagrams while it is to answer."""

    def __init__(self, answering: Callable[[], bool], answer: Callable[[bytes], bytes]) -> None:
        self._answering, self._answer = answering, answer
        self._transport: asyncio.DatagramTransport

    def connection_made(self, transport: asyncio.BaseTransport) -> None:
        self._transport = cast(asyncio.DatagramTransport, transport)

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        if self._answering():
            with contextlib.suppress(IndexError):
                self._transport.sendto(self._answer(data), addr)


def answer_sntp(query: bytes, ahead_s: int = 0) -> bytes:
    """The reply to one SNTP query (RFC 4330, 4) by this computer's clock: version 4, server, stratum 2.

    `ahead_s`: by so much the server is wrong.
    """
    now = time.time() + ahead_s
    stamp = struct.pack(">II", (int(now) + _FROM_1900_S) & 0xFFFFFFFF, int(now % 1 * 2**32))
    return b"\x24\x02" + bytes(14) + stamp + query[40:48] + stamp + stamp


class Network:
    """Owns the resolver and the proxy before the broker; `emit` is told of every MQTT packet.

    It cannot see into a connection with TLS.
    """

    def __init__(self, broker: tuple[str, int], emit: Callable[[dict], None], tls: bool = False) -> None:
        self._broker, self._emit, self._tls = broker, emit, tls
        self._cable, self._answering = asyncio.Event(), asyncio.Event()
        self._cable.set()
        self._answering.set()
        self._dns_mode = self._broker_mode = "ok"
        self._held: HeldPort | None = None
        self._server: asyncio.Server | None = None
        self._links: set[asyncio.Task] = set()
        self._udp: list[asyncio.DatagramTransport] = []
        self.dns_port = self.sntp_port = self.broker_port = 0
        self.sntp_ahead_s = 0

    @property
    def up(self) -> bool:
        """Is the cable in?"""
        return self._cable.is_set()

    @property
    def modes(self) -> dict[str, str]:
        """The faults in force."""
        return {"broker": self._broker_mode, "dns": self._dns_mode}

    async def start(self) -> None:
        """Open ports that the system chooses: `dns_port` and `sntp_port` (UDP), `broker_port` (TCP)."""
        self.dns_port = await self._serve(answer_dns)
        self.sntp_port = await self._serve(lambda query: answer_sntp(query, self.sntp_ahead_s))
        self._held = HeldPort()
        self.broker_port = self._held.number
        await self._listen()

    async def stop(self) -> None:
        """Close everything."""
        if self._held is not None:
            self._held.close()
        for transport in self._udp:
            transport.close()
        await self._hang_up()

    def plug(self, up: bool) -> None:
        """Put the cable in, or pull it."""
        self._cable.set() if up else self._cable.clear()

    def set_dns(self, mode: str) -> None:
        """One of DNS_MODES."""
        self._dns_mode = mode

    async def set_broker(self, mode: str) -> None:
        """One of BROKER_MODES."""
        self._broker_mode = mode
        self._answering.clear() if mode == "silent" else self._answering.set()
        if mode == "dead":
            await self._hang_up()
        elif self._server is None:
            await self._listen()

    async def _serve(self, answer: Callable[[bytes], bytes]) -> int:
        """Answer datagrams on a port that the system chooses, and return it."""
        transport, _ = await asyncio.get_running_loop().create_datagram_endpoint(
            lambda: _Server(lambda: self.up and self._dns_mode == "ok", answer), local_addr=(_LOCALHOST, 0)
        )
        self._udp.append(transport)
        return transport.get_extra_info("sockname")[1]

    async def _listen(self) -> None:
        self._server = await asyncio.start_server(self._accept, _LOCALHOST, self.broker_port)

    async def _hang_up(self) -> None:
        if self._server is not None:
            self._server.close()
            self._server = None
        await ending.end(*self._links)

    def _accept(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        link = asyncio.ensure_future(self._link(reader, writer))
        self._links.add(link)
        link.add_done_callback(self._links.discard)

    async def _link(self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        """Join one connection of the lock to the broker until either end closes it."""
        with contextlib.closing(writer), contextlib.suppress(ConnectionError):
            up_reader, up_writer = await asyncio.open_connection(*self._broker)
            with contextlib.closing(up_writer):
                pumps = await ending.first(
                    self._pump(reader, up_writer, Sniffer("out")),
                    self._pump(up_reader, writer, Sniffer("in")),
                )
                for pump in pumps:
                    if not pump.cancelled():
                        pump.result()  # raises what ended it; nobody else asks

    async def _pump(
        self, reader: asyncio.StreamReader, writer: asyncio.StreamWriter, sniffer: Sniffer
    ) -> None:
        """Carry one direction; return once its end is closed and the other end could know of it."""
        queue: asyncio.Queue[bytes] = asyncio.Queue()
        async with ending.running(self._forward(queue, writer, sniffer)):
            while data := await reader.read(4096):
                queue.put_nowait(data)
            if self.up and self._answering.is_set():
                await queue.join()
            else:  # what was held back dies with the connection
                await self._cable.wait()
                await self._answering.wait()

    async def _forward(
        self, queue: asyncio.Queue[bytes], writer: asyncio.StreamWriter, sniffer: Sniffer
    ) -> None:
        while True:
            data = await queue.get()
            await self._cable.wait()
            leaving = sniffer.direction == "out"
            events = [] if self._tls else sniffer.feed(data)
            if leaving:
                self._tell(events)
            await self._answering.wait()
            await self._cable.wait()
            if not leaving:
                self._tell(events)
            try:
                writer.write(data)
                await writer.drain()
            except ConnectionError:
                return
            finally:
                queue.task_done()

    def _tell(self, events: list[dict]) -> None:
        for event in events:
            self._emit(event)
