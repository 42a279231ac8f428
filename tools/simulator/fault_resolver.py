"""A resolver that fails in a chosen way: silent, closed, a byte at a time, or garbage."""

import asyncio
import os
from typing import cast

from menshen import ending

from .network import answer_dns

_HOST = "127.0.0.1"
_SLOW_S = 1.0
_LONGEST = 600


class FaultResolver(asyncio.DatagramProtocol):
    """`way` is one of fault_proxy.WAYS, or None; set it by `fail`. `hits` counts the questions so met."""

    def __init__(self) -> None:
        self._way: str | None = None
        self._transport: asyncio.DatagramTransport | None = None
        self._slow: set[asyncio.Task] = set()
        self.hits = self.port = 0

    async def __aenter__(self) -> "FaultResolver":
        await self._open()
        return self

    async def __aexit__(self, *_: object) -> None:
        self._close()
        await ending.end(*self._slow)

    async def fail(self, way: str | None) -> None:
        """Answer like this from now on; "reset" closes the port, which ICMP reports."""
        self._way = way
        if way == "reset":
            self._close()
        elif self._transport is None:
            await self._open()

    async def _open(self) -> None:
        loop = asyncio.get_running_loop()
        transport, _ = await loop.create_datagram_endpoint(lambda: self, local_addr=(_HOST, self.port))
        self._transport = cast(asyncio.DatagramTransport, transport)
        self.port = transport.get_extra_info("sockname")[1]

    def _close(self) -> None:
        if self._transport is not None:
            self._transport.abort()
            self._transport = None

    def datagram_received(self, data: bytes, addr: tuple) -> None:
        """A question."""
        if self._transport is None:
            return
        if self._way is None:
            self._transport.sendto(answer_dns(data), addr)
            return
        self.hits += 1
        if self._way == "garbage":
            for _ in range(3):  # one begins as the right answer does
                self._transport.sendto(os.urandom(_LONGEST), addr)
            self._transport.sendto(data[:2] + b"\x81\x80\0\1\0\1" + data[8:] + os.urandom(_LONGEST), addr)
        elif self._way == "slow":
            task = asyncio.ensure_future(self._dribble(answer_dns(data), addr))
            self._slow.add(task)
            task.add_done_callback(self._slow.discard)

    async def _dribble(self, answer: bytes, addr: tuple) -> None:
        for place in range(len(answer)):
            if self._transport is not None:
                self._transport.sendto(answer[place : place + 1], addr)
            await asyncio.sleep(_SLOW_S)
