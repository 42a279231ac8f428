"""The reader's serial line at other speeds than 115,200 baud: no firmware runs here, and the clock jumps."""

import asyncio

import pytest

from menshen.simulator import frames

ACK = "0000ff00ff00"  # UM0701-02, 6.2.1.3
WAKE = "55" + 15 * "00"
FAST = 921_600
VERSION, VERSION_ANSWER = "0000ff02fed4022a00", "0000ff06fad50332010607e800"  # 7.2.2


def frame(data: str) -> str:
    return frames.build(bytes.fromhex(data)).hex()


MAKE_FAST, FAST_ANSWER = frame("d41007"), frame("d511")  # SetSerialBaudRate: 7.2.8


@pytest.fixture
async def fast(reader):
    """A reader that was set to 921,600 baud, as is the host's end."""
    await asyncio.sleep(0.1)
    assert await reader.send(WAKE + MAKE_FAST) == ACK + FAST_ANSWER
    assert reader.chip.speed == 115_200  # until the host has acknowledged the answer
    await reader.send(ACK)
    assert reader.chip.speed == FAST
    reader.chip.host_speed(FAST)
    return reader


async def test_the_speed_changes_when_the_host_has_acknowledged(fast) -> None:
    begun = asyncio.get_running_loop().time()
    assert await fast.send(VERSION) == ACK + VERSION_ANSWER
    took_s = fast.last_byte_at - begun
    assert took_s == pytest.approx((9 + 6 + 13) * 10 / FAST)


async def test_another_command_instead_of_the_acknowledgement_keeps_the_speed(reader) -> None:
    await asyncio.sleep(0.1)
    await reader.send(WAKE + MAKE_FAST)
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER
    assert await reader.send(ACK) == ""
    assert reader.chip.speed == 115_200


async def test_a_host_that_starts_anew_meets_a_chip_that_is_still_fast(fast) -> None:
    fast.chip.host_speed(115_200)
    for _ in range(20):
        assert VERSION_ANSWER not in await fast.send(WAKE + frame("d4162000"))  # PowerDown: 7.2.11
    fast.chip.host_speed(FAST)
    await fast.send("00")
    assert await fast.send(VERSION) == ACK + VERSION_ANSWER


@pytest.mark.parametrize("mend", ["reset_line", "power"])
async def test_reset_and_power_make_it_slow_again(fast, mend: str) -> None:
    getattr(fast.chip, mend)(0)
    getattr(fast.chip, mend)(1)
    fast.chip.host_speed(115_200)
    await asyncio.sleep(0.1)
    assert await fast.send(WAKE + VERSION) == ACK + VERSION_ANSWER


async def test_a_chip_that_was_sent_to_sleep_wakes_as_fast_as_it_was(fast) -> None:
    assert await fast.send(frame("d4162000")) == ACK + frame("d51700")  # PowerDown: 7.2.11
    assert await fast.send(VERSION) == ""
    assert await fast.send(VERSION) == ACK + VERSION_ANSWER


async def test_a_host_that_changes_before_its_acknowledgement_is_out_spoils_it(reader) -> None:
    await asyncio.sleep(0.1)
    await reader.send(WAKE + MAKE_FAST)
    reader.chip.feed(bytes.fromhex(ACK))
    await asyncio.sleep(3 * 10 / 115_200)
    reader.chip.host_speed(FAST)
    await asyncio.sleep(1)
    assert reader.chip.speed == 115_200


async def test_what_comes_in_the_moment_of_the_change_is_lost(reader) -> None:
    await asyncio.sleep(0.1)
    await reader.send(WAKE + MAKE_FAST)
    reader.chip.feed(bytes.fromhex(ACK))
    await asyncio.sleep(6 * 10 / 115_200)
    reader.chip.host_speed(FAST)
    assert await reader.send(VERSION) == ""
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER


@pytest.mark.parametrize("wrong", ["d410", "d41009", "d4100700"])
async def test_there_are_nine_speeds(reader, wrong: str) -> None:
    await asyncio.sleep(0.1)
    assert await reader.send(WAKE + frame(wrong)) == ACK + frames.ERROR.hex()


async def test_a_computer_that_is_late_does_not_make_the_change_longer(reader) -> None:
    await asyncio.sleep(0.1)
    await reader.send(WAKE + MAKE_FAST)
    now = asyncio.get_running_loop().time()
    reader.chip.feed(bytes.fromhex(ACK), now - 0.010)
    reader.chip.host_speed(FAST, now - 0.009)
    reader.chip.feed(bytes.fromhex(VERSION), now - 0.008)
    assert await reader.send() == ACK + VERSION_ANSWER
