"""Connects to a broker of the tenant's own: announces the door, and has its commands judged.

Nothing that the broker says is believed unless it is signed (home/commands.py), so plain TCP is enough; a
board with PSRAM can have TLS, where the settings say which certificate is trusted. The lock publishes the
announcement and whether it is online, and never anything of the door: nothing is said when a command comes,
and nothing depends on who comes and goes.
"""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from link.backoff import Backoff
from link.errors import MQTTError, TlsError
from link.link import side_by_side
from link.mqtt import MQTTClient
from link.resolver import Resolver
from loader import Loan
from people.entry import HOME_KEY
from storage.names import HOME_ANNOUNCED

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any, Protocol

    from access.clock import Clock
    from board import Board
    from link.mqtt import Payload
    from people.residents import Residents
    from settings import Settings

    class Switch(Protocol):
        """home/switch.py: whether a resident wants this, and whether there is memory for it."""

        def is_on(self) -> bool: ...
        def must_yield(self) -> bool: ...


_BASE_MS = const(1000)
_CAP_MS = const(120_000)  # with TLS the base, too: a handshake holds up the door for a second
_PROVED_MS = const(30_000)
_LOOK_MS = const(1000)
_TRIES = const(12)  # to remove the announcement from a broker that may be gone
_LONGEST = const(256)  # bytes of a command; the longest good one has 108
_PACE_MS = const(1000)  # after a bad one, so that whoever sends many cannot occupy the lock


class _End(Exception):
    """It is turned off, and the announcement has been removed. With True: the memory is needed."""


class Home:
    """door(lease, b"") has the gate judge a lease's tenant; `switch` is asked every second."""

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
        # only the access point's own server: the operator's need not learn of this broker
        self._tls: Any = None
        self._resolver = Resolver([], self._numbers, lambda: self._wlan.ifconfig()[3])

    async def run(self) -> None:
        """Run until it must yield, or is turned off and the announcement has been removed as far as possible.

        Raises MemoryError if there is too little memory even for this; then this code's memory is freed, too.
        """
        is_plain = self._broker is None or self._broker[4] is None
        backoff, tries = Backoff(_BASE_MS if is_plain else _CAP_MS, _CAP_MS), 0
        while self._switch.is_on() or tries < _TRIES:
            began = ticks_ms()
            try:
                if self._wlan.isconnected():
                    await self._connect()
            except _End as end:
                if end.args:
                    return
                break
            except (MQTTError, TlsError, OSError) as error:
                console.info("home", "offline: {}".format(error))
            if ticks_diff(ticks_ms(), began) > _PROVED_MS:
                backoff.reset()
            tries = 0 if self._switch.is_on() else tries + 1
            left = backoff.next()
            while left > 0:
                if self._switch.must_yield():
                    return
                await asyncio.sleep_ms(min(left, _LOOK_MS))
                left -= _LOOK_MS
        self._numbers.set(HOME_ANNOUNCED, 0)

    async def _connect(self) -> None:
        """One connection, to its end. Raises _End, MQTTError, TlsError, OSError."""
        if self._broker is None:
            raise _End
        host, port, user, password, trust = self._broker
        if trust and self._tls is None:
            self._tls = _context(trust)
        address = await self._resolver.resolve(host)
        client = MQTTClient(self._lock + ".home", (host, port, user, password), self._tls)
        client.set_last_will(self._presence, b"offline", True, 1)
        began = ticks_ms()
        try:
            await client.connect(address)
            await side_by_side(client.run(self._on_message), self._serve(client))
        finally:
            if ticks_diff(ticks_ms(), began) <= _PROVED_MS:  # whoever hangs up at once may not be the broker
                self._resolver.doubt(host)
            client.close()

    async def _serve(self, client: "MQTTClient") -> None:
        """Publish all that is ever published here: tests/static/test_rooms.py has a list of it."""
        if self._switch.is_on():
            console.info("home", "online")
            await client.subscribe(self._command, 0)  # QoS 0: no acknowledgement, which would have a moment
            self._numbers.set(HOME_ANNOUNCED, 1)
            await client.publish(self._config, self._announcement(), True)
            await client.publish(self._presence, b"online", True)
            while self._switch.is_on():
                if self._switch.must_yield():
                    raise _End(True)  # the last will says so
                await asyncio.sleep_ms(_LOOK_MS)
        await client.publish(self._config, b"", True)
        await client.publish(self._presence, b"", True)
        await client.disconnect()
        raise _End

    def _announcement(self) -> "tuple[bytes, ...]":
        with Loan():
            from home.entity import entity

            return entity(self._lock, self._command, self._presence)

    async def _on_message(self, topic: bytes, payload: "Payload") -> None:
        """Handle one message of the topic `door`; whatever comes of it, nothing is published."""
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


def _context(trust: bytes) -> "Any":
    """The TLS context of the one certificate with this SHA-256. Raises TlsError."""
    with Loan():
        from link.tls import HOME, trusting

        return trusting(HOME, trust)
