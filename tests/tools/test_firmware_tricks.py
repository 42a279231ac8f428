"""Cards that are other ones in the middle, that lie, or that somebody's tool has changed before."""

import os
from collections.abc import Iterator

import pytest

from menshen.simulator.cards.applications import Application
from menshen.simulator.cards.attacks import Disguise, Recorder, Replay, uid_clone, with_wrong_keys
from menshen.simulator.cards.card import Card, Reply
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import PICC, Desfire
from menshen.simulator.cards.ev2 import Ev2Card
from menshen.simulator.cards.keys import KeySlot
from menshen.simulator.cards.ntag424 import APPLICATION as NTAG_NAME
from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.firmware_reader import FirmwareReader, firmware_reader
from tests.tools.test_firmware_cards import OTHER_SECRET, SECRET, UID, failures, fresh
from tests.tools.test_firmware_torn_cards import AGAIN, ELSEWHERE, asked, visit

BY_NIGHT = bool(os.getenv("MENSHEN_NIGHTLY"))
KINDS = ["ntag424", "desfire3"]
OTHER_UID = bytes.fromhex("04665544332211")
_ADDING, _PROVING = 40, 14  # frames that a card gets at most
_EVERY = (1, 1) if BY_NIGHT else (5, 17)  # steps from one to the next: shown, and added
_DAY_S = 86_400
_LAST_STEP = 0xAF  # with 32 bytes: the lock's half of a proof
_RATS = b"\xe0\x50"


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


def steps(adds: bool) -> range:
    return range(1, _ADDING if adds else _PROVING, _EVERY[adds])


def state(card: Ev2Card) -> list[tuple[bytes, int]]:
    return [(slot.key, slot.version) for slot in card.slots()]


class Swapped(Disguise):
    """From one step on an emulator passes all to another card, under the block numbers that are wanted."""

    def __init__(self, card: Card, other: Card, at: int) -> None:
        super().__init__(card)
        self.other, self._at = other, at

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if step < self._at:
            return self.card.frame(frame, rate)
        if step == self._at:
            self.other.power(False)
            self.other.power(True)
            self.other.select()
            self.other.frame(_RATS)
        reply = self.other.frame(frame, rate)
        if reply is None or frame[0] & 0xE0:
            return reply
        return Reply(bytes((reply.frame[0] & 0xFE | frame[0] & 1,)) + reply.frame[1:], reply.after_s)


def others(card: Ev2Card) -> dict[str, Card]:
    """What may be there in its place."""
    own, foreign = fresh("ntag424", OTHER_UID), fresh("desfire3", OTHER_UID)
    return {
        "clone": uid_clone(card),
        "wrong keys": with_wrong_keys(card, lambda size: b"w" * size),
        "phone": Card("phone", b"\x08\x11\x22\x33", sel_res=0x20),
        "fresh": fresh("ntag424", OTHER_UID),
        "this lock's": CardSecret(SECRET).enrol(own),
        "another lock's": CardSecret(OTHER_SECRET).enrol(foreign),
    }


@pytest.mark.parametrize("adds", [False, True], ids=["shown", "added"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_is_swapped_for_another_in_the_middle_is_neither_unless_it_proves_it_all(
    firmware: FirmwareReader, kind: str, adds: bool
) -> None:
    """A clone with a good first step, two good cards, a phone in place of a card: no number is taken for
    another's, and both cards are what they were.
    """
    for turn, name in enumerate(others(fresh(kind))):
        for step in steps(adds)[turn % 2 :: 1 if BY_NIGHT else 2]:
            card = fresh(kind)
            if not adds:
                assert visit(firmware, card, True) == UID
            other = others(card)[name]
            before = state(other) if isinstance(other, Ev2Card) else []
            found = asked(firmware, [Swapped(card, other, step)], adds)
            can_be = name == "this lock's" or (adds and name in ("fresh", "another lock's"))  # a DESFire
            good = (UID, OTHER_UID) if can_be else (UID,)
            assert found in (None, ELSEWHERE, AGAIN, *good), (name, step)
            assert visit(firmware, card, True) == UID, (name, step)
            assert visit(firmware, card, False) == UID, (name, step)
            if name in ("this lock's", "another lock's"):
                assert state(other)[: len(before)] == before, (name, step)
                assert max(failures(other)) <= 1, (name, step)


# -- what was recorded, and what is fetched before


@pytest.mark.parametrize("adds", [False, True], ids=["shown", "added"])
@pytest.mark.parametrize("kind", KINDS)
def test_what_the_card_itself_said_a_day_before_proves_nothing(
    firmware: FirmwareReader, kind: str, adds: bool
) -> None:
    """Nor is it added once more: the whole of its making, played again, makes no card."""
    card = fresh(kind)
    assert adds or visit(firmware, card, True) == UID
    recorder = Recorder(card)
    assert visit(firmware, recorder, adds) == UID
    replay = Replay(recorder)
    assert visit(firmware, card, False) == UID
    firmware.loop._clock.now += _DAY_S
    for _ in range(3):
        assert asked(firmware, [replay], adds) in (None, ELSEWHERE, AGAIN)
    assert visit(firmware, card, False) == UID
    assert sum(failures(card)) == 0


class Fetched(Disguise):
    """A relay that has fetched all but the last step before, which alone goes the long way."""

    def __init__(self, card: Card, delay_s: float) -> None:
        super().__init__(card)
        self._delay_s = delay_s

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or len(frame) < 32 or frame[2] != _LAST_STEP:
            return reply
        return Reply(reply.frame, reply.after_s + self._delay_s)


@pytest.mark.parametrize("kind", KINDS)
def test_a_relay_that_has_fetched_all_but_the_last_step_is_as_late_as_another(
    firmware: FirmwareReader, kind: str
) -> None:
    """It is up to the card's frame waiting time, 39 ms, what it can add without asking for time."""
    card = fresh(kind)
    assert visit(firmware, card, True) == UID
    firmware.delay_s = lambda: 0.025  # bus and event loop: what the bound leaves to a card is less then
    try:
        assert visit(firmware, Fetched(card, 0.0), False) == UID
        assert asked(firmware, [Fetched(card, 0.037)], False) is None
        assert asked(firmware, [Fetched(card, 0.070)], False) in (None, AGAIN)
    finally:
        firmware.delay_s = lambda: 0.0
    assert visit(firmware, card, False) == UID


# -- lies


_SAID = {
    "more for ever": b"\x91\xaf",
    "all well": b"\x91\x00",
    "a block and more": bytes(16) + b"\x91\xaf",
    "a block and all well": bytes(16) + b"\x91\x00",
    "one byte": b"\x91",
    "too much": bytes(200) + b"\x91\x00",
    "busy": b"\x91\xad",
}


class Says(Disguise):
    """From one step on it has done what it was told, and says the same of it each time."""

    def __init__(self, card: Card, at: int, said: bytes) -> None:
        super().__init__(card)
        self._at, self._said, self.lied = at, said, False

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        reply = self.card.frame(frame, rate)
        if reply is None or step < self._at or frame[0] & 0xE0:
            return reply
        said = reply.frame[:1] + self._said[:60]
        self.lied = self.lied or said != reply.frame
        return Reply(said, reply.after_s)


@pytest.mark.parametrize("adds", [False, True], ids=["shown", "added"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_says_the_same_of_everything_proves_nothing_and_is_mended(
    firmware: FirmwareReader, kind: str, adds: bool
) -> None:
    for turn, (name, said) in enumerate(_SAID.items()):
        for step in steps(adds)[turn % 2 :: 1 if BY_NIGHT else 2]:
            card = fresh(kind)
            if not adds:
                assert visit(firmware, card, True) == UID
            liar = Says(card, step, said)
            found = asked(firmware, [liar], adds)
            made = (UID,) if not liar.lied or step > _PROVING else ()  # it does not lie of its proof
            assert found in ((None, ELSEWHERE, AGAIN) if liar.lied else ()) + made, (name, step)
            assert visit(firmware, card, True) == UID, (name, step)
            assert visit(firmware, card, False) == UID, (name, step)


# -- cards that somebody's tool has changed


def ntag(rights: bytes = b"\xe0\xee", random_uid: bool = False) -> Ntag424:
    """One with its factory's keys."""
    card = fresh("ntag424")
    assert isinstance(card, Ntag424)
    card.files[2].rights, card.random_uid = rights, random_uid
    return card


@pytest.mark.parametrize("right", range(1, 16))
def test_an_ntag_whose_file_is_somebody_s_already_is_left_as_it_is(
    firmware: FirmwareReader, right: int
) -> None:
    """Its keys are the factory's, but its NDEF file may be changed by another key, nobody, or everybody."""
    card = ntag(bytes((0xE0 | right, 0xEE)))
    before = state(card)
    for _ in range(2):
        assert asked(firmware, [card], True) == ELSEWHERE
    assert (state(card), card.random_uid, sum(failures(card))) == (before, False, 0)


def test_an_ntag_that_shows_random_numbers_already_is_as_good_as_new(firmware: FirmwareReader) -> None:
    card = ntag(random_uid=True)
    assert visit(firmware, card, True) == UID
    assert visit(firmware, card, False) == UID


@pytest.mark.parametrize("kind", ["desfire2", "desfire3"])
@pytest.mark.parametrize("before", [True, False])
@pytest.mark.parametrize("random_uid", [True, False])
@pytest.mark.parametrize("tag", [True, False])
def test_a_desfire_in_which_a_phone_has_made_a_tag_is_known(
    firmware: FirmwareReader, kind: str, before: bool, random_uid: bool, tag: bool
) -> None:
    """That has the same name as an NTAG 424 DNA's application; and who holds the card's own key, at first
    everybody, can have it show random numbers.
    """
    card = fresh(kind)
    assert isinstance(card, Desfire)
    assert before or visit(firmware, card, True) == UID
    if tag:
        card.applications[b"\1\0\0"] = Application(0x0F, [KeySlot(card.limits)], name=NTAG_NAME)
    card.random_uid = random_uid
    assert not before or visit(firmware, card, True) == UID
    assert visit(firmware, card, False) == UID
    assert visit(firmware, card, False, OTHER_SECRET) is None
    assert sum(failures(card)) == 0


@pytest.mark.parametrize("kind", ["desfire2", "desfire3"])
def test_a_desfire_that_somebody_has_emptied_is_made_the_same_card_again(
    firmware: FirmwareReader, kind: str
) -> None:
    """Whoever holds the card's own key can do that, at first everybody: it opens no more by itself."""
    card = fresh(kind)
    assert isinstance(card, Desfire)
    assert visit(firmware, card, True) == UID
    card.applications = {PICC: card.applications[PICC]}
    assert visit(firmware, card, False) is None
    assert visit(firmware, card, True) == UID
    assert visit(firmware, card, False) == UID


@pytest.mark.parametrize("number", range(3))
@pytest.mark.parametrize("version", [0, 1, 77])
def test_an_application_of_this_lock_s_name_with_another_s_key_is_left_alone(
    firmware: FirmwareReader, number: int, version: int
) -> None:
    """Whoever makes it there, or by chance: each visit guesses one key at most, and writes none."""
    card, keys = fresh("desfire3"), CardSecret(SECRET)
    assert isinstance(card, Desfire)
    firmware.lay([card])
    firmware.call("native", b"\xca", keys.application + b"\x09\x83")
    made = next(each for each in card.applications.values() if not each.is_card)
    made.keys[number].key, made.keys[number].version = b"somebody's own k", version
    before = state(card)
    for turn in range(1, 4):
        assert asked(firmware, [card], True) == ELSEWHERE
        assert sum(failures(card)) <= turn * 6
    assert state(card) == before
