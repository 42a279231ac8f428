"""The chip is made ready, at the fastest speed that the line holds; abort and reset line mend it."""

import asyncio

from scripted_pn532 import (
    FAST,
    HURRY,
    LIST,
    RF,
    SAM,
    SLOW,
    START,
    TENANT,
    VERSION,
    drive,
    fails,
    found,
)


async def works(chip, driver):
    """A card is found."""
    chip.put(TENANT)
    assert await found(driver) == TENANT
    chip.put(None)


def test_the_line_is_made_fast():
    async def story(chip, driver):
        await driver.start()
        assert chip.ends == chip.host_ends == FAST
        await works(chip, driver)

    assert drive(story).resets == 1


def test_a_line_that_does_not_hold_the_fast_speed_stays_slow_from_then_on():
    async def story(chip, driver):
        await driver.start()
        assert chip.ends == chip.host_ends == SLOW
        await works(chip, driver)
        chip.hung = True
        assert await fails(driver.wait_target())
        chip.commands.clear()
        await driver.start()
        assert chip.commands == [SAM, VERSION, RF]
        await works(chip, driver)

    drive(story, HURRY, holds=SLOW)


def test_a_chip_that_kept_its_speed_over_the_host_s_restart_is_found():
    """Its reset line is not wired, and it was made fast by the program before."""

    async def story(chip, driver):
        chip.ends, chip.awake = FAST, True
        for _ in range(2):
            await driver.start()
            assert chip.ends == chip.host_ends == FAST
            await works(chip, driver)

    drive(story, HURRY, keeps_its_speed=True, resets=1)


def test_an_abort_mends_a_chip_that_still_listens():
    async def story(chip, driver):
        await driver.start()
        say = chip.say

        def lose_one(data):
            chip.say = say

        chip.say = lose_one
        assert await fails(driver.release())
        chip.commands.clear()
        await driver.start()
        assert chip.commands == ["ack", SAM, VERSION, RF]
        assert chip.ends == chip.host_ends == FAST
        await works(chip, driver)

    assert drive(story, HURRY).resets == 1


def test_a_hang_is_noticed_and_ends_with_a_reset():
    async def story(chip, driver):
        await driver.start()
        chip.hung = True
        assert await fails(driver.wait_target())
        assert chip.hung
        await driver.start()
        await works(chip, driver)

    assert drive(story, HURRY).resets == 2


def test_a_chip_without_power_for_a_moment_is_woken_again():
    """It sleeps then, at the slow speed, and has forgotten its settings."""

    async def story(chip, driver):
        await driver.start()
        chip.awake = chip.in_use = False
        chip.ends = SLOW
        assert await fails(driver.wait_target())
        await driver.start()
        assert chip.ends == chip.host_ends == FAST
        await works(chip, driver)

    drive(story, HURRY)


def test_a_chip_that_hangs_again_and_again_is_not_slowed_down_for_that():
    async def story(chip, driver):
        for _ in range(12):
            await driver.start()
            assert chip.ends == FAST
            assert await driver.wait_target() is None
            chip.hung = True
            assert await fails(driver.wait_target())

    drive(story, HURRY)


def test_a_line_on_which_nothing_goes_well_is_slowed_down():
    async def story(chip, driver):
        for _ in range(4):
            await driver.start()
            chip.hung = True
            assert await fails(driver.wait_target())
        assert chip.ends == SLOW

    drive(story, HURRY)


def test_a_chip_that_is_not_there_is_an_error_of_the_reader():
    async def story(chip, driver):
        for _ in range(3):
            assert await fails(driver.start())
        assert chip.host_ends == SLOW
        chip.absent = False
        await driver.start()
        await works(chip, driver)

    drive(story, HURRY, absent=True)


def test_a_start_does_not_disturb_the_loop():
    async def story(chip, driver):
        turns = []

        async def count():
            while True:
                turns.append(1)
                await asyncio.sleep_ms(0)

        counting = asyncio.create_task(count())
        await driver.start()
        counting.cancel()
        assert len(turns) > len(START)
        assert LIST not in chip.commands

    drive(story)
