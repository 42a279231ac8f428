"""A tag that a phone reads and writes in one tap: what it takes, and that cards are looked for meanwhile."""

import random

from scripted_phone import APPLICATION, CAPABILITIES, NDEF, SET, WHOLE, present, read
from scripted_pn532 import LIST, TENANT, until

from readers import writable_tag
from readers.writable_tag import WritableTag, Written

OK = b"\x90\x00"
MESSAGE = b"\1" * 60
ANSWER = b"\xd5\x00\x10" + bytes(range(16))


def write(start, data):
    return b"\x00\xd6" + start.to_bytes(2, "big") + bytes((len(data),)) + data


def size_of(message):
    return len(message).to_bytes(2, "big")


WRITTEN = [write(0, b"\0\0"), write(2, ANSWER), write(0, size_of(ANSWER))]
AT_ONCE = [write(0, size_of(ANSWER) + ANSWER)]


class Asker:
    """Keeps what is answered."""

    def __init__(self):
        self.heard = []
        self.tag = WritableTag(MESSAGE, self.heard.append)


def play(story, asks=(), ticks=lambda: 0, **state):
    """Run story(chip, reader, asker, cards); `ticks` is the clock of a turn, and stands still."""
    writable_tag.ticks_ms = ticks
    return present(Asker, story, asks, **state)


def test_it_is_read_and_answered_in_one_tap():
    for written in (WRITTEN, AT_ONCE):

        async def story(chip, reader, asker, cards):
            await until(lambda: chip.phone.inits)
            assert not asker.tag.is_over()
            chip.phone.come(chip)
            await until(lambda: asker.heard)
            assert asker.heard == [ANSWER]
            assert asker.tag.is_over()
            await until(lambda: chip.tries == 0xFF and chip.searching)
            assert len(asker.heard) == 1

        phone = play(story, WHOLE + [read(2, 59), read(61, 1)] + written)
        assert phone.heard[2] == bytes.fromhex("000f20003b00340406e104003e0000") + OK, "anybody may write"
        assert phone.heard[5][:-2] + phone.heard[6][:-2] == MESSAGE
        assert phone.heard[7:] == [OK] * len(written), "the phone hears that it was taken"


def test_the_next_phone_reads_what_was_there_whatever_one_has_begun_to_write():
    async def story(chip, reader, asker, cards):
        for asks in (WHOLE + WRITTEN[:2], WHOLE + [read(2, 59), read(61, 1)]):
            chip.phone.asks, chip.phone.heard = list(asks), []
            inits = len(chip.phone.inits)
            await until(lambda: len(chip.phone.inits) > inits)  # noqa: B023
            chip.phone.come(chip)
            await until(lambda: not chip.phone.asks and len(chip.phone.heard) == len(asks))  # noqa: B023
            chip.phone.is_there = False
        assert chip.phone.heard[5][:-2] + chip.phone.heard[6][:-2] == MESSAGE
        assert asker.heard == []

    play(story)


def test_an_answer_counts_though_the_phone_has_gone_before_it_hears_of_it():
    async def story(chip, reader, asker, cards):
        obey = chip.phone.obey

        def gone(chip, code, data):
            if code == SET and len(chip.phone.heard) >= len(WHOLE):
                chip.phone.status = b"\x29"
            return obey(chip, code, data)

        chip.phone.obey = gone
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: asker.heard)
        assert asker.heard == [ANSWER]

    play(story, WHOLE + AT_ONCE)


def test_a_phone_that_breaks_off_anywhere_has_not_answered():
    whole = WHOLE + WRITTEN
    for steps in (5, 6, 7):

        async def story(chip, reader, asker, cards):
            await until(lambda: chip.phone.inits)
            chip.phone.come(chip)
            await until(lambda: not chip.phone.asks)
            inits = len(chip.phone.inits)
            chip.phone.is_there = False
            await until(lambda: len(chip.phone.inits) > inits)
            assert (asker.heard, asker.tag.is_over()) == ([], False)

        play(story, whole[:steps])


def test_cards_are_looked_for_each_second_beside_a_phone_that_talks_for_ever():
    """By a clock that goes on by 5 ms each time that it is read: twice for each thing that the phone asks."""
    now, looks = [0], []

    def ticks():
        now[0] += 5
        return now[0]

    async def story(chip, reader, asker, cards):
        obey = chip._obey

        def note(code, data):
            if code == LIST:
                looks.append(now[0])
            obey(code, data)

        chip._obey = note
        await until(lambda: chip.phone.inits)
        chip.phone.come(chip)
        await until(lambda: len(looks) >= 8)
        chip.card = TENANT
        await until(lambda: cards)
        assert asker.heard == []

    phone = play(story, [CAPABILITIES] * 100_000, ticks=ticks)
    gaps = [later - earlier for earlier, later in zip(looks, looks[1:])]
    print("%d answers; ms between looks for a card: %r" % (len(phone.heard), gaps))
    assert max(gaps) < 950
    assert len([gap for gap in gaps if gap > 800]) >= 2, "the phone was heard for all of its turn"


def test_what_the_tag_refuses_to_be_written():
    tag = Written(MESSAGE)
    for apdu, status in (
        (write(0, b"\0\0"), b"\x69\x86"),
        (APPLICATION, OK),
        (CAPABILITIES, OK),
        (write(0, b"\0\0"), b"\x69\x86"),
        (NDEF, OK),
        (write(0, b"")[:4], b"\x67\x00"),
        (write(0, b""), b"\x67\x00"),
        (write(0, b"ab")[:-1], b"\x67\x00"),
        (write(0, b"ab") + b"c", b"\x67\x00"),
        (write(61, b"ab"), b"\x6b\x00"),
        (write(0x7FFF, b"a"), b"\x6b\x00"),
        (write(0, bytes(63)), b"\x6b\x00"),
        (write(2, ANSWER), OK),
        (write(0, b"\0\0"), OK),
    ):
        assert tag.answer(apdu) == status, apdu
        assert not tag.answer_is_whole
    assert tag.answer(write(1, b"\x13")) == OK
    assert tag.answer_is_whole
    assert tag.written() == ANSWER


def test_what_claims_to_be_longer_than_the_tag_is_no_answer():
    for size in (61, 255, 0xFFFF):
        tag = Written(MESSAGE)
        for apdu in (APPLICATION, NDEF, write(0, size.to_bytes(2, "big"))):
            tag.answer(apdu)
        assert tag.answer_is_whole
        assert tag.written() == b""


def test_no_bytes_from_a_phone_are_too_much():
    random.seed(20_261_127)
    commands = [APPLICATION, CAPABILITIES, NDEF, read(0, 2), read(2, 59)] + WRITTEN + AT_ONCE
    good = whole = 0
    for _ in range(200):
        tag = Written(MESSAGE)
        for _ in range(100):
            apdu = bytearray(commands[random.randrange(len(commands))])
            for _ in range(random.randrange(3)):
                apdu[random.randrange(len(apdu))] = random.randrange(256)
            if not random.randrange(4):
                apdu = apdu[: random.randrange(len(apdu) + 1)] + bytes(random.randrange(300))
            answer = tag.answer(bytes(apdu))
            assert 2 <= len(answer) <= 0x3D
            assert len(tag.ndef) == 62
            assert len(tag.written()) <= 60
            good += answer[-2:] == OK
            whole += tag.answer_is_whole
    print("%d taken, %d whole" % (good, whole))
    assert good > 1000
    assert whole > 10
