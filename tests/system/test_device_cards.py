"""Cards in the field of the model of the PN532, byte by byte: no firmware runs here, and the clock jumps."""

import asyncio

import pytest

from menshen.simulator.cards.card import Card
from tests.system.helpers.radio_parts import FIRST, ONE, SECOND, TWO, Echo, Says, awake, found


@pytest.fixture
async def says(reader) -> Says:
    """`await says(data)`: what the chip answers to a command, without frames."""
    await asyncio.sleep(0.1)
    return await awake(reader)


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6071829"])
async def test_numbers_have_four_seven_or_ten_bytes(reader, says, uid: str) -> None:
    reader.chip.present(Card("one", bytes.fromhex(uid)))
    assert await says(ONE) == found(bytes.fromhex(uid))


def test_other_lengths_are_no_uid() -> None:
    with pytest.raises(ValueError, match="4, 7 or 10"):
        Card("five", bytes(5))


def test_a_card_that_is_asked_while_selected_falls_back_and_a_halted_one_sleeps_on() -> None:
    """ISO/IEC 14443-3, 6.3."""
    card = Echo("one", FIRST)
    assert not card.request()  # no field
    card.power(True)
    card.select()
    assert not card.request()
    assert card.request()
    card.select()
    assert card.frame(b"\x50\x00") is None  # HLTA
    assert not card.request()
    assert card.request(halted_too=True)
    card.select()
    assert card.frame(b"\x12") is None
    assert not card.request()  # it was halted, and is again


@pytest.mark.parametrize("order", [("01", "02", "02", "01"), ("02", "01")])
async def test_two_cards_are_found_at_once_and_each_is_spoken_with(reader, says, order: tuple) -> None:
    reader.chip.hold([Echo("first", FIRST), Echo("second", SECOND)])
    assert await says(TWO) in (found(FIRST, SECOND), found(SECOND, FIRST))
    for number in order:
        assert await says(f"d440{number}5a01") == "d541005a01"
    assert await says("d44003" + "5a01") == "d54127"  # no such target: 7.1


async def test_of_two_cards_one_is_found_and_once_it_is_released_the_other(reader, says) -> None:
    reader.chip.hold([Echo("first", FIRST), Echo("second", SECOND)])
    seen = {await says(ONE)}
    assert await says("d45200") == "d55300"
    seen.add(await says(ONE))
    assert seen == {found(FIRST), found(SECOND)}
    assert await says("d45200") == "d55300"
    assert await says(ONE) == found()  # both are halted, until the field was off
    await says("d4320100")
    assert await says(ONE) in seen


async def test_a_card_that_is_in_use_does_not_answer_another_search(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    assert await says(ONE) == found(FIRST)
    assert await says(ONE) == found()


async def test_a_weak_card_that_is_searched_twice_is_found_at_the_second_attempt(reader, says) -> None:
    weak = Card("weak", b"\x01\x02\x03\x04", b"\x00\x04", 0x08)
    reader.chip.present(weak)
    for _ in range(3):
        assert await says(ONE) == "d54b0101000408" + "0401020304"
    assert await says("d44001" + "6000") == "d54101"  # it says nothing, and is lost
    await says("d45200")


async def test_selection_goes_from_card_to_card(reader, says) -> None:
    reader.chip.hold([Echo("first", FIRST), Echo("second", SECOND)])
    await says(TWO)
    assert await says("d45401") == "d55500"  # InSelect: 7.3.12
    assert await says("d44401") == "d54500"  # InDeselect: 7.3.10
    assert await says("d44001" + "5a01") == "d541005a01"  # it is selected again for that
    assert await says("d45201") == "d55300"  # InRelease: 7.3.11
    assert await says("d44001" + "5a01") == "d54127"
    assert await says("d44002" + "5a01") == "d541005a01"
    assert (await says("d45401"), await says("d44403"), await says("d45203")) == (
        "d55527",
        "d54527",
        "d55327",
    )


async def test_a_card_that_is_taken_away_is_missed(reader, says) -> None:
    card = Echo("one", FIRST)
    reader.chip.present(card)
    await says(ONE)
    assert await says("d40006") == "d50100"  # Diagnose, card presence: 7.2.1
    reader.chip.present(None)
    assert await says("d40006") == "d50101"
    assert await says("d44001" + "5a01") == "d54101"
    reader.chip.present(card)  # it is there again, but nobody has activated it
    assert await says("d44001" + "5a01") == "d54101"
    assert await says(ONE) == found(FIRST)


async def test_a_card_that_goes_while_it_answers_is_an_error(reader, says) -> None:
    card = Echo("one", FIRST)
    reader.chip.present(card)
    await says(ONE)
    card.late_s = 0.02
    asyncio.get_running_loop().call_later(0.01, reader.chip.present, None)
    assert await says("d44001" + "5a01") in ("d54101", "d54102")


async def test_a_card_that_leaves_and_returns_while_it_answers_is_an_error_too(reader, says) -> None:
    card = Echo("one", FIRST)
    reader.chip.present(card)
    await says(ONE)
    card.late_s = 0.02
    for where in (None, card):
        asyncio.get_running_loop().call_later(0.01, reader.chip.present, where)
    assert await says("d44001" + "5a01") in ("d54101", "d54102")


async def test_a_search_for_one_number_finds_no_other(reader, says) -> None:
    reader.chip.hold([Echo("first", FIRST), Echo("second", SECOND)])
    for uid in (SECOND, FIRST):
        await says("d4320100")
        assert await says(ONE + "88" + uid.hex()) == found(uid)


async def test_the_status_tells_of_targets_and_registers_keep_what_they_are_given(reader, says) -> None:
    assert await says("d404") == "d505000000" + "00"  # GetGeneralStatus: 7.2.3
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    assert await says("d404") == "d505000001" + "01000010" + "00"
    assert await says("d408" + "630055" + "630166") == "d509"  # WriteRegister: 7.2.5
    assert await says("d406" + "6301" + "6300") == "d507" + "6655"  # ReadRegister: 7.2.4
    for wrong in ("d40863", "d406630163", "d4320a00", "d43209", "d44a0300", "d44e01", "d454", "d40007"):
        assert await says(wrong) == "error"
