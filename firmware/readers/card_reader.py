"""Reports each card once, when it comes; resets a reader that does not answer."""

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
_STEADY_MS = const(5000)  # a reader that worked for so long is reset after the first wait when it fails
_FORGET_MS = const(3000)  # after such an outage a card at the reader counts as presented anew
_RANDOM = b"\x08"  # UID0 of a random UID, new at each activation: ISO/IEC 14443-3, 6.5.4


class CardReader:
    """The cards at one reader. run() says who is told of them."""

    def __init__(self, reader: "PN532", look_ms: int = _LOOK_MS) -> None:
        self._reader = reader
        self._on_card = self._on_health = _nobody
        self._look_ms = look_ms
        self._healthy = None
        self._failed = 0
        self._lying = {}  # UID: looks since it was last seen
        self._tag: PhoneTag | None = None

    def emulate(self, tag: "PhoneTag | None") -> None:
        """Emulate this tag in place of the one before, until it is over; None: no tag any more.

        Cards are still read in between.
        """
        if self._tag is not None:
            self._tag.end()
        self._tag = tag

    async def run(self, on_card: "Callable[[bytes], None]", on_health: "Callable[[bool], None]") -> None:
        """Read cards for ever.

        on_card(uid) is called once each time that a card is held to the reader, on_health(bool) when the
        reader fails or works again. A reader that fails is reset by its line: after 100 ms, then with waits
        that double up to a second.
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
                await self._follow(None)  # the cards from before the outage, which may be gone
                while True:
                    if self._tag is not None:
                        await self._emulate(self._tag)
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

    async def _emulate(self, tag: "PhoneTag") -> None:
        """Look for a card, then emulate the tag for a moment. A random UID is the phone's then, no card."""
        uid = await self._reader.look()
        self._lying[_RANDOM] = -1
        self._note(uid)
        if not await tag.emulate(self._reader) and self._tag is tag:
            self._tag = None

    async def _follow(self, uid: "bytes | None") -> None:
        """Report a card and those that join it, until none is there any more or there is a tag to emulate.

        Where several cards lie together, a look finds one of them, not always the same one. So the looks are
        counted for each card.
        """
        while True:
            self._note(uid)
            if not self._lying or self._tag is not None:
                return
            await asyncio.sleep_ms(self._look_ms)
            uid = await self._reader.look()

    def _note(self, uid: "bytes | None") -> None:
        """Report the card of one look if it is new, and drop those that were not seen for some looks."""
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
    """Stands in for both callbacks until run() sets them."""
