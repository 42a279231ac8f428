"""The card in the field becomes another one between two looks, with the same number or not, at random.

A card that can prove itself is told once, whatever lay there before it, and not again while it lies there.
40 walks, 1,000 with MENSHEN_NIGHTLY=1, in virtual time.
"""

import asyncio
import os
import random
from asyncio import core
from os import urandom

from virtual_time import clock  # isort: skip (it comes before whatever imports time)
from scripted_pn532 import LIST, Chip

from access.decide import PLAIN, PROVED
from readers.card_reader import CardReader
from readers.pn532 import PN532, CardError

_WALKS = 1_000 if os.getenv("MENSHEN_NIGHTLY") else 40
_STEPS = 12
_LONG_MS, _EMPTY_MS = 9000, 1500
_X, _Y, _A, _B = b"\4\1\1\1\1\1\1", b"\4\2\2\2\2\2\2", b"\4\3\3\3\3\3\3", b"\4\4\4\4\4\4\4"
_MIFARE, _APDUS = 0x08, 0x20  # SEL_RES

_CARDS = {  # what it shows (None: another number each time), SEL_RES, what it proves
    b"plain x": (_X, _MIFARE, None),
    b"clone x": (_X, _APDUS, None),
    b"desfire": (_X, _APDUS, _X),
    b"plain y": (_Y, _MIFARE, None),
    b"other y": (_Y, _APDUS, _Y),
    b"ntag a.": (None, _APDUS, _A),
    b"ntag b.": (None, _APDUS, _B),
    b"a phone": (None, _APDUS, None),
}
_NAMES = sorted(_CARDS)

_wait = core.IOQueue.wait_io_event


def _turn(queue, wait_ms):
    """Each turn of the event loop takes a millisecond."""
    clock.now += 1
    _wait(queue, wait_ms)


core.IOQueue.wait_io_event = _turn


class Air(Chip):
    """Each card shows what it does."""

    def answer(self, code, data=b""):
        if code == LIST and len(data) > 6:
            shown, kind, _ = _CARDS[data[6:]]
            shown = shown or b"\x08" + urandom(3)
            data = data[:4] + bytes((kind, len(shown))) + shown
        Chip.answer(self, code, data)


class Field:
    """What lies there, and what was told of it since nothing did."""

    def __init__(self):
        self.chip = Air()
        self.reader = CardReader(PN532(self.chip, self.chip.irq, self.chip.reset))
        self.reader.secure = self
        self.told, self.came, self.torn = [], {}, 0

    async def ask(self, reader, uid, is_random, adds):
        """As SecureCards.ask()."""
        card = self.chip.found
        await asyncio.sleep_ms(random.randint(1, 60))
        if self.torn or card != self.chip.found:
            self.torn = max(0, self.torn - 1)
            raise CardError("moved")
        return _CARDS[card][2]

    def on_card(self, uid, kind):
        self.told.append((bytes(uid), kind))

    def lay(self, cards):
        """Lay these there, in place of what lies there."""
        for card in cards:
            if card not in self.chip.cards:
                self.came[card] = self.came.get(card, 0) + 1
        self.chip.lay(cards)
        self.chip._search()

    async def empty(self):
        self.lay([])
        await asyncio.sleep_ms(_EMPTY_MS)
        for kept in (self.told, self.came, self.chip.commands, self.chip.irq.levels):
            kept.clear()

    async def stay(self, ms, path):
        """After so long each that lies there was told, if it is good once at most for each time that it came.

        A clone in the place of the card that has proved the same number need not be told.
        """
        await asyncio.sleep_ms(ms)
        for card in self.chip.cards if ms >= _LONG_MS else ():
            shown, _, proof = _CARDS[card]
            wanted = [(proof, PROVED)] if proof else [(shown, PLAIN), (shown, PROVED)]
            is_told = any(told in self.told for told in wanted)
            assert is_told or not (shown or proof), ("not told", card, path, self.told)
        for card, times in self.came.items():
            proof = _CARDS[card][2]
            assert not proof or self.told.count((proof, PROVED)) <= times, ("again", card, path, self.told)


def apart(cards):
    """Whether no two of them show the same number: they would speak at once."""
    shown = [_CARDS[card][0] for card in cards if _CARDS[card][0]]
    return len(shown) == len(set(shown))


async def with_field(story):
    field = Field()
    running = asyncio.create_task(field.reader.run(field.on_card, lambda well: None))
    await asyncio.sleep_ms(_EMPTY_MS)
    await story(field)
    assert not running.done()
    running.cancel()


def test_each_card_is_told_in_whichever_order_two_of_them_take_each_other_s_place():
    clock.begin()
    random.seed(1)

    async def story(field):
        for first in _NAMES:
            for second in _NAMES:
                await field.empty()
                path = [first, second]
                field.lay([first])
                await field.stay(_LONG_MS, path)
                field.lay([second])
                await field.stay(_LONG_MS, path)

    asyncio.run(with_field(story))


def test_walks_among_cards_that_take_each_other_s_place():
    clock.begin()

    async def story(field):
        for seed in range(_WALKS):
            random.seed(seed)
            await field.empty()
            path = [seed]
            for _ in range(_STEPS):
                cards = {random.choice(_NAMES) for _ in range(random.choice((1, 1, 1, 2)))}
                if not apart(cards):
                    continue
                if random.getrandbits(2) and field.chip.cards:  # some stay
                    more = cards | {random.choice(field.chip.cards)}
                    cards = more if apart(more) else cards
                path.append(sorted(cards))
                field.torn = random.choice((0, 0, 0, 1, 3))
                field.lay(sorted(cards))
                await field.stay(random.choice((20, 200, 700, _LONG_MS)), path)

    asyncio.run(with_field(story))


def test_what_lies_there_for_an_hour_is_told_once():
    clock.begin()
    random.seed(3)

    async def story(field):
        for card in _NAMES:
            await field.empty()
            field.lay([card])
            await field.stay(600_000, [card])
            assert len(field.told) == 1, (card, field.told)

    asyncio.run(with_field(story))
