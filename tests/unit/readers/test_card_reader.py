"""Each card is told once while it lies there, and the reader is mended by its reset line."""

import asyncio
import gc

from scripted_pn532 import HURRY, LIST, OTHER, START, TENANT, until, watch

from readers import card_reader


def looks(chip):
    return chip.commands.count(LIST)


async def look_again(chip, times=6):
    count = looks(chip)
    await until(lambda: looks(chip) >= count + times)


def test_a_card_is_told_once_however_long_it_lies_there():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        await look_again(chip, 20)

    assert watch(story).cards == [TENANT]


def test_a_card_is_told_again_when_it_comes_again():
    async def story(chip, seen):
        await until(lambda: seen.health)
        for _ in range(3):
            told = len(seen.cards)
            chip.put(TENANT)
            await until(lambda: len(seen.cards) > told)  # noqa: B023 (it is awaited in this turn)
            await look_again(chip, 3)
            chip.put(None)
            await until(lambda: chip.tries == 0xFF and chip.searching)

    assert watch(story).cards == [TENANT] * 3


def test_no_garbage_is_collected_while_a_card_is_answered():
    """From before it is told until some time later; and not because it goes on lying there."""
    hushed, hush = [], card_reader.hush

    async def story(chip, seen):
        await until(lambda: seen.health)
        card_reader.hush = lambda: hushed.append(len(seen.cards))
        chip.put(TENANT)
        await until(lambda: seen.cards)
        await look_again(chip)

    try:
        watch(story)
    finally:
        card_reader.hush = hush
    assert hushed == [0]


def test_a_trembling_hand_is_one_presentation():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        for _ in range(5):
            chip.card = None
            await look_again(chip, 1)
            chip.card = TENANT
            await look_again(chip, 2)

    assert watch(story).cards == [TENANT]


def test_another_card_is_told_at_once():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        chip.put(OTHER)
        await until(lambda: len(seen.cards) == 2)
        await look_again(chip)

    assert watch(story).cards == [TENANT, OTHER]


def test_two_cards_found_by_turns_are_each_told_once():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.lay([TENANT, OTHER])
        await until(lambda: seen.cards)
        await look_again(chip, 12)

    assert sorted(watch(story).cards) == sorted([TENANT, OTHER])


def test_a_phone_that_makes_up_its_number_is_told_once():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.makes_up_its_number = True
        chip.put(TENANT)
        await until(lambda: seen.cards)
        await look_again(chip, 12)

    assert len(watch(story).cards) == 1


def test_a_hung_reader_is_reset_and_reads_again():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.hung = True
        await until(lambda: len(seen.health) == 3)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        assert chip.resets == 2

    seen = watch(story, HURRY)
    assert seen.health == [True, False, True]
    assert seen.cards == [TENANT]


def test_one_that_had_worked_for_long_is_mended_without_a_word():
    async def story(chip, seen):
        await until(lambda: seen.health)
        await asyncio.sleep_ms(5100)
        chip.hung = True
        await until(lambda: chip.resets == 2)
        chip.put(TENANT)
        await until(lambda: seen.cards)

    assert watch(story, HURRY).health == [True]


def test_cards_that_lie_together_are_all_told_within_one_look():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.lay([OTHER, TENANT, b"\4\1\1\1"])
        await until(lambda: len(seen.cards) == 3)
        assert looks(chip) <= 5
        chip.lay([OTHER, TENANT, b"\4\1\1\1", b"\4\2\2\2"])
        await until(lambda: len(seen.cards) == 4)
        await look_again(chip, 12)
        assert len(seen.cards) == 4

    watch(story)


def test_a_card_that_lay_there_all_through_a_short_hang_is_not_told_again():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        chip.hung = True
        await until(lambda: len(seen.health) == 3)
        await look_again(chip)

    assert watch(story, HURRY).cards == [TENANT]


def test_a_card_that_went_during_a_hang_is_told_when_it_comes_back():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        chip.hung = True
        chip.put(None)
        await until(lambda: len(seen.health) == 3 and chip.searching and chip.tries == 0xFF)
        chip.put(TENANT)
        await until(lambda: len(seen.cards) == 2)

    watch(story, HURRY)


def test_a_card_held_to_a_reader_that_was_long_dead_is_told():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)
        await until(lambda: seen.cards)
        chip.absent = True
        await until(lambda: len(seen.health) == 2)
        resets = chip.resets
        await until(lambda: chip.resets >= resets + 6)  # waits of 0.1 to 1 s lie in between
        chip.absent = False
        await until(lambda: len(seen.cards) == 2)

    watch(story, HURRY)


def test_a_reader_that_is_not_there_is_told_once_and_tried_again():
    async def story(chip, seen):
        await until(lambda: chip.resets >= 3)
        assert seen.health == [False]
        chip.absent = False
        await until(lambda: len(seen.health) == 2)

    seen = watch(story, HURRY, absent=True)
    assert seen.health == [False, True]


def test_a_healthy_reader_is_never_reset():
    async def story(chip, seen):
        await until(lambda: chip.commands.count("ack") >= 5)
        assert chip.commands[: len(START)] == START
        assert chip.resets == 1

    assert watch(story).health == [True]


def test_waiting_and_looking_take_no_memory():
    async def story(chip, seen):
        await until(lambda: seen.health)
        chip.put(TENANT)

        async def memory():
            await look_again(chip, 10)
            chip.commands.clear()
            chip.irq.levels.clear()
            gc.collect()
            return gc.mem_alloc()

        async def least():
            return min([await memory(), await memory(), await memory(), await memory(), await memory()])

        await memory()
        before, after = await least(), await least()  # a look may be under way at any one of them
        assert after - before < 1024, after - before

    watch(story)
