"""Cards that prove themselves, at the whole lock: they open, others do not, no wrong key is ever tried.

That one which lies there for long opens once is shown in simulated time, by tests/tools/test_taps.py: here a
computer that is too busy for the reader's model makes it a reader that fails, and then a card is new again.
"""

import asyncio
from collections.abc import Callable

import pytest

from menshen.simulator.cards.attacks import (
    Disguise,
    Recorder,
    Replay,
    uid_clone,
    with_wrong_keys,
)
from menshen.simulator.cards.card import Reply
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card
from menshen.simulator.cards.ntag424 import Ntag424
from tests.simulated_lock import TIMEOUT_S, Event, Lock

PIN = "246810"
KINDS = ["tenant", "cleaner"]  # an NTAG 424 DNA, a DESFire EV3
SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}


@pytest.fixture
async def lock(make_lock: Callable) -> Lock:
    lock = await make_lock(secure=True, settings=SETTINGS)
    await lock.wait_armed()
    return lock


def card(lock: Lock, name: str) -> Ev2Card:
    found = lock.world.cards[name]
    assert isinstance(found, Ev2Card)
    return found


def failures(lock: Lock) -> int:
    return sum(
        slot.total_failures
        for each in lock.world.cards.values()
        if isinstance(each, Ev2Card)
        for slot in each.slots()
    )


def opened(lock: Lock) -> list[Event]:
    return [e for e in lock.since() if e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1]


async def at_rest(lock: Lock) -> None:
    """The bolt is held, and the light is dark: by then the lock has seen that the last card is gone."""
    async with asyncio.timeout(TIMEOUT_S):
        while (state := await lock.state())["relay"] or state["indicator"]["name"] != "idle":
            await lock.world.board.turn()


async def opens(lock: Lock, name: str) -> None:
    """This one opens, once."""
    await lock.tap_to_relay(name)
    await at_rest(lock)
    assert len(opened(lock)) == 1


async def refused(lock: Lock, name: str) -> None:
    """This one is denied, and does not open."""
    async with lock.tap(name):
        await lock.wait_light("denied")
    await at_rest(lock)
    assert not opened(lock)


async def test_an_old_card_and_a_stranger_s_do_not_open(lock: Lock) -> None:
    for name in ("old", "stranger", "new"):
        await refused(lock, name)
    await opens(lock, "tenant")


@pytest.mark.parametrize("name", KINDS)
async def test_a_clone_a_wrong_key_and_a_replay_do_not_open_and_the_card_itself_does(
    lock: Lock, name: str
) -> None:
    own = card(lock, name)
    recorder = lock.world.cards["recorded"] = Recorder(own)
    await opens(lock, "recorded")
    lock.world.cards |= {
        "clone": uid_clone(own),
        "wrong": with_wrong_keys(own, lambda size: b"w" * size),
        "replay": Replay(recorder),
    }
    for attack in ("clone", "wrong", "replay"):
        await refused(lock, attack)
        await opens(lock, name)


@pytest.mark.parametrize("name", KINDS)
async def test_a_good_card_on_which_somebody_has_tried_keys_is_shown_as_slow_and_opens(
    lock: Lock, name: str
) -> None:
    """Whoever gets near it with a reader of their own can do that: it makes its reader wait from then on."""
    for _ in range(80):
        card(lock, name).slots()[-1 if name == "cleaner" else 2].failed()
    async with lock.tap(name):
        await lock.wait_light("unread")
        await lock.wait_unlocked()
    await at_rest(lock)
    assert len(opened(lock)) == 1
    await opens(lock, name)


async def test_a_new_card_is_added_at_the_door_opens_and_is_removed(lock: Lock) -> None:
    await refused(lock, "new")
    await lock.keys(f"{PIN}*2#")
    await lock.wait_light("enrolling")
    async with lock.tap("new"):
        await lock.wait_light("kept")
    await at_rest(lock)
    assert not opened(lock)
    assert card(lock, "new").random_uid
    await opens(lock, "new")
    await lock.power(False)
    await lock.power(True)
    await lock.wait_armed()
    await opens(lock, "new")
    await lock.keys(f"{PIN}*3#")
    await lock.wait_light("enrolling")
    async with lock.tap("new"):
        await lock.wait_light("kept")
    await at_rest(lock)
    await refused(lock, "new")
    assert failures(lock) == 0


class TornWithThePower(Disguise):
    """At one step of its making it is torn away, and `torn` is set: whether it has done what it was told."""

    def __init__(self, card: Ev2Card, at: int, obeys: bool) -> None:
        super().__init__(card)
        self.torn = asyncio.Event()
        self._at, self._obeys = at, obeys

    def answer(self, step: int, frame: bytes, rate: int) -> Reply | None:
        if self.torn.is_set():
            return None
        if step < self._at:
            return self.card.frame(frame, rate)
        if self._obeys:
            self.card.frame(frame, rate)
        self.torn.set()
        return None


@pytest.mark.parametrize(
    ("kind", "at", "obeys"),
    [(Ntag424, 16, True), (Ntag424, 26, False), (Desfire, 16, False), (Desfire, 20, True)],
)
async def test_a_card_torn_away_as_the_power_is_cut_is_added_the_next_time(
    lock: Lock, kind: type[Ev2Card], at: int, obeys: bool
) -> None:
    """Its last command done, or not: nothing of it is stored, and no key is lost."""
    whole = kind("torn", bytes.fromhex("04010203040506"))
    torn = TornWithThePower(whole, at, obeys)
    lock.world.cards["torn"] = torn
    await lock.keys(f"{PIN}*2#")
    await lock.wait_light("enrolling")
    async with lock.tap("torn"), asyncio.timeout(TIMEOUT_S):
        await torn.torn.wait()
        await lock.power(False)
    lock.world.cards["torn"] = whole
    await lock.power(True)
    await lock.wait_armed()
    await refused(lock, "torn")
    await lock.keys(f"{PIN}*2#")
    await lock.wait_light("enrolling")
    async with lock.tap("torn"):
        await lock.wait_light("kept")
    await at_rest(lock)
    await opens(lock, "torn")
    assert sum(slot.total_failures for slot in whole.slots()) == 0


async def test_a_card_held_on_after_it_was_added_does_not_open(lock: Lock) -> None:
    await lock.keys(f"{PIN}*2#")
    await lock.wait_light("enrolling")
    async with lock.tap("new"):
        kept = await lock.wait_light("kept")
        await lock.wait_event(
            lambda e: len([x for x in lock.since() if x["type"] == "reader" and x["us"] > kept["us"]]) > 12
        )
        assert not opened(lock)


async def test_a_card_of_another_lock_is_told_so_and_a_desfire_is_added_all_the_same(lock: Lock) -> None:
    ntag, desfire = (
        Ntag424("ntag", bytes.fromhex("04010203040506")),
        Desfire("desfire", bytes.fromhex("04010203040507")),
    )
    for each in ntag.keys:
        each.change(b"another's lock's", 7)
    lock.world.cards |= {"ntag": ntag, "desfire": desfire}
    await lock.keys(f"{PIN}*2#")
    await lock.wait_light("enrolling")
    async with lock.tap("ntag"):
        await lock.wait_light("elsewhere")
    async with lock.tap("desfire"):
        await lock.wait_light("kept")
    await at_rest(lock)
    await opens(lock, "desfire")
    assert [slot.total_failures for slot in [*ntag.keys, *desfire.slots()]] == [0] * (5 + 3)


async def test_of_two_cards_the_good_one_opens(lock: Lock) -> None:
    for other in ("new", "old", "cleaner"):
        await lock.last_card_is_gone()
        lock.since_us = max(e["us"] for e in lock.events) + 1
        cards = lock.world.cards
        lock.world.reader.hold([cards[other], cards["tenant"]])
        await lock.wait_unlocked()
        lock.world.reader.hold([])
        await lock.wait_locked()
    assert failures(lock) == 0


@pytest.mark.parametrize("shows", ["its number", "random numbers"])
async def test_beside_a_tag_that_is_stuck_to_the_reader_a_card_opens_each_time(
    lock: Lock, shows: str
) -> None:
    sticker = Ntag424("sticker", bytes.fromhex("04010203040506"))
    sticker.random_uid = shows != "its number"
    reader, tenant = lock.world.reader, lock.world.cards["tenant"]
    reader.hold([sticker])
    await lock.wait_light("denied")
    for _ in range(3):
        lock.since_us = max(e["us"] for e in lock.events) + 1
        reader.hold([sticker, tenant])
        await lock.wait_unlocked()
        reader.hold([sticker])
        await lock.wait_locked()
        looks = reader.searches_in_vain
        async with asyncio.timeout(TIMEOUT_S):
            while reader.searches_in_vain < looks + 5:
                await lock.world.board.turn()
    assert failures(lock) == 0
