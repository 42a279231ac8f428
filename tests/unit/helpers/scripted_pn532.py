"""A PN532 inside the test's own process, on a serial line that ends in a pipe of the test; never kinder
than the chip: deaf until it is woken after a reset, ACK first, then the answer; a hang ends at the reset.
Nor are the cards: one that was found or released is found again after the field was off, and no sooner.
"""

import asyncio
import io
from os import urandom
from time import ticks_add, ticks_diff, ticks_us

from micropython import const

from readers import frames
from readers.card_reader import CardReader
from readers.hsu import ReaderError
from readers.pn532 import PN532

_POLL, _READABLE = const(3), const(1)
_BUFFER = const(512)  # what comes while so much waits is lost
HURRY = {"liveness_ms": 60, "answer_ms": 60}  # where failures are expected
PATIENT = {"liveness_ms": 60, "answer_ms": 5000}  # where only answers are

SAM, VERSION, RF, LIST, EXCHANGE, RELEASE, SPEED = 0x14, 0x02, 0x32, 0x4A, 0x40, 0x52, 0x10
SLOW, FAST = 115_200, 921_600
START = [SAM, VERSION, SPEED, "ack", VERSION, RF]  # of a chip whose line holds the fast speed
TENANT = bytes.fromhex("04A1B2C3D4E5F6")
OTHER = bytes.fromhex("04112233")


def packet(data):
    """A frame of the chip, normal or extended."""
    size = len(data)
    if size < 256:
        head = b"\0\0\xff" + bytes((size, -size & 255))
    else:
        high, low = size >> 8, size & 255
        head = b"\0\0\xff\xff\xff" + bytes((high, low, -(high + low) & 255))
    return head + data + bytes((-sum(data) & 255, 0))


class Line:
    """RSTPD_N, or an input; calls `moved(level)` at changes."""

    IRQ_FALLING = 2

    def __init__(self, moved=None):
        self.level, self.moved, self.handler, self.levels = 1, moved, None, []

    def value(self, level=None):
        if level is None:
            return self.level
        falls = self.level and not level
        changed, self.level = level != self.level, level
        self.levels.append(level)
        if changed and self.moved:
            self.moved(level)
        if falls and self.handler:
            self.handler(self)
        return None

    def irq(self, handler, trigger):
        assert trigger == self.IRQ_FALLING
        self.handler = handler


class Chip(io.IOBase):
    """The serial line and the chip at its other end."""

    def __init__(self):
        self.irq, self.reset = Line(), Line(self._reset)
        self.out = b""  # on its way to the host
        self.commands = []  # codes, as they were understood; "ack" for an abort
        self.resets = 0
        self.woken = ticks_add(ticks_us(), -2000)
        self.went_off = ticks_add(ticks_us(), -6000)
        self.cards = []  # what lies there; of several the first is found that is awake
        self.asleep = set()  # of these: were found, or released, since the field came
        self.found = None
        self.makes_up_its_number = False  # each card, at each look
        self.sticker = None  # but for this one
        self.hung = self.absent = False
        self.irq_is_at = None  # the level of a dead line
        self.noise = b""  # before every frame
        self.phone = None  # answers what is asked of the chip as a target
        self.ends = self.host_ends = SLOW  # baud at both ends of the line
        self.holds = FAST  # the fastest that the wires take
        self.next_speed = None
        self.sel_res = 0x20
        self.keeps_its_speed = False  # the reset line is not wired
        self.says = lambda apdu: b"\0" + apdu  # status and answer of the card in use; None: nothing comes
        self._reset(1)

    @property
    def card(self):
        """The one card that lies there, if any."""
        return self.cards[0] if self.cards else None

    @card.setter
    def card(self, card):
        self.lay([] if card is None else [card])

    # -- as the host's UART

    def init(self, baud):
        self.host_ends = baud

    def ioctl(self, request, flags):
        if request != _POLL:
            return -1  # no file: 0 would be the standard input
        return flags & _READABLE if self.out else 0

    def readinto(self, buffer):
        if not self.out:
            return None
        part, self.out = self.out[: len(buffer)], self.out[len(buffer) :]
        buffer[: len(part)] = part
        return len(part)

    def write(self, data):
        data = bytes(data)
        if self.hung or self.absent or not (self.reset.level or self.keeps_its_speed):
            return len(data)
        if self.host_ends != self.ends or self.ends > self.holds:
            self.next_speed = None
            return len(data)  # garbage
        if self.awake and data[:1] == b"\x55":
            return len(data)  # it was awake all the time
        if not self.awake:
            assert data[:1] == b"\x55", "the chip was not woken"
            assert len(data) == 5, "the chip needs a pause before the first frame"
            self.awake, self.woken = True, ticks_us()
        elif ticks_diff(ticks_us(), self.woken) < 1000:
            raise AssertionError("the oscillator does not run yet")
        elif data == frames.ACK:
            self.commands.append("ack")
            self.searching = False
            self.ends, self.next_speed = self.next_speed or self.ends, None
        elif data[3:5] == b"\xff\xff":
            size = data[5] << 8 | data[6]
            assert 255 < size <= 265
            assert not sum(data[5:8]) & 255
            self._take(data[8:], size)
        else:
            self.next_speed = None
            size = data[3]
            assert data[:5] == bytes((0, 0, 0xFF, size, -size & 255))
            self._take(data[5:], size)
        return len(data)

    def _take(self, data, size):
        """TFI, code and parameters, check, postamble."""
        assert data[0] == 0xD4
        assert len(data) == size + 2
        assert not sum(data[: size + 1]) & 255
        self._obey(data[1], data[2:size])

    # -- as the chip

    def say(self, data):
        """Bytes to the host, with the IRQ line around them."""
        if self.host_ends != self.ends or self.ends > self.holds:
            data = urandom(max(1, len(data) * self.host_ends // self.ends))
        self.irq.value(0 if self.irq_is_at is None else self.irq_is_at)
        self.out += data[: _BUFFER - len(self.out)]
        self.irq.value(1 if self.irq_is_at is None else self.irq_is_at)

    def lay(self, cards):
        """Have these cards in the field; a new one is awake."""
        self.asleep &= set(cards)
        self.cards = list(cards)
        if self.found not in self.cards:
            self.found = None

    def put(self, card):
        """Hold a card to the reader; None: take it away."""
        self.card = card
        self._search()

    def field_off(self):
        """The field goes: cards forget all."""
        self.went_off = ticks_us()
        self.asleep.clear()
        self.found = None

    def _reset(self, level):
        if self.resets and self.keeps_its_speed:
            self.resets += not level
            return
        self.ends, self.next_speed = SLOW, None
        if not level:
            self.resets += 1
            self.hung, self.low = False, ticks_us()
        elif self.resets:
            assert ticks_diff(ticks_us(), self.low) >= 9000, "the reset was too short"
        self.awake = self.in_use = self.searching = False
        self.tries = 0xFF
        self.asleep.clear()
        self.found = None

    def _obey(self, code, data):
        self.commands.append(code)
        self.searching = False
        self.say(self.noise + frames.ACK)
        if self.phone is not None and self.phone.obey(self, code, data):
            return
        if code == SAM:
            self.in_use = data[0] == 1
            self.answer(code)
        elif not self.in_use:
            self.say(self.noise + packet(b"\x7f"))
        elif code == VERSION:
            self.answer(code, b"\x32\x01\x06\x07")
        elif code == RF and data == b"\x01\x00":
            self.field_off()
            self.answer(code)
        elif code == RF:
            assert data[:3] == b"\x05\xff\x01"
            self.tries = data[3]
            self.answer(code)
        elif code == LIST:
            assert data == b"\x01\x00"
            assert ticks_diff(ticks_us(), self.went_off) > 5000, "too short for a card to forget"
            self.searching = True
            self._search()
            if self.searching and self.tries != 0xFF:
                self.searching = False
                self.answer(code, b"\0")
        else:
            self._obey_others(code, data)

    def _obey_others(self, code, data):
        """Commands that do not search."""
        if code == EXCHANGE:
            said = self.says(data[1:]) if self.found else b"\1"
            if said is not None:
                self.answer(code, said)
        elif code == SPEED:
            assert data == b"\7"
            self.answer(code)
            self.next_speed = FAST
        elif code == RELEASE:
            self.answer(code, b"\0")
        else:
            self.say(packet(b"\x7f"))

    def _search(self):
        if not self.searching or self.hung:
            return
        for card in self.cards:
            if card not in self.asleep:
                self.asleep.add(card)
                self.found, self.searching = card, False
                shown = b"\x08" + urandom(3) if self.makes_up_its_number and card != self.sticker else card
                self.answer(LIST, b"\1\1\x03\x44" + bytes((self.sel_res, len(shown))) + shown)
                return

    def answer(self, code, data=b""):
        self.say(self.noise + packet(bytes((0xD5, code + 1)) + data))


class Seen:
    """What a CardReader tells."""

    def __init__(self):
        self.cards, self.health = [], []
        self.kinds = []
        self.wants = False
        self.no_room = 0  # times that there is no memory to judge a card

    def card(self, uid, kind):
        if self.no_room:
            self.no_room -= 1
            raise MemoryError
        self.cards.append(bytes(uid))
        self.kinds.append(kind)

    def adds(self):
        return self.wants


async def until(true, wait_s=30):
    """Wait until true()."""
    for _ in range(wait_s * 500):
        if true():
            return
        await asyncio.sleep_ms(2)
    raise AssertionError("it never came to that")


async def found(driver):
    """The next card, however long that takes."""
    while True:
        uid = await driver.wait_target()
        if uid is not None:
            return uid


async def fails(work):
    """Whether the work ends in a ReaderError."""
    try:
        await work
    except ReaderError:
        return True
    return False


def drive(story, timing=PATIENT, **state):
    """Run story(chip, pn532) against a chip in this state."""
    asyncio.new_event_loop()
    chip = Chip()
    for name, value in state.items():
        setattr(chip, name, value)
    driver = PN532(chip, chip.irq, chip.reset, **timing)
    asyncio.run(asyncio.wait_for(story(chip, driver), 60))
    return chip


def watch(story, timing=PATIENT, secure=None, **state):
    """Run story(chip, seen) with a CardReader beside it; `secure` asks the cards."""
    seen = Seen()

    async def whole(chip, driver):
        reader = CardReader(driver, (), 20)
        reader.secure = secure
        running = asyncio.create_task(reader.run(seen.card, seen.health.append, seen.adds))
        await story(chip, seen)
        assert not running.done(), "the reader's task ended"
        running.cancel()

    drive(whole, timing, **state)
    return seen
