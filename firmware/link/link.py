"""Keeps the lock connected to its operator's broker."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from door.faults import MEMORY
from link.errors import MQTTError

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
        """What is published over a connection."""

        signal: "Any"  # set by the link: Wifi.signal

        def will(self, client: MQTTClient) -> None: ...  # sets the client's last will
        async def run(self, client: MQTTClient) -> None: ...  # publishes until the connection ends


_PROVED_MS = const(30_000)  # after so long a session counts as good, and the back-off starts anew


class Link:
    """Joins Wi-Fi, looks up the broker, connects; after any failure it closes, waits, and starts again.

    `network` is what a connection needs: Wi-Fi, addresses, and the time. `client` is a class of clients, and
    what is needed to make one for each connection. When the lock connects depends on the network and on
    chance, and on nothing that happens at the door. `fault` gets MEMORY when TLS has too little memory, and
    again when a session has lasted.
    """

    def __init__(
        self,
        network: "tuple[Wifi, Resolver, Timekeeper]",
        client: tuple,
        subscriptions: "Subscriptions",
        publisher: "Publisher",
        backoff: "Backoff",
    ) -> None:
        self._wifi, self._resolver, self._timekeeper = network
        self._client, self._subscriptions, self._publisher = client, subscriptions, publisher
        self._backoff = backoff
        publisher.signal = self._wifi.signal
        self.fault: Callable[[str, bool], None] = lambda name, lasts: None
        self._began, self._host = 0, ""  # ticks since when, and with whom, this connection is made
        self._is_new = self.online = False

    async def run(self) -> None:
        """Connect again and again, for ever."""
        while True:
            if not self._wifi.connected():
                await self._wifi.join()
            try:
                await self._connect()
            except (MQTTError, OSError, MemoryError) as error:
                console.info("link", "offline: {}".format(error))
            if self.online and self._lasted():
                self._backoff.reset()
            self.online = False
            await asyncio.sleep_ms(self._backoff.next())

    async def _connect(self) -> None:
        """Make one connection and use it until it ends, which raises an error."""
        await self._timekeeper.prepare()
        kind, *parts = self._client
        client = kind(*parts)
        address = await self._resolver.resolve(client.server)
        self._publisher.will(client)
        try:
            try:
                await client.connect(address)
            except MQTTError:
                if client.shortage:
                    self.fault(MEMORY, True)
                raise
            self.online = self._is_new = True
            self._began, self._host = ticks_ms(), client.server
            console.info("link", "online")
            await side_by_side(client.run(self._subscriptions.on_message), self._talk(client), self._watch())
        finally:
            if not (self.online and self._lasted()):  # whoever hangs up at once may not be the broker
                self._resolver.doubt(client.server)
            self._subscriptions.on_disconnected()
            client.close()

    async def _talk(self, client: "MQTTClient") -> None:
        await self._subscriptions.on_connected(client)
        await self._publisher.run(client)

    async def _watch(self) -> None:
        await self._wifi.until_lost(self._tick)
        raise MQTTError("the access point is gone")

    async def _tick(self) -> None:
        if self._is_new and self._lasted():  # it is the broker, and the first state has told the operator
            self._is_new = False
            await self._resolver.proved(self._host)
            self.fault(MEMORY, False)
        await self._timekeeper.tick()

    def _lasted(self) -> bool:
        return ticks_diff(ticks_ms(), self._began) > _PROVED_MS


async def side_by_side(*jobs) -> None:
    """Run jobs that end only by an exception; when the first does, cancel the others and raise its error.

    Errors of the others are caught too, or asyncio would print them.
    """
    failed, errors = asyncio.Event(), []

    async def run_one(job) -> None:
        try:
            await job
        except Exception as error:
            errors.append(error)
            failed.set()

    tasks = list(map(asyncio.create_task, map(run_one, jobs)))
    try:
        await failed.wait()
        raise errors[0]
    finally:
        for task in tasks:
            task.cancel()
