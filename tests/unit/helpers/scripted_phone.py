"""A phone at a scripted PN532: it says what it is told to say, and keeps what it hears."""

import asyncio

from scripted_pn532 import HURRY, RF, drive

from readers.card_reader import CardReader

PARAMETERS, GET, INIT, SET = 0x12, 0x86, 0x8C, 0x8E

APPLICATION = bytes.fromhex("00a4040007d276000085010100")
CAPABILITIES = bytes.fromhex("00a4000c02e103")
NDEF = bytes.fromhex("00a4000c02e104")


def read(start, size):
    return b"\x00\xb0" + start.to_bytes(2, "big") + bytes((size,))


WHOLE = [APPLICATION, CAPABILITIES, read(0, 15), NDEF, read(0, 2)]


class Phone:
    """`asks` are its commands in order; then it lets go. `is_there`: it is held to the reader."""

    def __init__(self, asks=()):
        self.asks, self.heard = list(asks), []
        self.is_there = self.is_active = False
        self.field, self.parameters, self.inits = True, [], []
        self.status = b"\0"  # of what is sent to it

    def forget(self):
        """What it was told and asked so far, in a story that goes on for long."""
        for kept in (self.heard, self.parameters, self.inits):
            kept.clear()

    def come(self, chip):
        self.is_there = True
        if chip.commands and chip.commands[-1] == INIT:
            self._activate(chip)

    def obey(self, chip, code, data):
        if code == RF and data[0] == 1:
            self.field = data[1] & 1
            chip.field_off()
            chip.answer(code)
        elif code == PARAMETERS:
            self.parameters.append(data[0])
            chip.answer(code)
        elif code == INIT:
            assert not self.field, "its own field hides the phone's"
            assert self.parameters[-1] & 0x20, "the emulation of a card is off"
            assert len(data) == 1 + 6 + 18 + 10 + 2
            self.inits.append(data)
            if self.is_there:
                self._activate(chip)
        elif code == GET:
            assert self.is_active
            if self.is_there:
                chip.answer(code, b"\0" + self.asks.pop(0) if self.asks else b"\x29")
        elif code == SET:
            self.heard.append(data)
            chip.answer(code, self.status)
        else:
            if code != 0x02:
                self.field = True
            return False
        return True

    def _activate(self, chip):
        self.is_active = True
        chip.answer(INIT, b"\x08\xe0\x80")


def present(presented, story, asks=(), timing=HURRY, **state):
    """Run story(chip, reader, what presented() gives, cards) with a CardReader that emulates its `tag`."""
    phone, cards = Phone(asks), []

    async def whole(chip, driver):
        reader = CardReader(driver, (), 20)
        running = asyncio.create_task(
            reader.run(lambda uid, kind: cards.append(bytes(uid)), lambda healthy: None)
        )
        shown = presented()
        reader.emulate(shown.tag)
        await story(chip, reader, shown, cards)
        assert not running.done(), "the reader's task ended"
        running.cancel()

    drive(whole, timing, phone=phone, **state)
    return phone
