"""Cards that break the block protocol at any step: given up in time, nothing proved, nothing spoilt."""

import os
from collections.abc import Iterator

import pytest

from menshen.simulator.cards.attacks import UNRULY, Unruly
from tests.tools.helpers.firmware_reader import RADIO_S, FirmwareReader, firmware_reader
from tests.tools.test_firmware_cards import UID, failures, fresh
from tests.tools.test_firmware_torn_cards import AGAIN, ELSEWHERE, asked, visit

KINDS = ["ntag424", "desfire3"]
BY_NIGHT = bool(os.getenv("MENSHEN_NIGHTLY"))
_ADDING, _PROVING = 40, 14  # frames that a card gets at most
_EVERY = (1, 1) if BY_NIGHT else (5, 17)  # steps from one to the next: shown, and added
_LONGEST_S = RADIO_S + 1.2
"""Of one visit: a card that never ends one answer is given up there, and not asked on."""


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


@pytest.mark.parametrize("adds", [False, True], ids=["shown", "added"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_breaks_the_block_protocol_is_given_up_and_spoils_nothing(
    firmware: FirmwareReader, kind: str, adds: bool
) -> None:
    """The card in it, which the attacker cannot have say anything else, proves itself the next time."""
    for turn, how in enumerate(UNRULY):
        for step in range(1 + turn % _EVERY[adds], _ADDING if adds else _PROVING, _EVERY[adds]):
            card = fresh(kind)
            if not adds:
                assert visit(firmware, card, True) == UID
            began = firmware.loop.time()
            found = asked(firmware, [Unruly(card, step, how)], adds)
            took_s = firmware.loop.time() - began
            assert found in (None, ELSEWHERE, AGAIN, UID), (how, step)
            assert took_s < _LONGEST_S, (how, step)
            assert visit(firmware, card, True) == UID, (how, step)
            assert visit(firmware, card, False) == UID, (how, step)
            assert sum(failures(card)) == 0, (how, step)
