"""Tells of each card once, when it comes; mends the reader when it is dead."""

import asyncio

from micropython import const

from readers.pn532 import ReaderError

try:
    from typing import TYPE_CHECKING
except ImportError:
    TYPE_CHECKING = False

if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.pn532 import PN532

_LOOK_MS = const(150)
_GONE_AFTER = const(2)  # looks without the card: a hand trembles
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(1000)


class CardReader:
    """`on_card(uid)` is called once each time a card is held to the reader, `on_health(bool)` at changes."""

    def __init__(
        self, reader: "PN532", on_card: "Callable[[bytes], None]", on_health: "Callable[[bool], None]"
    ) -> None:
        self._reader, self._on_card, self._on_health = reader, on_card, on_health
        self._healthy = None

    async def run(self) -> None:
        """For ever; a dead reader is reset by its line, at first after 100 ms, at last every second."""
        wait = _FIRST_WAIT_MS
        while True:
            try:
                await self._reader.start()
                self._tell(True)
                wait = _FIRST_WAIT_MS
                await self._read()
            except (ReaderError, OSError):
                self._tell(False)
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)

    async def _read(self) -> None:
        while True:
            uid = await self._reader.wait_target()
            while uid is not None:
                self._on_card(uid)
                uid = await self._other_than(uid)

    async def _other_than(self, uid: bytes) -> "bytes | None":
        """Wait until this card is gone; the UID of the one that took its place, or None."""
        missing = 0
        while missing < _GONE_AFTER:
            await asyncio.sleep_ms(_LOOK_MS)
            found = await self._reader.look()
            if found is None:
                missing += 1
            elif found == uid:
                missing = 0
            else:
                return found
        return None

    def _tell(self, healthy: bool) -> None:
        if healthy != self._healthy:
            self._healthy = healthy
            self._on_health(healthy)
