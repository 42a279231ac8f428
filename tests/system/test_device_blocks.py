"""Blocks on the air between the PN532's model and a card: chains, waiting time, rates; the clock jumps."""

import asyncio

import pytest

from menshen.simulator.radio import DELAYS_S, air_s, crc_a
from tests.system.helpers.radio_parts import ACK, ATS, FIRST, ONE, Echo, Says, awake, found


@pytest.fixture
async def says(reader) -> Says:
    """`await says(data)`: what the chip answers to a command, without frames."""
    await asyncio.sleep(0.1)
    return await awake(reader)


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


async def test_an_exchange_that_the_host_gives_up_costs_the_activation(reader, says) -> None:
    """6.2.1.3. The card has had the command; what number it counts now, the chip does not know."""
    card = Echo("one", FIRST)
    reader.chip.present(card)
    await says(ONE)
    card.late_s = 1.0
    assert await says("d44001" + "5a01", wait_s=0.1) == ""
    assert await reader.send(ACK) == ""
    card.late_s = 0.0
    assert await says("d402") == "d50332010607"
    assert await says("d44001" + "5a01") == "d5410b"
    await says("d45200")
    await says("d4320100")
    assert await says(ONE) == found(FIRST)
    assert await says("d44001" + "5a01") == "d541005a01"


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


async def test_the_host_says_how_long_a_raw_frame_waits(reader, says) -> None:
    reader.chip.present(Echo("one", FIRST))
    await says(ONE)
    for number, wait_s in (("0a", 0.0512), ("10", 3.2768)):
        await says("d43202000b" + number)  # RFConfiguration, item 2: 7.3.1
        begun = asyncio.get_running_loop().time()
        assert await says("d442" + "ff") == "d54301"
        assert reader.last_byte_at - begun == pytest.approx(wait_s, abs=0.005)


def test_a_card_hears_only_the_rate_that_was_agreed() -> None:
    card = Echo("one", FIRST)
    card.power(True)
    card.select()
    assert card.frame(b"\xe0\x50").frame.hex() == ATS
    assert card.frame(b"\xd0\x11\x0a").frame == b"\xd0"  # PPS: 424 kbit/s both ways
    assert card.frame(b"\x02\x01") is None
    assert card.frame(b"\x02\x01", 424).frame == b"\x02\x01"
