"""A card that is brought to a second door: that has its own, or none, and the first door's stays whole."""

import contextlib
import hashlib
import itertools
import os
from collections.abc import Iterator

import pytest

from menshen.desk.house_keys import HouseKeys
from menshen.desk.personalise import hand_out
from menshen.desk.talk import CardError
from menshen.simulator.cards.attacks import Disguise, Gone
from menshen.simulator.cards.card import Card, Reply
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card, Mode
from menshen.simulator.cards.files import DataFile
from tests.tools.helpers.firmware_reader import FirmwareReader, firmware_reader
from tests.tools.test_firmware_cards import OTHER_SECRET, SECRET, UID, failures, fresh
from tests.tools.test_firmware_torn_cards import AGAIN, ELSEWHERE, asked, visit

BY_NIGHT = bool(os.getenv("MENSHEN_NIGHTLY"))
_STEP = 1 if BY_NIGHT else 211  # bytes from one tear to the next
KINDS = ["ntag424", "desfire3"]


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


def state(card: Ev2Card) -> list[tuple[bytes, int]]:
    return [(slot.key, slot.version) for slot in card.slots()]


def with_the_same_mark(number: int) -> bytes:
    """The secret of another lock that marks this key as the first one does: one in 255 does."""
    wanted = CardSecret(SECRET).marks[number]
    secrets = (hashlib.sha256(bytes(turn.to_bytes(2, "big"))).digest() for turn in range(1 << 16))
    return next(secret for secret in secrets if CardSecret(secret).marks[number] == wanted)


def test_a_desfire_torn_at_a_second_door_stays_the_first_one_s_and_is_mended(
    firmware: FirmwareReader,
) -> None:
    untorn = Gone(CardSecret(OTHER_SECRET).enrol(fresh("desfire3")))
    assert visit(firmware, untorn, True) == UID
    for after in range(0, untorn.total, _STEP):
        for commits in (True, False):
            card = CardSecret(OTHER_SECRET).enrol(fresh("desfire3"))
            assert asked(firmware, [Gone(card, after, commits)], True) in (AGAIN, UID)
            for secret, adds, found in (
                (OTHER_SECRET, False, UID),
                (SECRET, True, UID),
                (SECRET, False, UID),
                (OTHER_SECRET, False, UID),
            ):
                assert visit(firmware, card, adds, secret) == found, (after, commits)
            assert sum(failures(card)) == 0, (after, commits)


def test_an_ntag_torn_at_its_first_door_is_that_one_s_once_a_key_is_written(firmware: FirmwareReader) -> None:
    untorn = Gone(fresh("ntag424"))
    assert visit(firmware, untorn, True) == UID
    at_home = []
    for after in range(0, untorn.total, _STEP):
        card = fresh("ntag424")
        visit(firmware, Gone(card, after), True)
        before = state(card)
        begun = any(version for _, version in before)
        found = visit(firmware, card, True, OTHER_SECRET)
        at_home.append(begun)
        assert found == (ELSEWHERE if begun else UID), after
        assert not begun or state(card) == before, after
        assert visit(firmware, card, True) == (UID if begun else ELSEWHERE), after
        assert sum(failures(card)) == 0, after
    assert set(at_home) == {True, False}


@pytest.mark.parametrize("number", [1, 2])
@pytest.mark.parametrize("kind", KINDS)
def test_a_second_door_whose_mark_is_the_first_one_s_by_chance_writes_nothing(
    firmware: FirmwareReader, kind: str, number: int
) -> None:
    """A key that carries its mark is proved before anything is written: it would be lost to both doors."""
    card, keys = fresh(kind), CardSecret(SECRET)
    if isinstance(card, Desfire):
        firmware.lay([card])
        firmware.call("native", b"\xca", CardSecret(with_the_same_mark(number)).application + b"\x09\x83")
    card.slots()[number].change(keys.key(number, UID), keys.marks[number])
    before = state(card)
    for _ in range(2):
        assert visit(firmware, card, True, with_the_same_mark(number)) == ELSEWHERE
    assert state(card) == before
    if kind == "ntag424":
        assert visit(firmware, card, True) == UID


def full(what: str) -> Desfire:
    """A card of somebody else's in which no application can be made any more."""
    card = fresh("desfire3")
    assert isinstance(card, Desfire)
    CardSecret(OTHER_SECRET).enrol(card)
    application = next(each for each in card.applications.values() if not each.is_card)
    if what == "no room":
        application.files[1] = DataFile(Mode.PLAIN, b"\xee\xee", bytes(3600))
    else:
        card.applications[b"\0\0\0"].settings &= ~0x04
    return card


@pytest.mark.parametrize("why", ["no room", "not allowed"])
def test_a_desfire_without_room_for_one_more_door_is_told_and_left_as_it_is(
    firmware: FirmwareReader, why: str
) -> None:
    """It is never stored by its number alone, as a card that proves nothing can be."""
    card = full(why)
    before = state(card)
    for _ in range(3):
        assert visit(firmware, card, True) == ELSEWHERE
        assert visit(firmware, card, False) is None
    assert state(card) == before
    assert visit(firmware, card, False, OTHER_SECRET) == UID
    assert sum(failures(card)) == 0


# -- cards that were handed out


HOUSE, NEXT_HOUSE = bytes(range(16)), bytes(range(16, 32))
_OLD, _NEW = b"\1" + HOUSE, b"\2" + NEXT_HOUSE


def handed_out(card: Ev2Card, house: bytes) -> Ev2Card:
    """By the desk."""
    card.power(False)
    card.power(True)
    hand_out(card.exchange, HouseKeys(house))
    card.power(False)
    return card


def known(firmware: FirmwareReader, card: Card, *secrets: bytes) -> bytes | None:
    """What a lock with these says of it."""
    shown = firmware.lay([card])
    assert shown
    return firmware.call("identify", shown, *secrets)


def torn_at_the_desk(kind: str, after: int) -> Ev2Card:
    """Taken away before this command of its making."""
    card, left = fresh(kind), itertools.count(-after)
    card.power(True)

    def transmit(apdu: bytes) -> bytes:
        if not next(left):
            raise CardError("taken away")
        return card.exchange(apdu)

    with contextlib.suppress(CardError):
        hand_out(transmit, HouseKeys(HOUSE))
    card.power(False)
    return card


def torn_at_the_lock(firmware: FirmwareReader, kind: str, after: int) -> Ev2Card:
    card = fresh(kind)
    visit(firmware, Gone(card, after), True)
    return card


def desk_makes(card: Ev2Card) -> bool:
    try:
        handed_out(card, HOUSE)
    except CardError:
        return False
    finally:
        card.power(False)
    return True


def lock_makes(firmware: FirmwareReader, card: Ev2Card) -> bool:
    found = visit(firmware, card, True)
    assert found in (UID, ELSEWHERE)
    return found == UID


@pytest.mark.parametrize("began", ["desk", "lock"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_torn_at_desk_or_lock_is_finished_by_whoever_began_it(
    firmware: FirmwareReader, kind: str, began: str
) -> None:
    """The other one leaves an NTAG 424 DNA alone once a key is written, and a DESFire has both."""
    makes = {"desk": desk_makes, "lock": lambda card: lock_makes(firmware, card)}
    finishes = makes.pop(began)
    (other,) = makes.values()
    places = range(45) if began == "desk" else range(0, 1600, 7 if BY_NIGHT else _STEP)
    others = []
    for after in places:
        at_desk = began == "desk"
        card = torn_at_the_desk(kind, after) if at_desk else torn_at_the_lock(firmware, kind, after)
        before = state(card)
        is_other_s = kind == "desfire3" or not any(version for _, version in before)
        others.append(is_other_s)
        assert other(card) == is_other_s, after
        assert is_other_s or state(card) == before, after
        assert finishes(card) == (kind == "desfire3" or not is_other_s), after
        by_lock = known(firmware, card, SECRET) == UID
        by_house = known(firmware, card, _OLD) == b"\1" + UID
        assert (by_lock or by_house) if kind == "ntag424" else (by_lock and by_house), after
        assert sum(failures(card)) == 0, after
    assert set(others) == ({True} if kind == "desfire3" else {True, False})


@pytest.mark.parametrize("kind", KINDS)
def test_a_changed_house_key_leaves_each_card_where_its_own_key_is(
    firmware: FirmwareReader, kind: str
) -> None:
    """While a lock has both, both cards open, under numbers of their own; with one key, one does."""
    old, new = handed_out(fresh(kind), HOUSE), handed_out(fresh(kind), NEXT_HOUSE)
    for both in ([_OLD, _NEW], [_NEW, _OLD]):
        assert known(firmware, old, SECRET, *both) == b"\1" + UID
        assert known(firmware, new, SECRET, *both) == b"\2" + UID
    assert known(firmware, old, SECRET, _NEW) is None
    assert known(firmware, new, SECRET, _OLD) is None
    assert sum(failures(old) + failures(new)) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_an_old_card_that_says_it_has_the_new_key_proves_nothing(firmware: FirmwareReader, kind: str) -> None:
    """The versions are the card's word alone; and the other way round."""
    for house, other, lock in ((HOUSE, NEXT_HOUSE, _NEW), (NEXT_HOUSE, HOUSE, _OLD)):
        card = handed_out(fresh(kind), house)
        slots = card.slots()
        for slot, mark in zip(slots, HouseKeys(other).marks, strict=False):
            slot.version = mark
        if isinstance(card, Desfire):
            identifier = next(each for each in card.applications if any(each))
            card.applications[HouseKeys(other).application] = card.applications.pop(identifier)
        for _ in range(3):
            assert known(firmware, card, SECRET, lock) is None
            assert known(firmware, card, SECRET, _OLD, _NEW) is None
        assert max(failures(card)) <= 6


@pytest.mark.parametrize("kind", KINDS)
def test_one_card_that_was_handed_out_is_known_at_two_locks_by_turns(
    firmware: FirmwareReader, kind: str
) -> None:
    """And neither lock makes it its own: an NTAG 424 DNA has one home."""
    card = handed_out(fresh(kind), HOUSE)
    before = state(card)
    for reference, secret in ((b"\1", SECRET), (b"\3", OTHER_SECRET)) * 3:
        assert known(firmware, card, secret, reference + HOUSE) == reference + UID
        assert kind != "ntag424" or visit(firmware, card, True, secret) == ELSEWHERE
    assert (state(card), sum(failures(card))) == (before, 0)


# -- cards that change, and others that come


class Renamed(Disguise):
    """It shows this number, and is another card as soon as it is asked."""

    def __init__(self, card: Card, uid: bytes) -> None:
        super().__init__(card)
        self.shown_uid = uid


@pytest.mark.parametrize("shown", ["04111111111111", "08112233", "04a1b2c3", "04a1b2c3d4e5f6071829"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_changes_its_number_once_it_is_selected_is_no_other_card(
    firmware: FirmwareReader, kind: str, shown: str
) -> None:
    """What was shown is proved, or the card's own number: never what is only shown."""
    card = fresh(kind)
    assert visit(firmware, card, True) == UID
    renamed = Renamed(card, bytes.fromhex(shown))
    for _ in range(3):
        assert visit(firmware, renamed, False) in (None, UID)
    assert visit(firmware, Renamed(fresh(kind), bytes.fromhex(shown)), True) in (AGAIN, UID, None)
    assert visit(firmware, card, False) == UID


class Visitor(Disguise):
    """Another card is laid beside it at this step."""

    def __init__(self, card: Card, at: int, comes: list[Card], firmware: FirmwareReader) -> None:
        super().__init__(card)
        self._at, self._comes, self._firmware = at, comes, firmware

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if step == self._at:
            self._firmware.field.hold([*self._comes, self])
        return self.card.frame(frame, rate)


@pytest.mark.parametrize("which", ["fresh", "another lock's", "this lock's"])
@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_comes_while_another_is_made_is_not_taken_for_it(
    firmware: FirmwareReader, kind: str, which: str
) -> None:
    """Both are whole then, and nobody's key was tried on either."""
    other_uid = bytes.fromhex("04665544332211")
    for step in range(0, 40, 1 if BY_NIGHT else 9):
        card, other = fresh(kind), fresh(kind, other_uid)
        if which != "fresh":
            CardSecret(SECRET if which == "this lock's" else OTHER_SECRET).enrol(other)
        before = state(other)
        assert asked(firmware, [Visitor(card, step, [other], firmware)], True) in (AGAIN, UID), step
        assert state(other) == before, step
        assert visit(firmware, card, True) == UID, step
        assert visit(firmware, other, True) in (other_uid, ELSEWHERE), step
        assert sum(failures(card) + failures(other)) == 0, step
