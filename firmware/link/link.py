"""Keeps the lock in touch with its operator, for as long as there is somebody to talk to."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import MEMORY
from link.errors import DnsError, MQTTError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from link.backoff import Backoff
    from link.mqtt import MQTTClient
    from link.resolver import Resolver
    from link.subscriptions import Subscriptions
    from link.timekeeper import Timekeeper
    from link.wifi import Wifi

    class Publisher(Protocol):
        """What is said over a connection."""

        signal: "Any"  # set by the link: how good the reception is

        def will(self, client: MQTTClient) -> None: ...  # what the broker says when it loses the lock
        async def run(self, client: MQTTClient) -> None: ...  # for as long as the connection lasts


_PROVED_MS = const(30_000)  # a session that lasted: a broker that drops everybody must not be stormed


class Network:
    """What a connection needs below it: the access point, addresses, the time."""

    def __init__(self, wifi: "Wifi", resolver: "Resolver", timekeeper: "Timekeeper") -> None:
        self.wifi, self.resolver, self.timekeeper = wifi, resolver, timekeeper


class Link:
    """Wi-Fi, then the address, then the broker; on any failure close, wait, and start again.

    client_factory makes a new client for each connection. Where it can, it connects while it is quiet() at
    the door. Where TLS had no memory, `fault` hears of it, from then until a session has lasted.
    """

    def __init__(
        self,
        network: Network,
        client_factory: "Callable[[], MQTTClient]",
        topics: "Subscriptions",
        publisher: "Publisher",
        backoff: "Backoff",
        quiet: "Callable[[], bool]",
    ) -> None:
        self._wifi, self._resolver, self._timekeeper = network.wifi, network.resolver, network.timekeeper
        self._client_factory, self._topics, self._publisher = client_factory, topics, publisher
        self._backoff, self._quiet = backoff, quiet
        publisher.signal = network.wifi.signal
        self.fault: Callable[[str, bool], None] = lambda name, lasts: None
        self._began = 0  # ticks of this connection
        self._was_short = self.online = False

    async def run(self) -> None:
        """For ever."""
        while True:
            if not self._wifi.connected():
                await self._wifi.join()
                if not self._quiet():
                    await self._backoff.pause(self._quiet)
            self._began = ticks_ms()
            try:
                await self._connect()
            except (MQTTError, DnsError, OSError, MemoryError) as error:
                console.info("link", "offline: {}".format(error))
            if self.online and self._lasted():
                self._backoff.reset()
            self.online = False
            await self._backoff.pause(self._quiet)

    async def _connect(self) -> None:
        """One connection, from the address to its end."""
        await self._timekeeper.prepare()
        client = self._client_factory()
        address = await self._resolver.resolve(client.server)
        self._publisher.will(client)
        try:
            try:
                await client.connect(address)
            except MQTTError:
                self._resolver.doubt(client.server)
                if client.short:
                    self._was_short = True
                    self.fault(MEMORY, True)
                raise
            self.online = True
            console.info("link", "online")
            await self._resolver.proved(client.server)
            await side_by_side(client.run(self._topics.on_message), self._talk(client), self._watch())
        finally:
            self._topics.lost()
            client.close()

    async def _talk(self, client: "MQTTClient") -> None:
        await self._topics.connected(client)
        await self._publisher.run(client)

    async def _watch(self) -> None:
        await self._wifi.lost(self._tick)
        raise MQTTError("the access point is gone")

    async def _tick(self) -> None:
        if self._was_short and self._lasted():  # the operator has been told, in the first state
            self._was_short = False
            self.fault(MEMORY, False)
        await self._timekeeper.tick()

    def _lasted(self) -> bool:
        return ticks_diff(ticks_ms(), self._began) > _PROVED_MS


async def side_by_side(*jobs) -> None:
    """Run jobs that never end but by an exception; when one does, end them all, and raise it.

    What the others die of meanwhile is heard too, or asyncio would print it.
    """
    failed, errors = asyncio.Event(), []

    async def hear(job) -> None:
        try:
            await job
        except Exception as error:
            errors.append(error)
            failed.set()

    tasks = [asyncio.create_task(hear(job)) for job in jobs]
    try:
        await failed.wait()
        raise errors[0]
    finally:
        for task in tasks:
            task.cancel()
