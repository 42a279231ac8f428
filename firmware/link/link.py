"""Keeps the lock in touch with its operator, for as long as there is somebody to talk to."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from link.packets import MQTTError
from link.resolver import DnsError
from modules import OFTEN, collect

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from link.backoff import Backoff
    from link.mqtt import MQTTClient
    from link.resolver import Resolver
    from link.telemetry import Telemetry
    from link.timekeeper import Timekeeper
    from link.topics import Topics
    from link.wifi import Wifi

_PROVED_MS = const(30_000)  # a session that lasted: a broker that drops everybody must not be stormed


class Link:
    """Wi-Fi, then the address, then the broker; on any failure close, wait, and start again.

    client_factory makes a new client for each connection; log takes one short line of text. Where it can,
    it connects while it is quiet() at the door. fault("memory", True) when there was none for TLS.
    """

    def __init__(
        self, wifi: "Wifi", resolver: "Resolver", client_factory: "Callable[[], MQTTClient]",
        telemetry: "Telemetry", topics: "Topics", backoff: "Backoff", log: "Callable[[str], None]",
        *, timekeeper: "Timekeeper", quiet: "Callable[[], bool]", fault: "Callable[[str, bool], None]",
    ) -> None:  # fmt: skip
        self._wifi = wifi
        self._resolver = resolver
        self._client_factory = client_factory
        self.telemetry = telemetry
        telemetry.signal = wifi.signal
        self.topics = topics
        self._backoff = backoff
        self._log = log
        self._timekeeper, self._quiet, self._fault = timekeeper, quiet, fault
        self._began = 0  # ticks of this connection
        self._was_short = False
        self.online = False

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
                self._log("offline: {}".format(error))
            if self.online and self._proved():
                self._backoff.reset()
            self.online = False
            await self._backoff.pause(self._quiet)

    async def _connect(self) -> None:
        """One connection, from the address to its end."""
        await self._timekeeper.prepare()
        client = self._client_factory()
        address = await self._resolver.resolve(client.server)
        self.telemetry.will(client)
        try:
            try:
                await client.connect(address)
            except MQTTError:
                self._resolver.doubt(client.server)
                if client.short:
                    self._was_short = True
                    self._fault("memory", True)
                raise
            self.online = True
            self._log("online")
            await collect(-1)
            self._resolver.proved(client.server)
            await collect(OFTEN)
            await side_by_side(client.run(self.topics.on_message), self._talk(client), self._watch())
        finally:
            self.topics.lost()
            client.close()

    async def _talk(self, client: "MQTTClient") -> None:
        await self.topics.connected(client)
        await self.telemetry.run(client)

    async def _watch(self) -> None:
        await self._wifi.lost(self._tick)
        raise MQTTError("the access point is gone")

    async def _tick(self) -> None:
        if self._was_short and self._proved():  # the operator has been told, in the first state
            self._was_short = False
            self._fault("memory", False)
        await self._timekeeper.tick()

    def _proved(self) -> bool:
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
