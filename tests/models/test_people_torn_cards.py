"""A card is torn away and the lock's power goes, in one story; then the card is laid down again.

The lock is that of test_people_model.py, in virtual time, with its own code for cards
(unit/helpers/carded_lock.py); cards and radio are the models. Whatever moment it was, the lock starts, all
that opened before opens, and the card can be added or opens: no key of it is lost, and no wrong one tried.
"""

import os
from collections.abc import Iterator

import pytest

from menshen.simulator.cards.attacks import Gone
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.ev2 import Ev2Card
from tests.models.helpers.people_cards import CardedLock, CardedPort, emptied, fresh
from tests.models.helpers.people_dialogues import does
from tests.models.test_people_model import PINS

_BY_NIGHT = bool(os.environ.get("MENSHEN_NIGHTLY"))
# Bytes, and writes, from one place to the next; ways in which each write is torn.
_BYTES, _WRITES, _SEEDS = (1, 1, 4) if _BY_NIGHT else (211, 7, 1)
KINDS = ["ntag424", "desfire3", "desfire of another door"]


@pytest.fixture(scope="module")
def lock() -> Iterator[CardedLock]:
    port = CardedPort()
    try:
        yield CardedLock(port)
    finally:
        port.close()


class Deed:
    """Something that is done with a card at the lock, from one of its states on."""

    states: tuple[str, ...] = ("more",)
    keys, pin = "*2#", PINS[1]
    keeps: tuple[str, ...] = ()  # names of cards that open afterwards or not
    card: Card

    def begin(self, lock: CardedLock, turn: int, reorders: bool = False) -> None:
        """The lock and its cards are as they were, and the dialogue is begun."""
        lock.begin(self.states[turn % len(self.states)], reorders)
        self.prepare(lock)
        assert "enrolling" in lock.keys(self.pin + self.keys).said

    def prepare(self, lock: CardedLock) -> None:
        """Find the card."""
        self.card = lock.cards[self.keeps[0]]

    def check(self, lock: CardedLock, turn: int) -> None:
        """All that opened before opens; what this was done with is right, or is mended."""
        lock.all_open(self.keeps)
        self.mend(lock, turn)
        if not turn % 3:
            lock.all_open(self.keeps)

    def mend(self, lock: CardedLock, turn: int) -> None:
        """What the resident does next."""
        lock.adds(self.card, self.pin)


class Adds(Deed):
    """A new card; now and then it is torn away once more, anywhere."""

    states = CardedLock.STATES

    def __init__(self, kind: str) -> None:
        self.kind = kind

    def prepare(self, lock: CardedLock) -> None:
        self.card = fresh(self.kind)

    def mend(self, lock: CardedLock, turn: int) -> None:
        if turn % 5 < 2:
            lock.keys(f"{self.pin}*2#")
            lock.tap(Gone(self.card, turn * 37 % 1000, bool(turn & 2)))
        lock.adds(self.card, PINS[turn % 3])


class AddsOneHandedOut(Deed):
    """It is no card of one's own, and stays as it was made at the desk."""

    states, keeps = ("house",), ("flat",)

    def mend(self, lock: CardedLock, turn: int) -> None:
        assert isinstance(self.card, Ev2Card)
        before = [(slot.key, slot.version) for slot in self.card.slots()]
        assert lock.opens(self.card)
        assert "enrolling" in lock.keys(f"{self.pin}*2#").said
        assert lock.tap(self.card).opened
        assert before == [(slot.key, slot.version) for slot in self.card.slots()]


class Removes(Deed):
    """And adds it again, since it has its keys still."""

    keys, pin, keeps = "*3#", PINS[0], ("ntag",)


class Replaces(Deed):
    """A card that was handed out is removed; one of the resident's own takes its place."""

    states, keys, keeps = ("house",), "*3#", ("flat",)

    def mend(self, lock: CardedLock, turn: int) -> None:
        before = lock.opens(self.card)
        own = fresh(KINDS[turn % 3])
        lock.adds(own, self.pin)
        assert lock.opens(self.card) == before
        if before:
            assert "enrolling" in lock.keys(self.pin + self.keys).said
            assert "kept" in lock.tap(self.card).said
            assert not lock.opens(self.card)
        assert lock.opens(own)


class Refills(Deed):
    """A DESFire that its issuer has emptied becomes the same card again."""

    pin, keeps = PINS[2], ("desfire",)

    def prepare(self, lock: CardedLock) -> None:
        super().prepare(lock)
        emptied(self.card)

    def mend(self, lock: CardedLock, turn: int) -> None:
        lock.adds(self.card, self.pin, is_known=True)


DEEDS = {kind: Adds(kind) for kind in KINDS} | {
    "one handed out": AddsOneHandedOut(),
    "removed": Removes(),
    "replaced": Replaces(),
    "emptied": Refills(),
}


@pytest.mark.parametrize("what", DEEDS)
def test_a_card_torn_away_as_the_power_goes_is_mended_by_the_next_tap(lock: CardedLock, what: str) -> None:
    """At each byte, its last command done or not; it is gone when the power is back, or lies there."""
    deed, turn = DEEDS[what], 0
    deed.begin(lock, 0)
    untorn = Gone(deed.card)
    assert not lock.tap(untorn).fell
    for after in range(0, untorn.total, _BYTES):
        for commits in (True, False):
            turn += 1
            deed.begin(lock, turn)
            torn = Gone(deed.card, after, commits)
            assert lock.tap(torn, [deed.card] if turn // 2 % 2 else []).fell, (after, commits)
            deed.check(lock, turn)
    print(f"{what}: {turn} times, at {len(range(0, untorn.total, _BYTES))} of {untorn.total} bytes")


@pytest.mark.parametrize("what", DEEDS)
def test_the_power_goes_at_any_write_of_what_is_done_with_a_card(lock: CardedLock, what: str) -> None:
    """The write is torn; the card is gone when the power is back, or lies there."""
    deed, turn, fallen = DEEDS[what], 0, 0
    for state, name in enumerate(deed.states):
        operation, fell = 1 + state % _WRITES, True
        while fell:
            fell = False
            for seed in range(_SEEDS):
                turn += 1
                deed.begin(lock, state, reorders=seed % 2 == 0)
                later = [deed.card] if turn // 2 % 2 else []
                fell |= lock.tap(deed.card, later, (operation, seed)).fell
                deed.check(lock, turn)
            fallen += fell
            operation += _WRITES
        print(f"{what}, from {name!r}: before write {operation - _WRITES}")
    print(f"{what}: {turn} times, at {fallen} writes")


def test_the_power_goes_as_the_first_card_is_added_and_again_as_the_lock_starts(lock: CardedLock) -> None:
    """While the secret of its cards is made, and a copy of it; the next start mends what it finds."""
    deed, turn, twice = DEEDS["ntag424"], 0, 0
    operation, fell = 1, True
    while fell:
        in_start, again = 1, True
        while fell and again:
            turn += 1
            deed.begin(lock, 0, reorders=turn % 2 == 0)
            lock.cut_start(in_start, turn)
            fell = lock.tap(deed.card, [], (operation, turn)).fell
            again = lock.cut_start(0, 0)
            twice += again
            deed.check(lock, turn)
            in_start += _WRITES
        operation += _WRITES
    print(f"{turn} times, {twice} of them twice")


@pytest.mark.parametrize(
    ("state", "pin", "gone"), [("more", PINS[0], ("ntag",)), ("house", PINS[1], ("flat", "house"))]
)
def test_the_power_goes_as_all_cards_of_somebody_are_removed(
    lock: CardedLock, state: str, pin: str, gone: tuple[str, ...]
) -> None:
    """Whose own they were: they are added again. What was handed out is removed, and a new one added."""
    operation, fell = 1, True
    but = (*gone, "plain") if pin == PINS[1] else gone
    while fell:
        for seed in range(_SEEDS):
            lock.begin(state, reorders=seed % 2 == 0)
            fell = lock.keys(f"{pin}*30#", (operation, seed)).fell
            lock.all_open(but)
            assert "kept" in lock.keys(f"{pin}*30#").said
            does(lock.people, "wait", 5000)
            assert not any(lock.opens(lock.cards[name]) for name in but)
            lock.adds(lock.cards["ntag"] if state == "more" else fresh(KINDS[operation % 3]), pin)
            lock.all_open(but if state == "house" else ())
        operation += _WRITES
    print(f"{state}: before write {operation - _WRITES}")
