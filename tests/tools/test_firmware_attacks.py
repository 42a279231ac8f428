"""What an attacker holds to the firmware's own code: nothing but the card itself proves anything, in time."""

import contextlib
import os
import random
from collections.abc import Iterator

import pytest

from menshen import card_crypto as crypto
from menshen.simulator.cards.attacks import (
    Disguise,
    Liar,
    Recorder,
    Relay,
    Replay,
    uid_clone,
    with_wrong_keys,
)
from menshen.simulator.cards.ev2 import Ev2Card
from tests.tools.helpers.firmware_reader import FirmwareReader, Raised, firmware_reader
from tests.tools.test_firmware_cards import KINDS, OTHER_SECRET, SECRET, UID, failures, fresh

BY_NIGHT = bool(os.getenv("MENSHEN_NIGHTLY"))
_BITS = 10  # of a byte on the line
_LAST_STEP = 47 + 6 + 44  # bytes on the line: a command of 38 bytes, the chip's ACK, an answer of 34 at most
_FINDING, _PROVING = 1, 2
_PATIENCE_S = 12
_TOKEN = 38  # bytes of the APDU of the last step
_STEPS = {"ntag424": 0x77, "desfire3": 0x71}  # the command before it


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


def enrolled(firmware: FirmwareReader, kind: str) -> Ev2Card:
    card = fresh(kind)
    firmware.lay([card])
    assert firmware.call("personalise", SECRET) == UID
    return card


def identified(firmware: FirmwareReader, card: object) -> bytes | None:
    shown = firmware.lay([card])
    assert shown
    return firmware.call("identify", shown, SECRET)


def forger(card: Ev2Card, number: int) -> Ev2Card:
    """All of it but this one key."""
    forged = with_wrong_keys(card, lambda size: b"w" * size)
    for wrong, right in zip(forged.slots(), card.slots(), strict=True):
        wrong.key = right.key
    forged.slots()[number].key = b"w" * 16
    return forged


@pytest.mark.parametrize("kind", KINDS)
def test_a_forger_without_the_card_s_own_key_proves_nothing_whatever_it_answers(
    firmware: FirmwareReader, kind: str
) -> None:
    """It has the key that all cards of this lock share, and so gets as far as the last step."""
    card, dice = enrolled(firmware, kind), random.Random(13)
    answers = [
        lambda frame: b"",
        lambda frame: bytes(16),
        lambda frame: bytes(32),
        lambda frame: frame[-17:-1],
        lambda frame: frame[-33:-1],
        lambda frame: crypto.encrypt(b"w" * 16, frame[-33:-1]),
        *[lambda frame, size=size: dice.randbytes(size) for size in (1, 15, 16, 17, 31, 32, 33, 48) * 3],
    ]
    for number in (_FINDING, _PROVING):
        for said in answers:
            assert identified(firmware, Liar(forger(card, number), said)) in (
                None,
                UID if number == _FINDING and kind != "ntag424" else None,
            )
    assert identified(firmware, card) == UID


@pytest.mark.parametrize("kind", KINDS)
def test_the_last_answer_of_another_session_proves_nothing(firmware: FirmwareReader, kind: str) -> None:
    """A card that answers the last step as it did before, and all the rest rightly."""
    card = enrolled(firmware, kind)
    recorder = Recorder(card)
    assert identified(firmware, recorder) == UID
    said = [reply.frame[1:-2] for _, reply in recorder.heard if reply and reply.frame[-2:] == b"\x91\x00"]
    for last in said:
        assert identified(firmware, Liar(forger(card, _PROVING), lambda frame, last=last: last)) is None
    assert identified(firmware, Replay(recorder)) is None
    assert identified(firmware, uid_clone(card)) is None
    assert identified(firmware, with_wrong_keys(card, lambda size: b"w" * size)) is None
    assert identified(firmware, card) == UID


@pytest.mark.parametrize("kind", KINDS)
def test_one_bit_of_any_answer_changed_is_never_another_card(firmware: FirmwareReader, kind: str) -> None:
    """And it spoils nothing: the card proves itself the next time."""

    class Flips(Disguise):
        """One bit of all that it says, counted from RATS."""

        def __init__(self, card: Ev2Card, at: int) -> None:
            super().__init__(card)
            self.at, self.total = at, 0

        def answer(self, step, frame, rate):
            reply = self.card.frame(frame, rate)
            if reply is None or not step:
                return reply
            place, self.total = self.at - self.total, self.total + len(reply.frame) - 1
            if not 0 <= place < len(reply.frame) - 1:
                return reply
            said = bytearray(reply.frame)
            said[1 + place] ^= 1 << place % 8
            return type(reply)(bytes(said), reply.after_s)

    card = enrolled(firmware, kind)
    whole = Flips(card, 1 << 20)
    assert identified(firmware, whole) == UID
    for at in range(0, whole.total, 1 if BY_NIGHT else 5):
        shown = firmware.lay([Flips(card, at)])
        assert shown
        with contextlib.suppress(Raised):  # CardError: it is asked again
            assert firmware.call("identify", shown, SECRET) in (None, UID)
    assert identified(firmware, card) == UID


@pytest.mark.parametrize("kind", KINDS)
def test_a_wrong_card_held_there_for_long_counts_nothing_and_a_forged_one_harms_no_good_one(
    firmware: FirmwareReader, kind: str
) -> None:
    """An hour of looks by night: 150 ms each, if every one asked the card, which they do not."""
    card, wrong = enrolled(firmware, kind), fresh(kind)
    firmware.lay([wrong])
    assert firmware.call("personalise", OTHER_SECRET) == UID
    for _ in range(24_000 if BY_NIGHT else 100):
        assert identified(firmware, wrong) is None
    assert sum(failures(wrong)) == 0
    assert identified(firmware, card) == UID


# -- what an attacker does to a good card with a reader of his own, between two visits


@pytest.mark.parametrize(
    ("kind", "number"), [("ntag424", _FINDING), ("ntag424", _PROVING), ("desfire3", _PROVING)]
)
def test_a_good_card_on_which_somebody_has_tried_keys_is_waited_for_and_opens(
    firmware: FirmwareReader, kind: str, number: int
) -> None:
    """From fifty wrong ones on it makes its reader wait, and forgets how long when it leaves the field."""
    for wrong in (49, 50, 51, 60, 100, 255, 300):
        card = enrolled(firmware, kind)
        slot = card.slots()[number if kind == "ntag424" else number - 3]
        for _ in range(wrong):
            slot.failed()
        began = firmware.loop.time()
        assert identified(firmware, card) == UID, wrong
        assert (firmware.waited > 0) == (wrong >= 50), wrong
        assert firmware.loop.time() - began < _PATIENCE_S
        assert slot.failures_in_a_row == 0
        assert slot.total_failures < wrong
        assert identified(firmware, card) == UID
        assert not firmware.waited


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_makes_its_reader_wait_without_end_is_denied(firmware: FirmwareReader, kind: str) -> None:
    card = enrolled(firmware, kind)
    for slot in card.slots():
        slot.delayed = lambda: True  # type: ignore[method-assign]
    began = firmware.loop.time()
    assert identified(firmware, card) is None
    assert _PATIENCE_S <= firmware.loop.time() - began < _PATIENCE_S + 2


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_whose_key_somebody_has_used_up_is_denied_and_written_to_no_more(
    firmware: FirmwareReader, kind: str
) -> None:
    card = enrolled(firmware, kind)
    before = [(slot.key, slot.version) for slot in card.slots()]
    for slot in card.slots():
        slot.total_failures = 1000
    assert identified(firmware, card) is None
    firmware.lay([card])
    assert firmware.call("personalise", SECRET) == b""  # no bytes: it has its home elsewhere
    assert [(slot.key, slot.version) for slot in card.slots()] == before


# -- relays


def relayed(firmware: FirmwareReader, card: Ev2Card, added_s: float) -> bool:
    """Whether it opens by a relay that adds so much. What comes later still is not heard by the reader."""
    if not added_s:
        return identified(firmware, card) == UID
    with contextlib.suppress(Raised):  # CardError
        return identified(firmware, Relay(card, added_s)) == UID
    return False


@pytest.mark.parametrize("baud", [921_600, 115_200])
@pytest.mark.parametrize("kind", ["ntag424", "desfire3"])
def test_a_relay_over_a_mobile_network_does_not_open_and_the_card_itself_does(
    firmware: FirmwareReader, kind: str, baud: int
) -> None:
    """With what bus and event loop add: 1 to 10 ms, and 80 ms more where flash is written meanwhile."""
    card, dice = enrolled(firmware, kind), random.Random(60)
    bus_s = _LAST_STEP * _BITS / baud
    firmware.delay_s = lambda: bus_s + dice.uniform(0.001, 0.010)
    try:
        for _ in range(200 if BY_NIGHT else 10):
            assert relayed(firmware, card, 0)
            assert not relayed(firmware, card, 0.060)
            assert not relayed(firmware, card, 0.5)
        caught = {
            ms: [relayed(firmware, card, ms / 1000) for _ in range(4)].count(False) for ms in range(5, 65, 5)
        }
        print(f"{kind} at {baud}: refused, of 4, by ms added: {caught}")
        assert caught[20] == 0
        assert caught[55] == 4
        card.computing_s[0xAF] = 0.030  # slow, within its frame waiting time
        assert relayed(firmware, card, 0)
        del card.computing_s[0xAF]
        for tries in (1, 2, 3):  # a block of flash is written during the last step, so often
            left = [tries]

            def written(left: list[int] = left) -> float:
                """Nothing else is asked with so many bytes."""
                is_last = len(firmware.said[-1]) == _TOKEN and firmware.said[-2][1] == _STEPS[kind]
                left[0] -= is_last
                return bus_s + (0.080 if is_last and left[0] >= 0 else 0)

            firmware.delay_s = written
            assert relayed(firmware, card, 0) == (tries < 3)
    finally:
        firmware.delay_s = lambda: 0.0
