"""The radio field of one reader: which cards lie in it, who answers a frame, and what that takes.

A card has power as long as it lies in a field that is on; whatever it holds in volatile memory goes with it.
"""

import asyncio
from collections.abc import Sequence

from .cards.card import ACTIVE, PROTOCOL, Card, Reply
from .radio import DELAYS_S, air_s
from .timeline import Timeline

MISSES = 3
"""Searches without a card after one that found it: the last of a look that did, and two looks in vain."""


class Field:
    """`moved` is set when a card comes or goes, and when the field does. `time` is the reader's.

    `misses` are the searches since one has found a card, `in_vain` all that have found none.
    """

    def __init__(self) -> None:
        self.time = Timeline()
        self.cards: list[Card] = []
        self.on, self.misses, self.in_vain = False, MISSES, 0
        self.moved = asyncio.Event()

    def hold(self, cards: Sequence[Card]) -> None:
        """These cards lie there now, and no others; one that stays notices nothing."""
        for card in self.cards:
            if card not in cards:
                card.power(False)
        self.cards = list(cards)
        self._feed()

    def switch(self, on: bool) -> None:
        """Turn the field on or off."""
        if on != self.on:
            self.on = on
            self._feed()

    def _feed(self) -> None:
        for card in self.cards:
            card.power(self.on)
        self.moved.set()

    def request(self, halted_too: bool = False) -> list[Card]:
        """Who answers REQA, or WUPA."""
        return [card for card in self.cards if self.on and card.request(halted_too)]

    def has(self, card: Card) -> bool:
        """Whether this card lies there, and has power."""
        return self.on and card in self.cards

    async def transceive(
        self, frame: bytes, wait_s: float, rate: int = 106, rate_back: int = 106
    ) -> Reply | None:
        """Send a frame, and give what comes back within `wait_s` after its end, or None.

        The selected card hears it. If two cards answer at once the result is broken, and so it is if a card
        is taken away meanwhile.
        """
        await self.time.spend(air_s(len(frame) + 2, rate))
        selected = [card for card in self.cards if self.on and card.state in (ACTIVE, PROTOCOL)]
        said = [(card, card.starts, reply) for card in selected if (reply := card.frame(frame, rate))]
        in_time = [answer for answer in said if answer[2].after_s <= wait_s]
        if not in_time:
            await self._wait(wait_s)
            return None
        card, starts, reply = in_time[0]
        back_s = air_s(len(reply.frame) + 2, rate_back, from_card=True)
        await self.time.spend(DELAYS_S + reply.after_s + back_s)
        if len(in_time) > 1 or not self.has(card) or card.starts != starts:
            return Reply(reply.frame, broken=True)
        return reply

    async def _wait(self, seconds: float) -> None:
        if seconds == float("inf"):
            await asyncio.Event().wait()
        await self.time.spend(seconds)
