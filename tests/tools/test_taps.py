"""Taps in simulated time, at the whole lock as it lies in the flash: how long they take, what opens."""

import itertools
import os
import random
from collections.abc import Iterator

import pytest

from menshen.bench.taps import FAST, KINDS, TimedLock, cards, timed_board, timed_lock
from menshen.simulator import frames
from menshen.simulator.cards.attacks import UNRULY, Liar, Relay, Unruly, uid_clone, with_wrong_keys
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.ev2 import Ev2Card
from tests.conftest import micropython
from tests.tools.test_firmware_cards import failures

BY_NIGHT = bool(os.getenv("MENSHEN_NIGHTLY"))
pytestmark = pytest.mark.slow
SECURE = ("ntag424", "desfire")
ATTACKED = SECURE if BY_NIGHT else SECURE[:1]  # see test_firmware_attacks.py, too
STEPS = {"ntag424": (1, 4, 8), "desfire": (1, 3, 5)}  # the first, and the last of the proof
LONG_S = 3600 if BY_NIGHT else 3
OVER_THE_FLOOR = 1.05
TURN_S = 20e-6  # of the event loop: bench/tap_chip.py
MOST = {"uid": (0, 5, 7_500), "ntag424": (0, 5, 39_500), "desfire": (0, 5, 23_000)}
"""Reads of the flash, turns of the event loop, bytes of the heap: from a card's first answer to the relay."""
_TRY_S, _LATER_S = 0.8, 2.0
_SWAPPED_S = 8.0  # longer than the bolt is let go, and than it takes until a card that lies there is asked
_WALKS = 200 if BY_NIGHT else 3


@pytest.fixture(scope="module")
def lock_and_cards(tmp_path_factory, app_dir) -> Iterator[tuple[TimedLock, dict[str, Card]]]:
    board, owned = timed_board(tmp_path_factory.mktemp("taps"), app_dir, micropython())
    with timed_lock(board, micropython()) as lock:
        assert lock.chip.speed == FAST
        yield lock, owned


@pytest.mark.parametrize("kind", KINDS)
def test_the_firmware_s_waits_add_next_to_nothing_to_what_bus_and_radio_need(lock_and_cards, kind) -> None:
    lock, owned = lock_and_cards
    took, floor = lock.tap(owned[kind])
    print(f"{kind}: {took * 1000:.2f} ms, bus and radio {floor * 1000:.2f} ms")
    assert floor <= took <= floor * OVER_THE_FLOOR
    lock.pass_time(_LATER_S)


@pytest.mark.parametrize("kind", KINDS)
def test_the_lock_s_own_work_for_a_tap_does_not_grow(lock_and_cards, kind) -> None:
    """In counts, which are the same however busy this computer is: the CPU time is for `make bench`."""
    lock, owned = lock_and_cards
    lock.tap(owned[kind])
    lock.pass_time(_LATER_S)
    cost = lock.play()
    lock.pass_time(_LATER_S)
    print(f"{kind}: {cost}")
    assert all(count <= most for count, most in zip(cost[1:], MOST[kind], strict=True)), cost


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_held_there_for_long_opens_once_and_counts_nothing(lock_and_cards, kind) -> None:
    """For an hour by night; the lock lives on, and the next tap opens."""
    lock, owned = lock_and_cards
    assert lock.hold(owned[kind], LONG_S) == 1
    assert lock.hold(owned[kind], _TRY_S) == 1
    assert kind not in SECURE or sum(failures(owned[kind])) == 0


@pytest.mark.parametrize("kind", ATTACKED)
def test_a_card_of_another_lock_held_there_for_long_does_not_open_and_counts_nothing(
    lock_and_cards, kind
) -> None:
    """For an hour by night. Its failure counter stays at 0: no key is tried."""
    lock, owned = lock_and_cards
    stranger = cards(CardSecret(bytes(range(1, 33))))[kind]
    assert lock.hold(stranger, LONG_S) == 0
    assert sum(failures(stranger)) == 0
    assert not BY_NIGHT or lock.hold(owned[kind], _TRY_S) == 1


@pytest.mark.parametrize("seed", range(_WALKS))
def test_cards_that_take_each_other_s_place_between_two_looks_open_once_each(lock_and_cards, seed) -> None:
    """No look finds the reader empty. A clone shows the number of the card that comes after it, or before."""
    lock, owned = lock_and_cards
    strangers = cards(CardSecret(bytes(range(1, 33))))
    clone = uid_clone(owned["desfire"])
    others = [clone, strangers["ntag424"], strangers["desfire"], Card("plain", clone.uid, sel_res=0x08)]
    chance = random.Random(seed)
    good = [owned[kind] for kind in SECURE]
    path = chance.sample(good, 2) + chance.sample(others, 2) + chance.choices(good + others, k=2)
    path = [clone, owned["desfire"], *path[:2]] if not seed else chance.sample(path, len(path))
    path = [card for card, before in zip(path, [None, *path], strict=False) if card is not before]
    assert lock.hold(path[0], _SWAPPED_S, *path[1:]) == len(SECURE), [card.name for card in path]
    assert sum(sum(failures(card)) for card in good) == 0


@pytest.mark.parametrize("kind", ATTACKED)
def test_a_card_that_breaks_the_block_protocol_for_long_keeps_no_other_out(lock_and_cards, kind) -> None:
    """Every way by night, at each of some steps."""
    lock, owned = lock_and_cards
    for how in UNRULY if BY_NIGHT else UNRULY[:1]:
        for step in STEPS[kind] if BY_NIGHT else (4,):
            assert lock.hold(Unruly(owned[kind], step, how), _LATER_S) == 0, (how, step)
            assert lock.hold(owned[kind], _TRY_S) == 1, (how, step)
    assert sum(failures(owned[kind])) == 0


@pytest.mark.parametrize("kind", ATTACKED)
def test_no_attack_opens_and_the_card_itself_does_after_them(lock_and_cards, kind) -> None:
    lock, owned = lock_and_cards
    card = owned[kind]
    assert isinstance(card, Ev2Card)
    wrong = with_wrong_keys(card, lambda size: b"w" * size)
    forger = with_wrong_keys(card, lambda size: b"w" * size)
    forger.slots()[1].key = card.slots()[1].key  # the finding key, which all cards of a lock have
    attacks = {
        "clone": uid_clone(card),
        "wrong keys": wrong,
        "forged": Liar(forger, lambda frame: bytes(16)),
        "relay": Relay(card, 0.07),
    }
    if kind == "desfire":
        assert lock.hold(Relay(card, 0.005), _TRY_S) == 1  # one over Wi-Fi in the same street opens
    for name, attack in attacks.items():
        assert lock.hold(attack, _TRY_S) == 0, name
        if BY_NIGHT:
            assert lock.hold(card, _TRY_S) == 1, name
    assert lock.hold(card, _TRY_S) == 1
    assert sum(failures(card)) == 0


def test_a_card_that_asks_for_time_without_end_is_given_up_to_the_turn(lock_and_cards) -> None:
    """After 400 ms and four turns of the event loop: those that are left out would have found nothing."""
    lock, owned = lock_and_cards
    said, feed = [], lock.chip.feed
    lock.chip.feed = lambda data, at: (said.append((at, data)), feed(data, at))
    try:
        assert lock.hold(Unruly(owned["ntag424"], 4, "wtx"), _TRY_S) == 0
    finally:
        lock.chip.feed = feed
    pairs = itertools.pairwise(said)
    asked_s = [then - at for (at, data), (then, more) in pairs if more == frames.ACK and b"\xd4\x40" in data]
    print(f"given up after {asked_s} s")
    assert asked_s
    assert all(0.399 < each < 0.4 + 5 * TURN_S for each in asked_s)  # a time counts from a whole millisecond
    assert lock.hold(owned["ntag424"], _TRY_S) == 1
