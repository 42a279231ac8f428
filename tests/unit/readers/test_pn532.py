"""The driver of the card reader against a chip that gives nothing for free."""

import asyncio
from time import sleep_ms

from scripted_pn532 import (
    HURRY,
    LIST,
    OTHER,
    RELEASE,
    RF,
    START,
    TENANT,
    drive,
    fails,
    found,
    packet,
    until,
)

from readers import hsu
from readers.frames import ACK
from selftest.reader import look

LATE_ANSWER = packet(b"\xd5\x4b\1\1\x03\x44\x20\4\x99\x88\x77\x66")


def test_start_resets_wakes_and_configures():
    async def story(chip, driver):
        await driver.start()

    chip = drive(story)
    assert chip.reset.levels == [0, 1]
    assert chip.commands == START
    assert chip.tries == 0xFF


def test_a_card_that_lies_there_is_found_and_one_that_comes_later_too():
    async def story(chip, driver):
        await driver.start()
        chip.put(TENANT)
        assert await found(driver) == TENANT
        chip.put(None)
        waiting = asyncio.create_task(found(driver))
        await until(lambda: chip.searching)
        assert not waiting.done()
        chip.put(OTHER)
        assert await waiting == OTHER

    drive(story)


def test_while_no_card_comes_the_chip_is_asked_whether_it_lives():
    async def story(chip, driver):
        await driver.start()
        waiting = asyncio.create_task(found(driver))
        await until(lambda: chip.commands.count("ack") >= 3)
        chip.put(TENANT)
        assert await waiting == TENANT

    commands = drive(story).commands[len(START) :]
    assert commands[:8] == [RF, LIST, "ack", RF, LIST, "ack", RF, LIST]


def test_whoever_waits_for_a_card_is_told_that_none_comes():
    async def story(chip, driver):
        await driver.start()
        assert await driver.wait_target() is None
        assert chip.commands[-3:] == [LIST, "ack", RF]

    drive(story)


def test_a_card_that_comes_during_the_question_is_found_after_it():
    async def story(chip, driver):
        await driver.start()
        say = chip.say

        def put_when_asked(data):
            if chip.commands[-2:] == ["ack", RF]:
                chip.card = TENANT
            say(data)

        chip.say = put_when_asked
        assert await found(driver) == TENANT

    drive(story)


def test_a_card_whose_answer_met_the_end_of_the_wait_is_found_by_the_next_search():
    """It has heard everything, and sleeps, while the driver knows nothing of it."""

    async def story(chip, driver):
        await driver.start()
        write = chip.write

        def found_meanwhile(data):
            if bytes(data) == ACK and chip.searching:
                chip.lay([TENANT])
                chip.asleep.add(TENANT)
                chip.write = write
            return write(data)

        chip.write = found_meanwhile
        assert await found(driver) == TENANT

    drive(story)


def test_a_card_that_stays_is_seen_at_every_look():
    async def story(chip, driver):
        await driver.start()
        chip.put(TENANT)
        assert await found(driver) == TENANT
        for _ in range(10):
            assert await look(driver) == TENANT
        chip.put(None)
        assert await look(driver) is None

    drive(story)


def test_of_two_cards_each_is_seen_at_every_second_look():
    async def story(chip, driver):
        await driver.start()
        chip.lay([TENANT, OTHER])
        assert await found(driver) == TENANT
        for _ in range(5):
            assert await look(driver) == OTHER
            assert await look(driver) == TENANT

    drive(story)


def test_an_answer_that_comes_too_late_is_not_taken_for_another():
    async def story(chip, driver):
        await driver.start()
        chip.out += LATE_ANSWER[:11]
        say = chip.say

        def after_the_rest(data):
            chip.say = say
            say(LATE_ANSWER[11:] + LATE_ANSWER + data)

        chip.say = after_the_rest
        chip.card = TENANT
        assert await found(driver) == TENANT

    drive(story)


def test_the_beginning_of_a_frame_that_never_went_on_is_drained_before_a_command():
    async def story(chip, driver):
        await driver.start()
        chip.put(TENANT)
        for _ in range(3):
            chip.out += b"\0\xff\xf0\x10" + bytes(20)
            assert await look(driver) == TENANT

    drive(story)


def test_a_refused_command_is_an_error_of_the_reader():
    async def story(chip, driver):
        await driver.start()
        chip.in_use = False
        assert await fails(driver.wait_target())

    drive(story)


def test_a_dead_irq_line_harms_nothing():
    async def story(chip, driver):
        await driver.start()
        waiting = asyncio.create_task(found(driver))
        await until(lambda: chip.commands.count("ack") >= 2)
        chip.put(TENANT)
        assert await waiting == TENANT

    for level in (0, 1):
        drive(story, irq_is_at=level)


def test_garbage_waits_as_soon_as_an_answer_begins_and_never_for_a_poll():
    """A collection before the card is asked takes as long as half of all else that a tap takes."""
    hush, seen = hsu.hush, []
    hsu.hush = lambda: seen.append("hush")

    async def polls(chip, driver):
        await driver.start()
        finding = asyncio.create_task(found(driver))
        await until(lambda: chip.commands.count(LIST) >= 3)
        finding.cancel()

    async def finds(chip, driver):
        async def find():
            seen.append(await found(driver))

        await driver.start()
        finding = asyncio.create_task(find())
        await until(lambda: LIST in chip.commands)
        await asyncio.sleep_ms(60)  # the ACK is in, and the event loop sleeps
        chip.put(TENANT)
        await finding

    try:
        drive(polls)
        assert not seen
        drive(finds, {"liveness_ms": 5000, "answer_ms": 5000})
        assert seen == ["hush", TENANT]
    finally:
        hsu.hush = hush


def test_garbage_does_not_wait_for_an_ack_that_is_announced_after_it_was_read():
    """It did in one start of four beside load: what that loaded lay scattered, and TLS found no room."""
    hush, seen = hsu.hush, []
    hsu.hush = lambda: seen.append("hush")

    async def story(chip, driver):
        await driver.start()
        announce, chip.irq.handler = chip.irq.handler, None
        finding = asyncio.create_task(found(driver))
        await until(lambda: LIST in chip.commands)
        await asyncio.sleep_ms(60)  # the ACK is in, and the event loop sleeps
        announce(chip.irq)
        await asyncio.sleep_ms(60)
        finding.cancel()

    try:
        drive(story, {"liveness_ms": 5000, "answer_ms": 5000})
    finally:
        hsu.hush = hush
    assert not seen


def test_an_irq_line_that_flutters_does_not_stop_the_loop():
    async def story(chip, driver):
        await driver.start()
        waiting = asyncio.create_task(found(driver))
        for _ in range(300):
            chip.irq.value(0)
            chip.irq.value(1)
            await asyncio.sleep_ms(1)
        chip.put(TENANT)
        assert await waiting == TENANT

    drive(story)


def test_the_loop_is_kept_awake_for_the_two_frames_that_are_due():
    async def story(chip, driver):
        await driver.start()
        waiting = asyncio.create_task(found(driver))
        await until(lambda: chip.searching and driver.line._acknowledged)
        for left in (1, 0):  # the ACK may be announced after it was read; the answer is heard all the same
            driver.line._hurries = False
            chip.irq.value(0)
            await until(lambda left=left: driver.line._due == left and driver.line._hurries)
            chip.irq.value(1)
        chip.put(TENANT)
        assert await waiting == TENANT

    drive(story, {"liveness_ms": 5000, "answer_ms": 5000})


def test_an_answer_that_begins_while_the_line_is_read_wakes_the_loop_too():
    hush, woken = hsu.hush, []
    hsu.hush = lambda: woken.append("hush")

    async def story(chip, driver):
        reads = chip.readinto

        def begins_just_then(buffer):
            count = reads(buffer)
            if driver.line._acknowledged and chip.searching and not count:
                chip.readinto = reads
                chip.irq.value(0)
                chip.irq.value(1)
            return count

        await driver.start()
        waiting = asyncio.create_task(found(driver))
        chip.readinto = begins_just_then
        await until(lambda: woken)
        chip.put(TENANT)
        assert await waiting == TENANT

    try:
        drive(story, {"liveness_ms": 5000, "answer_ms": 5000})
    finally:
        hsu.hush = hush


def test_look_tells_who_is_there_without_waiting():
    async def story(chip, driver):
        await driver.start()
        assert await look(driver) is None
        assert chip.tries == 1
        chip.put(TENANT)
        assert await look(driver) == TENANT
        assert await look(driver) == TENANT
        assert chip.commands[-4:] == [RELEASE, LIST, RF, LIST]

    drive(story)


def test_only_uids_of_a_length_that_exists_are_believed():
    async def story(chip, driver):
        await driver.start()
        assert await look(driver) is None

    for card in (b"", b"\1\2\3", bytes(8), bytes(11)):
        drive(story, card=card)


def test_whoever_cancels_the_wait_cancels_it():
    async def story(chip, driver):
        await driver.start()
        waiting = asyncio.create_task(found(driver))
        await until(lambda: chip.searching)
        waiting.cancel()
        try:
            await waiting
        except asyncio.CancelledError:
            return
        raise AssertionError("it went on")

    drive(story)


def test_a_loop_that_is_late_is_no_fault_of_the_chip():
    async def story(chip, driver):
        said, say = [], chip.say

        async def others():
            """They take long, and meanwhile the chip answers."""
            while True:
                await until(lambda: said)
                sleep_ms(HURRY["answer_ms"] + 40)
                while said:
                    say(said.pop(0))

        chip.say = said.append
        busy = asyncio.create_task(others())
        await driver.start()
        chip.put(TENANT)
        for _ in range(5):
            assert await look(driver) == TENANT
        busy.cancel()

    drive(story, HURRY)
