"""A card that is torn away at any byte while it is written is mended by its next visit; no guess counts."""

import os
from collections.abc import Iterator

import pytest

from menshen.simulator.cards.attacks import GARBAGE, Disguise, Garbled, Gone, Late
from menshen.simulator.cards.card import Card, Reply
from menshen.simulator.cards.ev2 import Ev2Card
from tests.tools.helpers.firmware_reader import FirmwareReader, Raised, firmware_reader
from tests.tools.test_firmware_cards import OTHER_SECRET, SECRET, UID, failures, fresh

KINDS = ["ntag424", "desfire3"]
AGAIN, ELSEWHERE = b"again", b""
_CHANGE_KEY = 0xC4
# Bytes from one tear to the next, while written and in a proof; exchanges from one garbled to the next.
_STEP, _PROOF_STEP, _GARBLED = (1, 7, 4) if os.getenv("MENSHEN_NIGHTLY") else (97, 23, 8)


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


class Refusing(Disguise):
    """At one step it says that it has not done what it has done: a wrong check (DS 10.2)."""

    def __init__(self, card: Card, at: int) -> None:
        super().__init__(card)
        self._at = at

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or step != self._at:
            return reply
        return Reply(reply.frame[:1] + b"\x91\x1e", reply.after_s)


def visit(firmware: FirmwareReader, card: object, adds: bool, secret: bytes = SECRET) -> bytes | None:
    """As readers/secure_cards.py asks a card; None also where it was taken away."""
    found = asked(firmware, [card], adds, secret)
    return None if found == AGAIN else found


def asked(firmware: FirmwareReader, cards: list, adds: bool, secret: bytes = SECRET) -> bytes | None:
    """The same of the first of these that is found; AGAIN where it is to be asked again."""
    shown = firmware.lay(cards)
    if shown is None:
        return AGAIN
    try:
        found = firmware.call("identify", shown, secret)
        return firmware.call("personalise", secret) if found is None and adds else found
    except Raised as error:
        if error.args != ("CardError",):
            raise
        return AGAIN


def whole(firmware: FirmwareReader, kind: str, adds: bool) -> tuple[Ev2Card, int]:
    """A card of this lock, and how many bytes that, or its next visit, took."""
    card = fresh(kind)
    if not adds:
        assert visit(firmware, card, True) == UID
    untorn = Gone(card)
    assert visit(firmware, untorn, adds) == UID
    return card, untorn.total


def torn_while_written(firmware: FirmwareReader, kind: str, step: int) -> int:
    """Tear at each `step`th byte; how many places there were."""
    _, total = whole(firmware, kind, True)
    for after in range(0, total, step):
        for commits in (True, False):
            card = fresh(kind)
            assert asked(firmware, [Gone(card, after, commits)], True) in (AGAIN, UID)
            here = visit(
                firmware, card, False
            )  # nothing is stored: it is no card of this lock, or a whole one
            assert here in (None, UID)
            assert visit(firmware, card, True) == UID, (after, commits)
            assert visit(firmware, card, False) == UID, (after, commits)
            assert sum(failures(card)) == 0, (after, commits)
    return total


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_torn_away_while_it_is_written_is_mended(firmware: FirmwareReader, kind: str) -> None:
    total = torn_while_written(firmware, kind, _STEP)
    print(f"{kind}: torn at each of {len(range(0, total, _STEP))} of {total} bytes, twice")
    assert total > 900


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_refuses_once_it_is_written_to_is_asked_again(
    firmware: FirmwareReader, kind: str
) -> None:
    """Its number is not told as that of a card that proves nothing: it may show another from now on."""
    for step in range(40):
        card = fresh(kind)
        found = asked(firmware, [Refusing(card, step)], True)
        assert found in ((AGAIN, UID) if _written(firmware) else (None, ELSEWHERE, AGAIN, UID)), step
        assert visit(firmware, card, True) == UID, step


def _written(firmware: FirmwareReader) -> bool:
    """Whether the last call has written to a card."""
    return any(apdu[1] == _CHANGE_KEY for apdu in firmware.said)


@pytest.mark.parametrize("other", ["04112233445566", "08112233445566", "09112233", "01020304"])
@pytest.mark.parametrize("kind", KINDS)
def test_another_card_in_the_field_is_not_taken_for_the_one_that_was_written(
    firmware: FirmwareReader, kind: str, other: str
) -> None:
    """It may be found in its place when that is read anew."""
    card, beside = fresh(kind), Card("other", bytes.fromhex(other), sel_res=0x08)
    for cards in ([card, beside], [beside, card]):
        found = asked(firmware, cards, True)
        assert found in ((AGAIN, UID) if _written(firmware) else (None, ELSEWHERE, AGAIN, UID))
    assert visit(firmware, card, True) == UID
    assert sum(failures(card)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_torn_away_at_any_byte_of_its_proof_proves_itself_the_next_time(
    firmware: FirmwareReader, kind: str
) -> None:
    card, total = whole(firmware, kind, False)
    for after in range(0, total, _PROOF_STEP):
        assert visit(firmware, Gone(card, after), False) in (None, UID)
        assert visit(firmware, card, False) == UID
        assert sum(failures(card)) == 0


@pytest.mark.parametrize("adds", [False, True], ids=["shown", "added"])
@pytest.mark.parametrize("kind", KINDS)
def test_garbage_at_any_step_is_no_proof_and_spoils_no_card(
    firmware: FirmwareReader, kind: str, adds: bool
) -> None:
    for what in GARBAGE:
        for step in range(GARBAGE.index(what) % _GARBLED, 40 if adds else 14, _GARBLED):
            card = fresh(kind)
            if not adds:
                assert visit(firmware, card, True) == UID
            found = visit(firmware, Garbled(card, step, what), adds)
            assert found in (None, UID, b"")
            assert visit(firmware, card, True) == UID, (what, step)
            assert visit(firmware, card, False) == UID, (what, step)


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_is_late_at_any_step_is_given_up_or_known(firmware: FirmwareReader, kind: str) -> None:
    card, _ = whole(firmware, kind, False)
    for step in range(14):
        for late_s in (0.01, 0.5):
            assert visit(firmware, Late(card, step, late_s), False) in (None, UID)
            assert visit(firmware, card, False) == UID


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_another_lock_shown_for_long_counts_nothing(firmware: FirmwareReader, kind: str) -> None:
    card = fresh(kind)
    firmware.lay([card])
    assert firmware.call("personalise", OTHER_SECRET) == UID
    for _ in range(200):
        assert visit(firmware, card, False) is None
    assert sum(failures(card)) == 0
