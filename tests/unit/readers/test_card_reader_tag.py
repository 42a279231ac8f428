"""Cards beside a tag that is emulated for a phone: each that comes is told, meanwhile and when it is over."""

import asyncio

from scripted_phone import WHOLE, Phone, read
from scripted_pn532 import HURRY, LIST, TENANT, Seen, drive, until

from access.decide import PLAIN, PROVED
from readers.card_reader import CardReader
from readers.phone_tag import PhoneTag
from readers.pn532 import CardError

MESSAGE = bytes(range(40))
OWN = bytes.fromhex("04998877665544")
ANOTHERS = bytes.fromhex("04998877665545")


class Secure:
    """Has the card that lies there prove this number, after these faults."""

    def __init__(self):
        self.number, self.faults, self.asked = OWN, [], 0

    async def ask(self, reader, uid, is_random, adds):
        self.asked += 1
        if self.faults:
            raise self.faults.pop(0)
        return self.number


class Door:
    """The reader and what it tells; like the door it ends the tag where a card `opens`."""

    def __init__(self, driver, secure):
        self.seen, self.opens = Seen(), True
        self.reader = CardReader(driver, (), 20)
        self.reader.secure = secure
        self.tag = None

    def wait_for_phone(self):
        self.tag = PhoneTag(MESSAGE, lambda: None)
        self.reader.emulate(self.tag)

    def card(self, uid, kind):
        self.seen.card(uid, kind)
        if self.opens:
            self.reader.emulate(None)


def play(story, secure=None, asks=()):
    """Run story(chip, door)."""

    async def whole(chip, driver):
        door = Door(driver, secure)
        running = asyncio.create_task(door.reader.run(door.card, door.seen.health.append))
        await until(lambda: door.seen.health)
        await story(chip, door)
        assert not running.done(), "the reader's task ended"
        running.cancel()

    drive(whole, HURRY, phone=Phone(asks))


async def come(chip, door, times):
    """Hold a card to the reader until it has been told so many times, then take it away."""
    chip.put(TENANT)
    await until(lambda: len(door.seen.cards) == times)
    chip.put(None)


async def look_again(chip, times):
    count = chip.commands.count(LIST)
    await until(lambda: chip.commands.count(LIST) >= count + times)


async def waits(chip):
    await until(lambda: chip.tries == 0xFF and chip.searching)


async def is_emulated(chip):
    """Until a phone is waited for that was not yet."""
    count = len(chip.phone.inits)
    await until(lambda: len(chip.phone.inits) > count)


def test_a_card_that_opened_while_a_phone_was_awaited_opens_again_when_it_comes_again():
    async def story(chip, door):
        for times in (1, 3, 5):
            door.wait_for_phone()
            await is_emulated(chip)
            await come(chip, door, times)
            await waits(chip)
            await come(chip, door, times + 1)
            await waits(chip)

    play(story)


def test_so_does_one_that_makes_up_its_number_and_so_does_another_s():
    for second in (OWN, ANOTHERS):
        secure = Secure()

        async def story(chip, door):
            chip.makes_up_its_number = True
            door.wait_for_phone()
            await is_emulated(chip)
            await come(chip, door, 1)
            await waits(chip)
            secure.number = second  # noqa: B023
            await come(chip, door, 2)
            assert door.seen.cards == [OWN, second]  # noqa: B023
            assert door.seen.kinds == [PROVED] * 2

        play(story, secure)


def test_one_that_lay_there_as_the_wait_for_a_phone_began_and_ended_opens_when_it_comes_again():
    for ends in ("at once", "later"):

        async def story(chip, door):
            chip.put(TENANT)
            await until(lambda: door.seen.cards)
            door.wait_for_phone()
            if ends == "later":  # noqa: B023
                await is_emulated(chip)
            chip.put(None)
            door.reader.emulate(None)
            await waits(chip)
            await come(chip, door, 2)

        play(story)


def test_the_next_phone_is_a_card_once_one_has_read_and_is_gone():
    async def story(chip, door):
        door.wait_for_phone()
        await is_emulated(chip)
        chip.phone.come(chip)
        await until(door.tag.is_over)
        chip.makes_up_its_number = True
        await waits(chip)
        await come(chip, door, 1)
        assert door.seen.kinds == [PLAIN]

    play(story, asks=WHOLE + [read(2, 40)])


def test_one_that_makes_up_its_number_opens_again_while_the_phone_is_awaited():
    """It lay there as the wait began."""
    secure = Secure()

    async def story(chip, door):
        chip.makes_up_its_number, door.opens = True, False
        chip.put(TENANT)
        await until(lambda: door.seen.cards)
        door.wait_for_phone()
        await is_emulated(chip)
        chip.put(None)
        await look_again(chip, 3)
        await come(chip, door, 2)
        assert door.seen.cards == [OWN] * 2

    play(story, secure)


def test_one_that_is_not_read_to_the_end_is_asked_again_at_each_look():
    secure = Secure()

    async def story(chip, door):
        chip.makes_up_its_number, door.opens = True, False
        door.wait_for_phone()
        await is_emulated(chip)
        secure.faults = [CardError("moved") for _ in range(5)]
        looks = chip.commands.count(LIST)
        await come(chip, door, 1)
        assert secure.asked == 6
        assert chip.commands.count(LIST) - looks <= 14  # two for each look: another may lie there

    play(story, secure)
