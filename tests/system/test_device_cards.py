"""Cards in the field of the model of the PN532, byte by byte: no firmware runs here, and the clock jumps."""

import asyncio

import pytest

from menshen.simulator import frames
from menshen.simulator.cards.card import Card
from menshen.simulator.radio import DELAYS_S, air_s, crc_a

ACK = "0000ff00ff00"  # UM0701-02, 6.2.1.3
WAKE = "55" + 15 * "00"
HOUR_S = 3600
ONE, TWO = "d44a0100", "d44a0200"  # InListPassiveTarget: 7.3.5
FIRST = bytes.fromhex("04a1b2c3d4e5f6")
SECOND = bytes.fromhex("04112233445566")
ATS = "067777710280"


class Echo(Card):
    """It says what it is told, as often as its last byte has it, and thinks for as long as it was made to."""

    late_s = 0.0

    def exchange(self, apdu: bytes) -> bytes:
        return apdu * apdu[-1] if apdu else b""

    def thinks_s(self, apdu: bytes) -> float:
        return self.late_s


def found(*uids: bytes) -> str:
    sizes = {4: "04", 7: "44", 10: "84"}  # SENS_RES says how long a number is: ISO/IEC 14443-3, 6.5.2
    each = (
        f"{number:02x}03{sizes[len(uid)]}20{len(uid):02x}{uid.hex()}{ATS}"
        for number, uid in enumerate(uids, 1)
    )
    return f"d54b{len(uids):02x}" + "".join(each)


@pytest.fixture
async def says(reader):
    """`await says(data)`: what the chip answers to a command, without frames; it tries once for a card."""
    await asyncio.sleep(0.1)
    await reader.send(WAKE + frames.build(bytes.fromhex("d41401")).hex())

    async def ask(data: str, wait_s: float = HOUR_S) -> str:
        said = await reader.send(frames.build(bytes.fromhex(data)), wait_s)
        assert said.startswith(ACK)
        raw = bytes.fromhex(said.removeprefix(ACK))
        if not raw or raw == frames.ERROR:
            return "error" if raw else ""
        data = raw[8:-2] if raw[3:5] == b"\xff\xff" else raw[5:-2]
        assert raw == frames.build(data)
        return data.hex()

    await ask("d432050001" + "02")  # RFConfiguration, item 5: 7.3.1
    return ask


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


def test_a_card_hears_only_the_rate_that_was_agreed() -> None:
    card = Echo("one", FIRST)
    card.power(True)
    card.select()
    assert card.frame(b"\xe0\x50").frame.hex() == ATS
    assert card.frame(b"\xd0\x11\x0a").frame == b"\xd0"  # PPS: 424 kbit/s both ways
    assert card.frame(b"\x02\x01") is None
    assert card.frame(b"\x02\x01", 424).frame == b"\x02\x01"


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


async def test_the_host_says_how_long_a_raw_frame_waits(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    for number, wait_s in (("0a", 0.0512), ("10", 3.2768)):
        await says("d43202000b" + number)  # RFConfiguration, item 2: 7.3.1
        begun = asyncio.get_running_loop().time()
        assert await says("d442" + "ff") == "d54301"
        assert reader.last_byte_at - begun == pytest.approx(wait_s, abs=0.005)


async def test_long_commands_and_answers_go_in_chains_that_the_chip_makes(reader, says) -> None:
    """262 bytes each way are what one InDataExchange can carry (7.3.8)."""
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    for size in (1, 60, 61, 62, 125, 126, 244, 262):
        data = (b"\x07" * (size - 1) + b"\x01").hex()
        assert await says("d44001" + data) == "d54100" + data


async def test_an_answer_that_is_too_long_is_fetched_in_parts(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    parts = [await says("d44001" + 99 * "07" + "05")]
    while parts[-1].startswith("d54140"):  # MI in the status
        parts.append(await says("d44001"))
    assert len(parts) > 1
    assert parts[-1].startswith("d54100")
    assert "".join(part[6:] for part in parts) == 5 * (99 * "07" + "05")


async def test_a_command_that_is_too_long_is_given_in_parts(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    part = 200 * "07"
    assert await says("d44041" + part) == "d54100"  # MI in the target's number
    assert await says("d44001" + 49 * "07" + "01") == "d54100" + part + 49 * "07" + "01"


@pytest.mark.parametrize("late_s", [0.05, 0.4, 7.0])
async def test_a_card_that_needs_time_asks_for_it(reader, says, late_s: float) -> None:
    """Longer than its frame waiting time of 38.7 ms, and than the longest extension of it, too."""
    card = Echo("one", FIRST)
    reader.chip.present(card)
    await says(ONE)
    card.late_s = late_s
    begun = asyncio.get_running_loop().time()
    assert await says("d44001" + 150 * "07" + "01") == "d54100" + 150 * "07" + "01"
    took_s = reader.last_byte_at - begun
    assert late_s < took_s < late_s + 0.08


async def test_what_goes_through_is_neither_packed_nor_unpacked(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    await says("d41204")  # SetParameters: no automatic RATS (7.2.9)
    assert await says(ONE) == found(FIRST).removesuffix(ATS)
    assert await says("d442" + "e080") == "d54300" + ATS  # InCommunicateThru: 7.3.9
    assert await says("d442" + "025a01") == "d54300" + "025a01"
    assert await says("d442" + "b2") == "d54300" + "025a01"  # R(NAK) of its number: once more
    assert await says("d442" + "b3") == "d54300" + "a2"  # and of the other one: R(ACK)
    assert await says("d442" + "c2") == "d54300" + "c2"
    assert await says("d442" + "025a01") == "d54301"  # it is halted now


async def test_check_bytes_are_the_hosts_where_it_wants_to_see_them(reader, says) -> None:
    assert crc_a(bytes.fromhex("e050")).hex() == "bca5"  # from a trace of a reader with this chip
    reader.chip.present(Echo("one", FIRST))
    await says("d41204")
    await says(ONE)
    await says("d408" + "630300")  # CIU_RxMode without its CRC bit
    assert await says("d442" + "e050") == "d54300" + ATS + crc_a(bytes.fromhex(ATS)).hex()


async def test_faster_radio_takes_less_time(reader, says) -> None:
    card = Echo("one", FIRST)
    reader.chip.present(card)
    times = []
    for rates in ("0000", "0101", "0202"):
        await says("d4320100")
        await says(ONE)
        if rates != "0000":
            assert await says("d44e01" + rates) == "d54f00"  # InPSL: 7.3.7
        begun = asyncio.get_running_loop().time()
        await says("d44001" + 50 * "07" + "01")
        times.append(reader.last_byte_at - begun)
    bus_s = times[0] - (2 * air_s(54) + DELAYS_S)
    for rate, took_s in zip((106, 212, 424), times, strict=True):
        radio_s = air_s(54, rate) + DELAYS_S + air_s(54, rate, from_card=True)
        assert took_s == pytest.approx(bus_s + radio_s)
    assert times[0] - times[2] > 0.005


async def test_rates_that_a_card_has_not_are_refused(reader, says) -> None:
    slow = Echo("slow", FIRST, ats=bytes.fromhex("0675007102" + "80"))
    reader.chip.present(slow)
    await says(ONE)
    assert await says("d44e01" + "0101") == "d54f01"
    assert await says("d44e02" + "0101") == "d54f27"


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
