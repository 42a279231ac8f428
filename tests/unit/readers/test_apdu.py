"""APDUs to the card that was found and back; what the card does wrong is no fault of the chip."""

from scripted_pn532 import HURRY, TENANT, VERSION, drive, fails, found

from readers.apdu import exchange
from readers.hsu import ReaderError
from readers.pn532 import CardError
from selftest.reader import look


async def gone(work):
    """Whether the work ends in a CardError."""
    try:
        await work
    except CardError:
        return True
    return False


async def in_use(chip, driver, says=None):
    await driver.start()
    chip.put(TENANT)
    await found(driver)
    if says is not None:
        chip.says = says


def test_an_apdu_of_any_length_goes_to_the_card_and_comes_back():
    async def story(chip, driver):
        await in_use(chip, driver)
        for size in (0, 1, 4, 64, 251, 252, 253, 254, 255, 261, 262):
            apdu = bytes([n & 255 for n in range(size)])
            assert await exchange(driver, apdu) == apdu, size

    drive(story)


def test_a_longer_one_is_refused_and_the_chip_is_well():
    async def story(chip, driver):
        await in_use(chip, driver)
        try:
            await exchange(driver, bytes(263))
        except ValueError:
            assert await exchange(driver, b"\x00\xa4") == b"\x00\xa4"
            return
        raise AssertionError("it went")

    drive(story)


def test_an_answer_in_parts_is_put_together():
    parts = [b"\x40" + b"a" * 262, b"\x00" + b"b" * 38]

    async def story(chip, driver):
        await in_use(chip, driver, lambda apdu: parts[0 if apdu else 1])
        assert await exchange(driver, b"\x00") == b"a" * 262 + b"b" * 38

    drive(story)


def test_an_answer_without_end_is_no_answer_for_ever():
    async def story(chip, driver):
        await in_use(chip, driver, lambda apdu: b"\x40" + bytes(200))
        assert len(await exchange(driver, b"\x00")) <= 600

    drive(story)


def test_parts_of_nothing_are_no_answer():
    async def story(chip, driver):
        await in_use(chip, driver, lambda apdu: b"\x40")
        assert await gone(exchange(driver, b"\x00"))

    drive(story)


def test_whatever_status_tells_of_a_fault_is_the_card_s():
    async def story(chip, driver):
        await in_use(chip, driver)
        for status in range(1, 0x40):
            chip.says = lambda apdu: bytes((status,))  # noqa: B023 (it is asked in this turn)
            assert await gone(exchange(driver, b"\x00\xa4")), status
        chip.says = lambda apdu: b""
        assert await gone(exchange(driver, b"\x00\xa4"))
        chip.put(None)
        assert await gone(exchange(driver, b"\x00\xa4"))
        await driver.release()

    drive(story)


def test_a_card_that_keeps_the_chip_waiting_is_given_up_and_the_chip_goes_on():
    async def story(chip, driver):
        await in_use(chip, driver, lambda apdu: None)
        chip.commands.clear()
        assert await gone(exchange(driver, b"\x00\xa4"))
        assert chip.commands[-2:] == ["ack", VERSION]
        chip.says = lambda apdu: b"\0" + apdu
        assert await look(driver) == TENANT
        assert await exchange(driver, b"\x00\xa4") == b"\x00\xa4"

    drive(story, HURRY)


def test_a_chip_that_hangs_in_an_exchange_is_the_reader_s_fault():
    async def story(chip, driver):
        await in_use(chip, driver)
        chip.hung = True
        try:
            await exchange(driver, b"\x00\xa4")
        except ReaderError:
            assert await fails(driver.release())
            return
        raise AssertionError("it answered")

    drive(story, HURRY)


def test_whether_a_card_goes_on_to_apdus_is_known():
    async def story(chip, driver):
        for known in (True, False):
            chip.sel_res = 0x20 if known else 0x08
            await in_use(chip, driver)
            assert driver.speaks_apdus is known
            chip.put(None)

    drive(story)
