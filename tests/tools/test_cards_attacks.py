"""The attacker's toolbox does what it says to a reader that speaks with a card by the documents."""

import contextlib
import random
from collections.abc import Callable, Iterator

import pytest

from menshen.simulator.cards.attacks import (
    CHECK,
    GARBAGE,
    Garbled,
    Late,
    Recorder,
    Relay,
    Replay,
    Torn,
    uid_clone,
    with_wrong_keys,
)
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card
from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.card_host import ZERO_KEY, CardHost, CardSays, NotGenuine
from tests.tools.helpers.desk import Desk, Lost

UID = bytes.fromhex("04de5f1eacc040")
KEY = bytes(range(16))
OURS = bytes.fromhex("4d4e48")
NTAG_ATS = bytes.fromhex("067777710280")
# What a reader meets where a card is not as it should be.
FAILS = (Lost, CardSays, NotGenuine, ValueError, IndexError)


@pytest.fixture
def desk() -> Iterator[Desk]:
    with Desk() as desk:
        yield desk


def ntag() -> Ntag424:
    """Personalised: its keys 0 and 1 are ours."""
    card = Ntag424("ours", UID, random.Random(424).randbytes)
    for slot in card.keys[:2]:
        slot.change(KEY, 1)
    return card


def desfire() -> Desfire:
    """Personalised: it has our application."""
    card = Desfire("ours", UID, dice=random.Random(3).randbytes)
    card.power(True)
    host = CardHost(card.exchange)
    host.native(0xCA, OURS + b"\x0b\x82")
    for slot in card.applications[OURS].keys:
        slot.change(KEY, 1)
    card.power(False)
    return card


def prove(desk: Desk, dice: Callable[[int], bytes] | None = None, used: Ev2Card | None = None) -> CardHost:
    """As a lock does: select, authenticate with key 1, ask for the number. Raises one of FAILS."""
    host = CardHost(desk.exchange, dice or random.Random(desk.clock()).randbytes)
    if (used or desk.air.cards[0]).ats == NTAG_ATS:
        host.select()
    else:
        host.native(0x5A, OURS)
    host.authenticate(1, KEY)
    if host.uid() != UID:
        raise NotGenuine("another number")
    return host


KINDS = pytest.mark.parametrize("made", [ntag, desfire])


@KINDS
def test_a_good_card_proves_itself(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    assert desk.lay(made())
    prove(desk)


@KINDS
def test_a_card_that_computes_for_long_asks_for_the_time(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    times = []
    for computing_s in (0.0, 0.02, 0.2):
        card = made()
        card.computing_s[0xAF] = computing_s
        assert desk.lay(card)
        begun = desk.clock()
        prove(desk)
        times.append(desk.clock() - begun)
    assert times[1] - times[0] == pytest.approx(0.02)
    assert 0.2 < times[2] - times[0] < 0.22


@KINDS
def test_a_clone_has_the_number_and_nothing_else(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    clone = uid_clone(made())
    assert desk.lay(clone)
    assert (clone.shown_uid, clone.sens_res) == (UID, made().sens_res)
    with pytest.raises(CardSays):
        prove(desk)


@KINDS
def test_a_card_with_other_keys_is_found_out(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    good = made()
    fake = with_wrong_keys(good, random.Random(1).randbytes)
    assert desk.lay(fake)
    with pytest.raises(CardSays) as refusal:
        prove(desk)
    assert refusal.value.status == 0x91AE
    assert {slot.key for slot in fake.slots()}.isdisjoint(slot.key for slot in good.slots())


@KINDS
def test_a_replay_says_the_same_and_proves_nothing(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    recorder = Recorder(made())
    assert desk.lay(recorder)
    prove(desk, random.Random(5).randbytes)
    replay = Replay(recorder)
    assert desk.lay(replay)
    prove(desk, random.Random(5).randbytes)  # a reader whose dice repeat themselves is deceived
    assert replay.asked == [frame for frame, _ in recorder.heard]
    assert desk.lay(recorder)  # a recorder keeps the last tap alone
    prove(desk, random.Random(5).randbytes)
    assert len(recorder.heard) == len(replay.asked)
    assert desk.lay(replay)
    with pytest.raises(NotGenuine):
        prove(desk, random.Random(6).randbytes)


@KINDS
def test_a_relay_proves_itself_and_takes_longer(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    times = []
    for delay_s in (0.0, 0.001, 0.010, 0.5):
        assert desk.lay(Relay(made(), delay_s) if delay_s else made())
        begun = desk.clock()
        prove(desk)
        times.append(desk.clock() - begun)
    frames = 4  # select, two parts of the authentication, the number
    assert times[1] - times[0] == pytest.approx(frames * 0.001)
    assert times[2] - times[0] == pytest.approx(frames * 0.010)
    assert frames * 0.5 < times[3] - times[0] < frames * 0.55  # it asks for time, which takes some


@KINDS
def test_a_card_that_is_late_at_any_step_is_lost(desk: Desk, made: Callable[[], Ev2Card]) -> None:
    assert not desk.lay(Late(made(), 0, 0.1))
    for step in range(1, 5):
        assert desk.lay(Late(made(), step, 0.2))
        with pytest.raises(Lost, match="0x01"):
            prove(desk)
    assert desk.lay(Late(made(), 5, 0.2))
    prove(desk)


@KINDS
@pytest.mark.parametrize("kind", GARBAGE)
def test_garbage_at_any_step_proves_nothing_and_hurts_nothing(
    desk: Desk, made: Callable[[], Ev2Card], kind: str
) -> None:
    card = made()
    for step in (-1, *range(5)):
        for seed in range(10):
            with contextlib.suppress(*FAILS):
                if desk.lay(Garbled(card, step, kind, seed)):
                    prove(desk)
                    assert kind in ("flipped", "longer", "random", "cut")  # of the ATS: it says less
                    assert step == 0
            assert desk.lay(card)
            prove(desk)
    with pytest.raises(ValueError, match="one of"):
        Garbled(card, 0, "nonsense")


@KINDS
def test_a_card_that_is_torn_away_at_any_byte_proves_itself_at_the_next_tap(
    desk: Desk, made: Callable[[], Ev2Card]
) -> None:
    card = made()
    whole = Torn(card)
    assert desk.lay(whole)
    prove(desk)
    assert whole.total > 150
    for after in range(whole.total):
        for commits in (False, True):
            torn = Torn(card, after, commits)
            with pytest.raises(FAILS):
                prove(desk) if desk.lay(torn) else desk.exchange(b"")
            assert desk.lay(torn)
            prove(desk)
    assert all(slot.total_failures == 0 for slot in card.slots())


def test_a_key_is_the_old_or_the_new_one_wherever_the_card_is_torn_away(desk: Desk) -> None:
    def personalise(card: object) -> None:
        if not desk.lay(card):
            raise Lost
        host = CardHost(desk.exchange, random.Random(9).randbytes)
        host.select()
        host.authenticate(0, ZERO_KEY)
        host.change_key(1, KEY, ZERO_KEY)
        host.sealed(0x5C, b"\0", b"\x02")
        host.change_key(0, KEY, ZERO_KEY)

    whole = Torn(Ntag424("fresh", UID, random.Random(424).randbytes))
    personalise(whole)
    seen = set()
    for after in range(whole.total + 1):
        for commits in (False, True):
            card = Ntag424("fresh", UID, random.Random(424).randbytes)
            with contextlib.suppress(*FAILS):
                personalise(Torn(card, after, commits))
            seen.add((card.keys[1].key == KEY, card.random_uid, card.keys[0].key == KEY))
            assert {slot.key for slot in card.keys} <= {ZERO_KEY, KEY}
            assert desk.lay(card)
            host = CardHost(desk.exchange)
            host.select()
            host.authenticate(0, card.keys[0].key)
            assert host.uid() == UID
    steps = [(False, False, False), (True, False, False), (True, True, False), (True, True, True)]
    assert seen == set(steps)


@pytest.mark.parametrize(("missing", "commits"), [(1, True), (0, False), (0, True)])
def test_right_behind_a_command_it_may_be_done_or_not(missing: int, commits: bool) -> None:
    card = Ntag424("fresh", UID, random.Random(424).randbytes)
    commands = ("e050", "0200a4040c07d2760000850101", "0300a4000c02e104", "0200d6000001ff")
    answers = (NTAG_ATS, b"\x02\x90\x00", b"\x03\x90\x00")
    frames = [bytes.fromhex(command) for command in commands]
    size = sum(len(frame) + CHECK for frame in (*frames, *answers))
    torn = Torn(card, size - missing, commits)
    torn.power(True)
    torn.select()
    assert [torn.frame(frame).frame for frame in frames[:-1]] == list(answers)
    assert torn.frame(frames[-1]) is None
    assert card.state == "off"
    assert card.files[2].content[0] == (0xFF if commits and not missing else 0)


def test_of_two_cards_each_proves_itself_and_neither_disturbs_the_other(desk: Desk) -> None:
    cards = [ntag(), desfire()]
    for at_first in (cards, cards[::-1]):
        assert desk.lay(*at_first)
        for card in cards:
            prove(desk, used=next(card for card in cards if card.state == "protocol"))
            desk.release()
            assert desk.find() == (card is cards[0])  # then both are halted


def test_two_cards_that_talk_at_once_are_heard_by_nobody(desk: Desk) -> None:
    one, other = ntag(), ntag()
    assert desk.lay(one, other)
    for card in (one, other):
        if card.state == "idle":
            card.select()
            card.frame(b"\xe0\x50")
    with pytest.raises(Lost, match="0x02"):
        prove(desk)
