"""The reader emulates a tag for a phone, and reads cards in between and afterwards."""

from scripted_phone import APPLICATION, CAPABILITIES, NDEF, WHOLE, present, read
from scripted_pn532 import HURRY, OTHER, RF, SAM, TENANT, until

from readers.phone_tag import PhoneTag

MESSAGE = bytes(range(100))
OK = b"\x90\x00"
PHONE = b"\x08\x11\x22\x33"


class Presented:
    """What a PhoneTag tells."""

    def __init__(self, message=MESSAGE):
        self.read = 0
        self.tag = PhoneTag(message, self._on_read)

    def _on_read(self):
        self.read += 1


def play(story, asks=WHOLE, timing=HURRY, **state):
    """Run story(chip, reader, presented, told) with a CardReader that emulates the tag."""
    return present(Presented, story, asks, timing, **state)


def parts(size):
    """Commands that read the rest of the message in pieces of so many bytes."""
    return WHOLE + [read(2 + at, min(size, len(MESSAGE) - at)) for at in range(0, len(MESSAGE), size)]


def test_a_phone_that_comes_reads_it_whole():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        assert not presented.tag.is_over()
        chip.phone.come(chip)
        await until(lambda: presented.read)
        assert presented.tag.is_over()
        await until(lambda: chip.tries == 0xFF and chip.searching)
        assert cards == []

    phone = play(story, parts(59))
    assert phone.heard[0] == phone.heard[1] == phone.heard[3] == OK
    assert phone.heard[2] == bytes.fromhex("000f20003b00340406e104006600ff") + OK
    assert phone.heard[4] == b"\x00\x64" + OK
    assert phone.heard[5][:-2] + phone.heard[6][:-2] == MESSAGE
    assert phone.parameters[-1] == 0x14
    assert phone.inits[0][:3] == b"\x05\x04\x00"
    assert phone.inits[0][6] == 0x20


def test_a_phone_that_goes_too_soon_can_come_again():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: not chip.phone.asks)
        tries = len(chip.phone.inits)
        chip.phone.is_there = False
        await until(lambda: len(chip.phone.inits) > tries)
        assert presented.read == 0
        chip.phone.asks = parts(20)
        chip.phone.come(chip)
        await until(lambda: presented.read)

    play(story, parts(59)[:-1])


def test_a_phone_that_is_deaf_in_the_middle_has_not_read_it():
    async def story(chip, reader, presented, cards):
        chip.phone.status = b"\x01"
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: len(chip.phone.inits) > 3)
        assert presented.read == 0

    assert len(play(story, parts(59)).heard) >= 1


def test_a_card_opens_while_a_phone_is_awaited():
    async def story(chip, reader, presented, cards):
        for card in (TENANT, OTHER):
            count = len(chip.phone.inits)
            chip.card = card
            await until(lambda: cards and cards[-1] == card)  # noqa: B023
            chip.card = None
            await until(lambda: len(chip.phone.inits) > count + 3)  # noqa: B023
        assert not presented.tag.is_over()

    play(story)


def test_a_card_that_lies_there_all_the_time_is_told_once():
    async def story(chip, reader, presented, cards):
        chip.card = TENANT
        await until(lambda: len(chip.phone.inits) > 5)
        reader.emulate(None)
        await until(lambda: chip.tries == 1 and chip.commands.count(0x4A) > 12)
        assert cards == [TENANT]

    play(story)


def test_the_phone_itself_is_no_card_while_it_is_there():
    async def story(chip, reader, presented, cards):
        chip.card = PHONE
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: presented.read)
        looks = chip.commands.count(0x4A)
        await until(lambda: chip.commands.count(0x4A) > looks + 6)
        assert cards == []
        chip.card = None
        await until(lambda: chip.tries == 0xFF and chip.searching)
        chip.put(PHONE)
        await until(lambda: cards == [PHONE])

    play(story, parts(59))


def test_it_is_taken_back():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        reader.emulate(None)
        assert presented.tag.is_over()
        await until(lambda: chip.tries == 0xFF and chip.searching)
        count = len(chip.phone.inits)
        chip.put(TENANT)
        await until(lambda: cards == [TENANT])
        assert len(chip.phone.inits) == count
        assert presented.tag.is_over()

    play(story)


def test_another_tag_takes_its_place():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        second = Presented(b"another")
        reader.emulate(second.tag)
        tries = len(chip.phone.inits)
        await until(lambda: len(chip.phone.inits) > tries + 1)
        assert presented.tag.is_over()
        chip.phone.come(chip)
        await until(lambda: second.read)
        assert presented.read == 0

    play(story, [APPLICATION, NDEF, read(0, 59)])


def test_a_phone_that_asks_for_ever_is_let_go_when_it_is_taken_back():

    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: len(chip.phone.heard) > 20)
        reader.emulate(None)
        await until(lambda: chip.tries == 0xFF and chip.searching)
        assert presented.read == 0

    play(story, [CAPABILITIES] * 10_000)


def test_a_reader_that_hangs_meanwhile_is_reset_and_goes_on():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        chip.hung = True
        await until(lambda: chip.resets == 2)
        chip.card = TENANT
        await until(lambda: cards == [TENANT])
        chip.phone.come(chip)
        await until(lambda: presented.read)

    play(story, parts(59))


def test_a_reader_that_is_dead_presents_nothing_once_it_is_over():
    async def story(chip, reader, presented, cards):
        await until(lambda: chip.phone.inits)
        chip.absent = True
        await until(lambda: chip.resets == 3)
        presented.tag.end()
        chip.absent = False
        count = len(chip.phone.inits)
        chip.card = TENANT
        await until(lambda: cards == [TENANT])
        assert len(chip.phone.inits) == count

    play(story)


def test_where_the_chip_refuses_to_be_a_target_cards_open():
    async def story(chip, reader, presented, cards):
        chip.phone.obey = lambda chip, code, data: code == RF and data[0] == 1 and not chip.answer(code)
        await until(lambda: chip.commands.count(SAM) == 3)
        chip.card = TENANT
        await until(lambda: cards == [TENANT])

    play(story)
