"""The driver of the card reader among noise, and on a line that breaks."""

import asyncio

from scripted_pn532 import HURRY, TENANT, drive, fails, found

from selftest.reader import look


def test_noise_before_every_frame_is_overheard():
    async def story(chip, driver):
        await driver.start()
        chip.put(TENANT)
        assert await found(driver) == TENANT
        assert await look(driver) == TENANT

    for noise in (b"\0", b"\xff\0\xff\1", bytes(range(1, 200)), b"\0\xff\3\3\0\xff\xff\xff\1\0\0"):
        drive(story, noise=noise)


def test_a_storm_of_garbage_does_not_stop_the_loop():
    reads = []  # of the line, from each turn of another task to its next; a command drops what came in eight

    async def story(chip, driver):
        def rage(buffer):
            reads[-1] += 1
            for i in range(len(buffer)):
                buffer[i] = (i * 7) & 255 if i % 9 else 0
            return len(buffer)

        async def count():
            while True:
                reads.append(0)
                await asyncio.sleep_ms(0)

        await driver.start()
        chip.readinto = rage
        chip.out = b"always something to read"
        counting = asyncio.create_task(count())
        await asyncio.sleep_ms(0)
        assert await fails(driver.wait_target())
        counting.cancel()

    drive(story, HURRY)
    assert sum(reads) > 2
    assert max(reads) <= 12, max(reads)


def test_a_line_that_is_readable_and_empty_does_not_stop_the_loop():
    async def story(chip, driver):
        await driver.start()
        chip.hung = True
        chip.out = b"?"
        for nothing in (0, None):
            chip.readinto = lambda buffer: nothing  # noqa: B023
            assert await fails(driver.wait_target())

    drive(story, HURRY)


def test_a_line_that_breaks_is_an_error_of_the_reader():
    async def story(chip, driver):
        def broken(buffer):
            raise OSError(5)

        await driver.start()
        chip.readinto = broken
        assert await fails(driver.wait_target())
        assert await fails(driver.start())

    drive(story)
