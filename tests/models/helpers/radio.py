"""The cards and the radio behind the reader of unit/helpers/carded_lock.py.

Where a card is Gone, the lock's power goes in the same moment.
"""

import asyncio
from collections.abc import Sequence

from menshen.simulator.cards.attacks import Gone
from menshen.simulator.cards.card import Card
from menshen.simulator.field import Field
from menshen.simulator.loop import JumpingLoop
from menshen.simulator.pn532_reader import Initiator
from menshen.simulator.pn532_setup import Setup

_LIST, _DATA_EXCHANGE, _RELEASE = 0x4A, 0x40, 0x52
_RADIO_S = 0.4  # readers/apdu.py gives up an exchange then
_GONE = b"\x01"  # status: no answer in time


class Radio:
    """The field of one reader, and its chip. The lock waits while it is asked."""

    def __init__(self) -> None:
        self.loop = JumpingLoop()
        self._field, setup = Field(), Setup()
        setup.tries = 1
        self._chip = Initiator(self._field, setup)
        self._cards: Sequence[Card] = ()
        self._later: Sequence[Card] = ()

    def lay(self, cards: Sequence[Card], later: Sequence[Card] = ()) -> None:
        """These lie there now, and no others; `later` do after the lock's next start."""
        self._later = later
        self.loop.run_until_complete(self._lay(cards))

    async def _lay(self, cards: Sequence[Card]) -> None:
        self._cards = cards
        self._field.time.start()
        self._field.hold(cards)

    def answer(self, name: str, data: bytes) -> dict[str, object]:
        """What the chip answers; or that the power goes."""
        found = self.loop.run_until_complete(self._answer(name, data))
        if any(isinstance(card, Gone) and card.has_fallen for card in self._cards):
            return {"cut": True}
        return {"data": found.hex()}

    async def _answer(self, name: str, data: bytes) -> bytes:
        if name == "apdu":
            try:
                async with asyncio.timeout(_RADIO_S):
                    return await self._chip.execute(_DATA_EXCHANGE, b"\x01" + data) or _GONE
            except TimeoutError:
                return _GONE
        if name == "search":
            return await self._chip.execute(_LIST, b"\x01\x00") or b"\0"
        if name == "release":
            return await self._chip.execute(_RELEASE, b"\x00") or b"\0"
        self._field.switch(False)
        if name == "start":  # of the lock, and so of the chip: whether a card lies there
            self._chip.reset()
            await self._lay(self._later)
            return bytes((len(self._cards),))
        return b""
