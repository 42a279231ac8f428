"""Tells of each card once, when it comes; mends the reader when it is dead."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from readers.pn532 import ReaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.phone_tag import PhoneTag
    from readers.pn532 import PN532

_LOOK_MS = const(150)
_GONE_AFTER = const(2)  # looks without the card: a hand trembles
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(1000)
_STEADY_MS = const(5000)  # a reader that worked for so long is mended at once when it fails
_FORGET_MS = const(3000)  # after such an outage a card on the reader is one that somebody holds there anew
_RANDOM = b"\x08"  # UID0 of a UID made up for each activation: ISO/IEC 14443-3, 6.5.4


class CardReader:
    """One reader; run() says who is told of cards."""

    def __init__(self, reader: "PN532", look_ms: int = _LOOK_MS) -> None:
        self._reader = reader
        self._on_card = self._on_health = _nobody
        self._look_ms = look_ms
        self._healthy = None
        self._failed = 0
        self._lying = {}  # UID: looks since it was last seen
        self._tag: PhoneTag | None = None

    def lend(self, tag: "PhoneTag | None") -> None:
        """Have the reader play this tag until it is over, and look for cards in between; None: no more."""
        if self._tag is not None:
            self._tag.end()
        self._tag = tag

    async def run(self, on_card: "Callable[[bytes], None]", on_health: "Callable[[bool], None]") -> None:
        """For ever. on_card(uid) is called once each time a card is held to the reader, on_health at changes.

        A dead reader is reset by its line, at first after 100 ms, at last every second.
        """
        self._on_card, self._on_health = on_card, on_health
        wait = _FIRST_WAIT_MS
        while True:
            began = ticks_ms()
            try:
                await self._reader.start()
                if ticks_diff(ticks_ms(), self._failed) > _FORGET_MS:
                    self._lying.clear()
                self._tell(True)
                await self._follow(None)  # what lay there before the reader failed, and may be gone
                while True:
                    if self._tag is not None:
                        await self._play(self._tag)
                    else:
                        await self._follow(await self._reader.wait_target())
            except ReaderError:
                self._tell(False)
                if self._tag is not None and self._tag.is_over():
                    self._tag = None
            if ticks_diff(ticks_ms(), began) > _STEADY_MS:
                wait = _FIRST_WAIT_MS
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)

    async def _play(self, tag: "PhoneTag") -> None:
        """See who is there, then play a tag for a moment; a phone that makes up its UID is no card now."""
        uid = await self._reader.look()
        self._lying[_RANDOM] = -1
        self._note(uid)
        if not await tag.play(self._reader) and self._tag is tag:
            self._tag = None

    async def _follow(self, uid: "bytes | None") -> None:
        """Tell of a card and of those that join it, until none is there any more or a tag is to be played.

        Of several cards one look finds only one, and not always the same: each is gone for itself.
        """
        while True:
            self._note(uid)
            if not self._lying or self._tag is not None:
                return
            await asyncio.sleep_ms(self._look_ms)
            uid = await self._reader.look()

    def _note(self, uid: "bytes | None") -> None:
        lying = self._lying
        if uid is not None:
            card = _RANDOM if len(uid) == 4 and uid[:1] == _RANDOM else uid
            is_new = card not in lying
            lying[card] = -1
            if is_new:
                self._on_card(uid)
        for card in list(lying):
            lying[card] += 1
            if lying[card] >= _GONE_AFTER:
                del lying[card]

    def _tell(self, healthy: bool) -> None:
        if healthy != self._healthy:
            self._healthy = healthy
            self._failed = ticks_ms()
            self._on_health(healthy)


def _nobody(what: object) -> None:
    """Until run() says who is to be told."""
