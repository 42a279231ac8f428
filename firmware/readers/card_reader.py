"""Reports each card once, when it comes; mends a reader that does not answer."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

from readers.hsu import ReaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from readers.phone_tag import PhoneTag
    from readers.pn532 import PN532

_LOOK_MS = const(150)
_MOST = const(6)  # cards that are told apart in one look
_GONE_AFTER = const(2)  # looks without the card: a hand trembles
_FIRST_WAIT_MS = const(100)
_LONGEST_WAIT_MS = const(1000)
_STEADY_MS = const(5000)  # a reader that worked for so long is mended at once, and without a word
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
        reader cannot be mended or works again. One that fails is mended by an abort, then by its reset line.
        Where that does not help for long, it is tried again after 100 ms, then with waits that double up to a
        second.
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
                if self._healthy:
                    self._failed = ticks_ms()
                if self._tag is not None and self._tag.is_over():
                    self._tag = None
            if ticks_diff(ticks_ms(), began) > _STEADY_MS:
                wait = _FIRST_WAIT_MS
                continue
            self._tell(False)
            await asyncio.sleep_ms(wait)
            wait = min(wait * 2, _LONGEST_WAIT_MS)

    async def _emulate(self, tag: "PhoneTag") -> None:
        """Look for cards, then emulate the tag for a moment. A random UID is the phone's then, no card."""
        self._lying[_RANDOM] = -1
        await self._look()
        if not await tag.emulate(self._reader) and self._tag is tag:
            self._tag = None

    async def _follow(self, uid: "bytes | None") -> None:
        """Report a card and those that join it, until none is there any more or there is a tag to emulate."""
        await self._note(uid)
        while self._lying and self._tag is None:
            await asyncio.sleep_ms(self._look_ms)
            await self._look()

    async def _look(self) -> None:
        """Note all cards that lie there: without field they forget that they were found."""
        await self._reader.field_off()
        await self._note(await self._reader.search())

    async def _note(self, uid: "bytes | None") -> None:
        """Report this card and the others that lie beside it, if they are new; drop those that are gone.

        A card that was found sleeps while the next one is looked for. One is gone when some looks in a row
        have not found it.
        """
        lying = self._lying
        for _ in range(_MOST):
            if uid is None:
                break
            card = _RANDOM if len(uid) == 4 and uid[:1] == _RANDOM else uid
            is_new = card not in lying
            lying[card] = -1
            if is_new:
                self._on_card(uid)
            uid = await self._reader.another()
        for card in list(lying):
            lying[card] += 1
            if lying[card] >= _GONE_AFTER:
                del lying[card]

    def _tell(self, healthy: bool) -> None:
        if healthy != self._healthy:
            self._healthy = healthy
            self._on_health(healthy)


def _nobody(what: object) -> None:
    """Stands in for both callbacks until run() sets them."""
