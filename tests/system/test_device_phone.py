"""The world's phone at the world's reader, byte by byte: no firmware runs here, and the clock jumps."""

import asyncio

import pytest

from menshen.simulator import frames
from menshen.simulator.phone import POLL_S, Phone, TagFault, records

ACK = "0000ff00ff00"  # UM0701-02, 6.2.1.3
ERROR = "0000ff01ff7f8100"  # 6.2.1.5
HOUR_S = 3600
AS_CARD, FIELD_OFF = "d41234", "d4320100"  # SetParameters, 7.2.9; RFConfiguration item 1, 7.3.1
BE_TARGET = "d48c" + "05" + "0400112233" + "20" + "00" * 30  # TgInitAsTarget, 7.3.14
ACTIVATED = "d58d08e080"
GET = "d486"
TEXT = bytes.fromhex("d1010954") + b"\x02enGreets"
OK = "9000"


def frame(data: str) -> str:
    return frames.build(bytes.fromhex(data)).hex()


@pytest.fixture
async def phone(reader) -> Phone:
    """A phone in somebody's pocket; the reader is awake and makes no field."""
    await asyncio.sleep(0.1)
    await reader.send("55" + 15 * "00" + frame("d4140114"))
    for command in (AS_CARD, FIELD_OFF):
        assert (await reader.send(frame(command))).startswith(ACK)
    return Phone()


async def _says(reader, data: str, wait_s: float = 1.0) -> str:
    """What the chip answers to a command, without frames; it must have acknowledged it."""
    said = await reader.send(frame(data), wait_s)
    assert said.startswith(ACK)
    said = said.removeprefix(ACK)
    if said in ("", ERROR):
        return said
    raw = bytes.fromhex(said)
    data = raw[5 : 5 + raw[3]].hex()
    assert said == frame(data)
    return data


async def _converse(reader, *turns: tuple[str, str]) -> None:
    """The phone asks the first of each turn, and hears the second."""
    for asks, hears in turns:
        assert await _says(reader, GET) == "d58700" + asks
        assert await _says(reader, "d48e" + hears) == "d58f00"


_UP_TO_NDEF = (
    ("00a4040007d276000085010100", OK),
    ("00a4000c02e103", OK),
    ("00b000000f", "000f20003b00340406e104010000ff" + OK),
    ("00a4000c02e104", OK),
)


async def test_a_phone_finds_the_tag_by_itself_and_reads_it(reader, phone: Phone) -> None:
    assert await _says(reader, BE_TARGET, HOUR_S) == ""
    reader.chip.present(phone)
    assert await reader.send(wait_s=POLL_S / 2) == ""
    assert await reader.send(wait_s=POLL_S) == frame(ACTIVATED)
    message = TEXT.hex()
    await _converse(
        reader,
        *_UP_TO_NDEF,
        ("00b0000002", "000d" + OK),
        ("00b000020d", message[:8] + OK),
        ("00b0000609", message[8:] + OK),
    )
    assert phone.screen() == {"read": "Greets", "link": None}
    assert await _says(reader, GET) == "d58729"  # it lets go
    assert await _says(reader, GET) == "d58727"
    assert await _says(reader, BE_TARGET, HOUR_S) == ""  # it has it, and does not read it again


@pytest.mark.parametrize("forgotten", [AS_CARD, FIELD_OFF])
async def test_no_phone_finds_a_tag_that_is_not_well_prepared(reader, phone: Phone, forgotten: str) -> None:
    undone = {AS_CARD: "d41214", FIELD_OFF: "d4320101"}[forgotten]
    await _says(reader, undone)
    reader.chip.present(phone)
    assert await _says(reader, BE_TARGET, HOUR_S) == ""


async def test_looking_for_cards_makes_a_field_in_which_no_phone_finds_the_tag(reader, phone: Phone) -> None:
    await _says(reader, "d4320500010a")
    assert await _says(reader, "d44a0100") == "d54b00"
    reader.chip.present(phone)
    assert await _says(reader, BE_TARGET, HOUR_S) == ""
    await reader.send(ACK)
    await _says(reader, FIELD_OFF)
    assert await _says(reader, BE_TARGET, HOUR_S) == ACTIVATED


@pytest.mark.parametrize(
    ("turns", "why"),
    [
        ((("00a4040007d276000085010100", "6a82"),), "no application"),
        ((*_UP_TO_NDEF[:2], ("00b000000f", "000f10003b00340406e104010000ff" + OK)), "old mapping"),
        ((*_UP_TO_NDEF[:2], ("00b000000f", "000f20003b00340406e1040100ff00" + OK)), "not readable"),
        ((*_UP_TO_NDEF, ("00b0000002", "00ff" + OK)), "longer than the file"),
        ((*_UP_TO_NDEF, ("00b0000002", "0000" + OK)), "empty"),
        ((*_UP_TO_NDEF, ("00b0000002", "0005" + OK), ("00b0000205", OK)), "no data"),
        ((*_UP_TO_NDEF, ("00b0000002", "0004" + OK), ("00b0000204", "01020304" + OK)), "no NDEF"),
    ],
)
async def test_a_tag_that_is_none_is_given_up(reader, phone: Phone, turns: tuple, why: str) -> None:
    reader.chip.present(phone)
    assert await _says(reader, BE_TARGET) == ACTIVATED
    await _converse(reader, *turns)
    assert await _says(reader, GET) == "d58729", why
    assert phone.screen()["read"] is None


async def test_a_phone_that_goes_leaves_the_chip_waiting(reader, phone: Phone) -> None:
    reader.chip.present(phone)
    assert await _says(reader, BE_TARGET) == ACTIVATED
    await _converse(reader, _UP_TO_NDEF[0])
    reader.chip.present(None)
    assert await _says(reader, GET, HOUR_S) == ""
    await reader.send(ACK)
    assert await _says(reader, "d48e9000", HOUR_S) == ""
    await reader.send(ACK)
    reader.chip.present(phone)
    assert await _says(reader, BE_TARGET) == ACTIVATED  # it was interrupted, and begins anew
    await _converse(reader, *_UP_TO_NDEF)


async def test_a_wrong_command_is_an_error(reader, phone: Phone) -> None:
    for data in ("d48c05", "d48c" + "05" + "00" * 35 + "05", "d412", "d41234ff", "d48600", "d48e"):
        assert await _says(reader, data) == ERROR


async def test_asked_as_a_card_a_phone_makes_up_a_number(reader, phone: Phone) -> None:
    reader.chip.present(phone)
    found = await _says(reader, "d44a0100")
    assert found.startswith("d54b0101" + "0004" + "20" + "04" + "08")


def test_only_whole_messages_are_shown() -> None:
    assert records(TEXT) == [(b"T", b"\x02enGreets")]
    for broken in (b"", TEXT[:-1], TEXT + b"\0", b"\x91" + TEXT[1:], TEXT + TEXT, b"\xd1\x01\x00T"):
        with pytest.raises(TagFault):
            records(broken)
