"""Whatever came before, a card that was away for four seconds and lies there now is told, and soon.

Cards of both kinds, tags that begin and end, phones, a reader that hangs, and a lack of memory, at random.
300 taps, 10,000 with MENSHEN_NIGHTLY=1, in virtual time: with nothing else there, and beside a tag that is
stuck to the reader.
"""

import asyncio
import os
import random
from asyncio import core
from os import urandom

from virtual_time import clock  # isort: skip (it comes before whatever imports time)
from scripted_phone import WHOLE, Phone, read
from scripted_pn532 import OTHER, Chip

from access.decide import PLAIN, PROVED
from readers.card_reader import CardReader
from readers.phone_tag import PhoneTag
from readers.pn532 import PN532, CardError

_TAPS = 10_000 if os.getenv("MENSHEN_NIGHTLY") else 300
_AWAY_MS, _TOLD_MS = 4000, 8000
_SHOWN = (b"\4\1\1\1\1\1\1", b"\4\2\2\2\2\2\2")
_HIDDEN = (b"\4\3\3\3\3\3\3", b"\4\4\4\4\4\4\4")  # they make up another number each time, and prove this
_STUCK = b"\4\5\5\5\5\5\5"  # makes up its number, and proves nothing
_ASKS = WHOLE + [read(2, 8)]

_wait = core.IOQueue.wait_io_event


def _turn(queue, wait_ms):
    """Each turn of the event loop takes a millisecond."""
    clock.now += 1
    _wait(queue, wait_ms)


core.IOQueue.wait_io_event = _turn


class Air(Chip):
    """Some of its cards make up their number."""

    def answer(self, code, data=b""):
        if len(data) > 6 and self.found in _HIDDEN + (_STUCK,) and data[6:] == self.found:
            data = data[:5] + b"\4\x08" + urandom(3)
        Chip.answer(self, code, data)


class Story:
    """One reader, and what happens to it."""

    def __init__(self, *stuck):
        """`stuck` lies at the reader all the time."""
        self.chip, self.told, self._stuck = Air(), [], list(stuck)
        self.chip.phone = Phone()
        self.reader = CardReader(PN532(self.chip, self.chip.irq, self.chip.reset))
        self.reader.secure = self
        self.tag, self.opens = None, True
        self.torn = self.no_room = 0

    async def ask(self, reader, uid, is_random, adds):
        """As SecureCards.ask()."""
        card = self.chip.found
        await asyncio.sleep_ms(random.randint(1, 60))
        if self.torn:
            self.torn -= 1
            raise CardError("moved") if random.getrandbits(1) else MemoryError()
        return card if card in _HIDDEN else None

    def on_card(self, uid, kind):
        if self.no_room:
            self.no_room -= 1
            raise MemoryError
        self.told.append((bytes(uid), kind))
        if self.opens:
            self.end()

    def begin(self):
        """A phone is awaited from now on."""
        self.tag = PhoneTag(bytes(8), lambda: None)
        self.reader.emulate(self.tag)

    def end(self):
        """As the door does where a card opens, or somebody presses `*`."""
        self.tag = None
        self.reader.emulate(None)

    def phone(self):
        """Somebody's phone comes, reads what there is, and goes."""
        self.chip.phone.asks = list(_ASKS)
        if self.tag is not None:
            self.chip.phone.come(self.chip)
            clock.at(clock.now + random.randint(1, 900), self._phone_goes)

    def _phone_goes(self):
        self.chip.phone.is_there = False

    def hang(self):
        self.chip.hung = True

    def lack(self):
        self.torn, self.no_room = random.randint(0, 3), random.randint(0, 1)

    HAPPENS = (begin, begin, begin, end, end, phone, hang, lack)

    def something(self, within_ms):
        """Something happens, up to three times within this time."""
        for _ in range(random.randint(0, 3)):
            deed = random.choice(self.HAPPENS)
            clock.at(clock.now + random.randint(0, within_ms), lambda deed=deed: deed(self))

    def put(self, cards):
        """Hold these to the reader; which is found first is by chance."""
        lying = self._stuck + cards
        if random.getrandbits(1):
            lying.reverse()
        self.chip.lay(lying)
        self.chip._search()

    async def tap(self, running):
        """How long until a card is told, in ms."""
        self.opens = random.getrandbits(1)
        card, began = random.choice(_SHOWN + _HIDDEN), clock.now
        for kept in (self.told, self.chip.commands, self.chip.irq.levels, self.chip.reset.levels):
            kept.clear()
        self.chip.phone.forget()
        if random.getrandbits(1):
            self.something(1000)
        self.put([card])
        wanted = card, PROVED if card in _HIDDEN else PLAIN
        while wanted not in self.told:
            await asyncio.sleep_ms(5)
            if running.done():
                await running  # raises what ended it
            if clock.now - began > 30_000:
                raise AssertionError("it lies there, and nothing is told: " + repr((wanted, self.told)))
        took = clock.now - began
        await asyncio.sleep_ms(random.choice((0, 0, 10, 100, 500, 2000)))
        self.put([])
        self.something(_AWAY_MS)
        await asyncio.sleep_ms(_AWAY_MS)
        return took


def live(*stuck):
    """Tap so often, and half as often beside what is stuck there."""
    clock.begin()
    random.seed(7)

    async def whole():
        story = Story(*stuck)
        story.put([])
        running = asyncio.create_task(story.reader.run(story.on_card, lambda well: None))
        took = []
        for _ in range(_TAPS // (1 + len(stuck))):
            took.append(await story.tap(running))  # noqa: PERF401 (there is no `await` in a list here)
        assert not running.done()
        running.cancel()
        print("longest until a card was told, ms:", sorted(took)[-5:])
        assert max(took) <= _TOLD_MS

    asyncio.run(whole())


def test_each_card_is_told_soon_whatever_came_before():
    live()


def test_so_is_each_card_beside_a_tag_that_is_stuck_to_the_reader():
    live(_STUCK)
    live(OTHER)
