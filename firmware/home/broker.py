"""Has the door on a broker of the tenant's own: the door is announced, and what is commanded is judged.

The broker is believed nothing (home/commands.py), so plain TCP is enough. What is said there are the
announcement and whether the lock is there, and never anything of the door: nothing is said when a command
comes, and nothing depends on who comes and goes.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from link.backoff import Backoff
from link.errors import DnsError, MQTTError
from link.link import side_by_side
from link.mqtt import Broker, MQTTClient
from link.resolver import Resolver
from loader import Loan
from people.residents import HOME_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    from access.clock import Clock
    from board import Board
    from link.mqtt import Payload
    from people.residents import Residents
    from settings import Settings

    class Switch(Protocol):
        """home/switch.py: what a resident wants, and what there is memory for."""

        def is_on(self) -> bool: ...
        def must_go(self) -> bool: ...


_BASE_MS = const(1000)
_CAP_MS = const(120_000)
_PROVED_MS = const(30_000)
_LOOK_MS = const(1000)
_TRIES = const(12)  # to take the announcement back; then it stays at a broker that is gone
_LONGEST = const(256)  # bytes of a command; the longest good one has 108
_PACE_MS = const(1000)  # after a bad one: whoever sends many does not keep the lock busy


class _Off(Exception):
    """It is turned off, and the announcement has been taken back."""


class _Away(Exception):
    """Somebody else needs the memory for a while."""


class Home:
    """`door(lease, b"")` presents a lease's tenant to the gate; the switch is asked every second."""

    def __init__(
        self,
        settings: "Settings",
        board: "Board",
        clock: "Clock",
        residents: "Residents",
        switch: "Switch",
        door: "Callable[[int, bytes], bool]",
    ) -> None:
        self._lock, self._broker = settings.lock, settings.home
        self._wlan, self._numbers, self._clock = board.wlan(), board.numbers, clock
        self._residents, self._door, self._switch = residents, door, switch
        root = "menshen/v1/" + settings.lock
        self._command, self._presence = root + "/door", root + "/home"
        self._config = "homeassistant/lock/%s/door/config" % settings.lock
        # the access point's own server alone: none of the operator's need to learn of this broker
        self._resolver = Resolver([], self._numbers, lambda: self._wlan.ifconfig()[3])

    async def run(self) -> None:
        """Until it must go, or is off, and nothing of it is left at the broker that could be taken back."""
        backoff, tries = Backoff(_BASE_MS, _CAP_MS), 0
        while self._switch.is_on() or tries < _TRIES:
            began = ticks_ms()
            try:
                if self._wlan.isconnected():
                    await self._connect()
            except _Off:
                break
            except _Away:
                return
            except (MQTTError, DnsError, OSError, MemoryError) as error:
                console.info("home", "offline: {}".format(error))
            if ticks_diff(ticks_ms(), began) > _PROVED_MS:
                backoff.reset()
            tries = 0 if self._switch.is_on() else tries + 1
            left = backoff.next()
            while left > 0:
                if self._switch.must_go():
                    return
                await asyncio.sleep_ms(min(left, _LOOK_MS))
                left -= _LOOK_MS
        self._numbers.set("home_told", 0)

    async def _connect(self) -> None:
        """One connection, to its end. Raises _Off, MQTTError, DnsError, OSError."""
        if self._broker is None:
            raise _Off
        host, port, user, password = self._broker
        address = await self._resolver.resolve(host)
        client = MQTTClient(self._lock + ".home", Broker(host, port, user, password))
        client.set_last_will(self._presence, b"offline", True, 1)
        try:
            try:
                await client.connect(address)
            except MQTTError:
                self._resolver.doubt(host)
                raise
            await side_by_side(client.run(self._on_message), self._talk(client))
        finally:
            client.close()

    async def _talk(self, client: "MQTTClient") -> None:
        """All that is ever said: tests/static/test_rooms.py has the list."""
        if self._switch.is_on():
            console.info("home", "online")
            await client.subscribe(self._command, 0)  # QoS 0: no answer, and so no moment of it
            self._numbers.set("home_told", 1)
            await client.publish(self._config, self._announcement(), True)
            await client.publish(self._presence, b"online", True)
            while self._switch.is_on():
                if self._switch.must_go():
                    raise _Away  # the last will says so
                await asyncio.sleep_ms(_LOOK_MS)
        await client.publish(self._config, b"", True)
        await client.publish(self._presence, b"", True)
        await client.disconnect()
        raise _Off

    def _announcement(self) -> bytes:
        with Loan():
            from home.entity import entity

            return entity(self._lock, self._command, self._presence)

    async def _on_message(self, topic: bytes, payload: "Payload") -> None:
        """One message of the topic `door`; whatever comes of it, nothing is said."""
        lease = await self._judge(await payload.read(_LONGEST), payload.retained)
        if lease:
            self._door(lease, b"")
        elif lease is None:
            await asyncio.sleep_ms(_PACE_MS)

    async def _judge(self, message: "bytearray | None", retained: bool) -> "int | None":
        """The lease whose tenant wants in, see home/commands.py."""
        keys = list(self._residents.keys(HOME_KEY))
        with Loan():
            from home.commands import judge

            return judge(message, retained, self._lock, keys, self._clock, self._numbers)
