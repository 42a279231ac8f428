"""What the reader's model tells ahead of its line is what leaves it byte by byte, and when."""

import asyncio
from collections.abc import Callable

import pytest

from menshen.simulator.cards.card import Card
from menshen.simulator.loop import JumpingLoop
from menshen.simulator.pn532 import Pn532

_WAKE = "55" * 5
_ACK = "0000ff00ff00"
_SAM = "0000ff03fdd414011700"
_SEARCH = "0000ff04fcd44a0100e100"
_VERSION = "0000ff02fed4022a00"
_FAST = "0000ff03fdd410071500"
STORY = [(0.01, _WAKE), (0.02, _SAM), (0.05, _SEARCH), (0.0815, _ACK), (0.09, _VERSION), (0.12, _SEARCH)]
"""When the host says what: the first search is over, the second command is given up in its answer."""

GIVEN_UP = [(0.01, _WAKE), (0.02, _SAM), (0.03, _VERSION), (0.0312, _ACK), (0.04, _VERSION)]


class AsItLeaves:
    """`said`: each byte, and when it is at the host, in tenths of microseconds."""

    def __init__(self) -> None:
        self.said: list[tuple[int, int]] = []
        self.chip = Pn532(self._hear, lambda level: None)

    def _hear(self, data: bytes) -> None:
        at = asyncio.get_running_loop().time()
        self.said += [(round(at * 1e7), byte) for byte in data]


class Ahead(AsItLeaves):
    def __init__(self) -> None:
        super().__init__()
        self.chip = Pn532(self._hear, lambda level: None, ahead=self._expect)

    def _expect(self, data: bytes, start: float, byte_s: float) -> None:
        if not data:
            self.said = [(at, byte) for at, byte in self.said if at <= start * 1e7]
        self.said += [(round((start + place * byte_s) * 1e7), byte) for place, byte in enumerate(data, 1)]


def told(make: Callable[[], AsItLeaves], story: list[tuple[float, str]]) -> list[tuple[int, int]]:
    loop = JumpingLoop()

    async def play() -> list[tuple[int, int]]:
        host = make()
        host.chip.power(True)
        host.chip.present(Card("card", bytes(7)))
        for at, said in story:
            await asyncio.sleep(at - loop.time())
            host.chip.feed(bytes.fromhex(said))
        await asyncio.sleep(1)
        host.chip.power(False)
        await asyncio.sleep(30)
        return host.said

    said = loop.run_until_complete(play())
    loop.close()
    return said


@pytest.mark.parametrize("story", [STORY, GIVEN_UP], ids=["whole", "given up"])
def test_each_byte_is_told_ahead_as_it_leaves(story) -> None:
    one_by_one, ahead = told(AsItLeaves, story), told(Ahead, story)
    assert len(one_by_one) > 40
    assert [byte for _, byte in ahead] == [byte for _, byte in one_by_one]
    for (at, _), (told_at, _) in zip(one_by_one, ahead, strict=True):
        assert abs(at - told_at) <= 1


def test_what_is_on_its_way_while_the_host_changes_its_speed_is_lost() -> None:
    loop = JumpingLoop()

    async def play() -> int:
        host = Ahead()
        host.chip.power(True)
        for at, said in [(0.01, _WAKE), (0.02, _SAM), (0.03, _VERSION)]:
            await asyncio.sleep(at - loop.time())
            host.chip.feed(bytes.fromhex(said))
        await asyncio.sleep(0.032 - loop.time())
        before = len(host.said)
        host.chip.host_speed(921_600)
        await asyncio.sleep(1)
        host.chip.power(False)
        await asyncio.sleep(30)
        return before - len(host.said)

    assert loop.run_until_complete(play()) >= 3
    loop.close()
