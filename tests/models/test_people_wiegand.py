"""What people do at the whole lock with a Wiegand keypad and reader, by keys of four and of eight bits.

The people are those of test_people_model.py, in virtual time; what they do comes as bits on two lines.
"""

import os
import random
from collections import Counter
from collections.abc import Iterator

import pytest

from tests.models.conftest import HousePort, Port
from tests.models.helpers.people_dialogues import does
from tests.models.helpers.people_from_afar import CODES, LISTED_CARD, STAFF_PIN
from tests.models.helpers.people_model import CARD, MOVE_IN, PIN, TENANT, Entry
from tests.models.helpers.people_visits import FREE, card_opens, opens
from tests.models.test_people_model import CARDS, PINS, People

_ENTRIES = 2000 if os.environ.get("MENSHEN_NIGHTLY") else 10
_CARD, _ZEROS = bytes((9, 1, *b"mensh")).hex(), bytes(7).hex()
_WIRED = {
    "keypad": {"type": "wiegand"},
    "reader": {"type": "wiegand", "bits": 58},  # as long as the cards of the model
}


class _WiredPort(HousePort):
    program = "import wired_lock; wired_lock.main()"

    def ask(self, call: str, **arguments: object) -> object:
        """As another port; the lock has this keypad."""
        if call == "new":
            settings, now = arguments["arguments"]  # type: ignore[misc]
            arguments["arguments"] = [settings | _WIRED, now]
        return super().ask(call, **arguments)


@pytest.fixture(scope="module")
def cable() -> Iterator[Port]:
    port = _WiredPort()
    yield port
    port.close()


@pytest.fixture(params=[4, 8], ids=["4 bits", "8 bits"])
def people(request: pytest.FixtureRequest, cable: Port) -> People:
    """A house with its people in, and a keypad at which nobody has chosen a PIN for an hour."""
    made = type("People", (People,), {"port": cable, "figures": Counter()})()
    made.door.do("bits", request.param)
    made.a_house_with_two_leases()
    made.door.do("wait", 3_600_000)
    return made


def test_everybody_opens_and_no_stranger(people: People) -> None:
    for resident in people.house.residents:
        assert opens(people, resident.pin)
        assert all(card_opens(people, uid) for uid in resident.cards)
    assert card_opens(people, LISTED_CARD[1])
    assert people.door.do("keys", f"{STAFF_PIN[1]}#", may_open=True).told
    for stranger in (FREE, PINS[0][:-1], PINS[0] + "0", CODES[0]):
        assert not opens(people, stranger)
    assert not card_opens(people, _CARD)


def test_a_resident_changes_their_pin(people: People) -> None:
    assert "kept" in people.door.do("keys", f"{PINS[0]}*1#{FREE}#{FREE}#").said
    assert opens(people, FREE)
    assert not opens(people, PINS[0])
    assert "weak" in people.door.do("keys", f"{FREE}*1#123456#").said
    people.door.do("keys", "*")
    assert opens(people, FREE)


@pytest.mark.parametrize("ending", ["leaf", "waits", "star"])
@pytest.mark.parametrize("half", ["", f"{FREE}#", f"{FREE}#66"])
def test_a_choice_that_is_left_half_done_is_nobodys_way_in(people: People, half: str, ending: str) -> None:
    """The tenant goes in, or away; then a stranger comes, types a PIN twice and holds a card there."""
    people.door.do("keys", f"{PINS[0]}*1#{half}")
    if ending == "leaf":
        people.door.do("leaf")
    elif ending == "waits":
        people.door.do("wait", 10_000)
    else:
        people.door.do("keys", "*")
    assert "kept" not in people.door.do("keys", f"{FREE}#{FREE}#").said
    assert not card_opens(people, _CARD)
    assert opens(people, PINS[0])
    assert not opens(people, FREE)


def test_a_card_is_added_and_removed_and_one_that_nobody_could_know_again_is_refused(people: People) -> None:
    people.door.do("keys", f"{PINS[0]}*2#")
    assert "weak" in people.door.do("card", _ZEROS).said
    assert "kept" in people.door.do("card", _CARD).said
    assert card_opens(people, _CARD)
    people.door.do("keys", f"{PINS[0]}*3#")
    assert "kept" in people.door.do("card", _CARD).said
    assert not card_opens(people, _CARD)


def test_a_card_that_a_stranger_holds_there_after_a_resident_went_in_is_not_added(people: People) -> None:
    for ending in ("leaf", "wait"):
        people.door.do("keys", f"{PINS[0]}*2#")
        people.door.do(ending, *([20_000] if ending == "wait" else []))
        assert "kept" not in people.door.do("card", _CARD).said
        assert not card_opens(people, _CARD)


def test_a_flatmates_card_opens_in_a_dialogue_and_is_not_removed_by_another(people: People) -> None:
    people.door.do("keys", f"{PINS[0]}*3#")
    assert card_opens(people, CARDS[2])
    assert card_opens(people, CARDS[2])
    people.door.do("keys", f"{PINS[0]}*2#")
    assert card_opens(people, CARDS[1]), "it is somebody's: it opens, and becomes nobody else's"
    people.door.do("keys", f"{PINS[1]}*9#{PINS[1]}#")
    assert not card_opens(people, CARDS[1])


def test_somebody_moves_in_and_another_moves_out(people: People) -> None:
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    new.entries[CARD, _CARD] = Entry(TENANT, 2)
    people.door.publish(new, people.house.now)
    assert "enrolling" in people.door.do("keys", f"{CODES[3]}#").said
    assert "kept" in people.door.do("keys", f"{FREE}#{FREE}#").said
    assert "new way in" in people.door.do("keys", f"{PINS[1]}#", may_open=True).said
    assert "kept" in people.door.do("keys", f"{FREE}*9#{FREE}#").said
    assert not opens(people, FREE)
    assert opens(people, PINS[0])


def test_what_needs_a_phone_at_the_reader_is_refused_and_ends_at_once(people: People) -> None:
    for order in ("4", "40", "8"):
        found = people.door.do("keys", f"{PINS[0]}*{order}#")
        assert "weak" in found.said, order
        assert not found.blue
    assert not people.door.do("keys", "*#").blue
    assert opens(people, PINS[0])


@pytest.mark.parametrize("milliseconds", [450, 3000])
def test_keys_of_a_stall_are_nobodys_code(people: People, milliseconds: int) -> None:
    """Of a handshake, or a write to the flash: the lock hears less than was typed, or something else."""
    halves = (
        ("", "9028", "17"),
        ("90", "28", "17"),
        ("9028", "17", ""),
        ("90", "2817#", ""),
        ("902817", "*1#", ""),
    )
    for before, during, behind in halves:
        people.door.do("keys", before)
        assert not people.door.do("stall", milliseconds, during).opened
        found = people.door.do("keys", behind + "#")
        assert not found.opened
        assert not found.blue
        assert "kept" not in found.said
        assert opens(people, PINS[0])


def test_a_number_behind_a_code_of_which_keys_were_lost_is_asked_of_nobody(people: People) -> None:
    """What was heard of it is another's PIN, who would move out or have their cards removed."""
    longer = PINS[0] + "44"
    people.door.do("keys", f"{PINS[1]}*1#{longer}#{longer}#")
    for order in ("1", "9", "30"):
        people.door.do("keys", PINS[0])
        people.door.do("stall", 450, "44", 16)
        found = people.door.do("keys", f"*{order}#{PINS[0]}#", may_open=True)
        assert "kept" not in found.said, order
        assert not found.blue, order
        people.door.do("wait", 300_000)
    assert opens(people, PINS[0])
    assert opens(people, longer)


def test_a_stranger_who_guesses_is_throttled_and_stops_no_card(people: People) -> None:
    for guess in range(14):
        people.door.do("keys", f"**{400_001 + 7 * guess}#")
    assert "throttled" in people.door.do("keys", f"**{PINS[0]}#").said
    assert card_opens(people, CARDS[0])
    assert opens(people, PINS[0])


def test_a_restart_in_a_dialogue_leaves_what_was_there(people: People) -> None:
    for cold in (True, False):
        people.door.do("keys", f"{PINS[0]}*1#{FREE}#")
        people.door.do("restart", cold)
        people.door.do("keys", f"{FREE}#")
        assert opens(people, PINS[0])
        assert not opens(people, FREE)


def _disturbs(rng: random.Random, bits: int) -> tuple:
    """What may come on the cable, or at the keypad, before somebody comes home."""
    some = "".join(rng.choices("0123456789*#", k=rng.randint(1, 8)))
    dialogue = f"**{rng.choice(PINS[:3])}*{rng.choice('139')}#" + rng.choice(["", "12", "66#"])
    return rng.choice(
        [
            ("noise", "".join(rng.choices("01", k=rng.randint(1, 70)))),
            ("burst", some),
            ("burst", some[:1], rng.randrange(1, bits)),
            ("stall", rng.choice([100, 450, 3000]), some, rng.choice([5, 8, 16, 66])),
            ("keys", some),
            ("keys", dialogue),
            ("keys", rng.choice(PINS[:3])[:-1]),
            ("card", _CARD),
            ("wait", rng.choice([100, 2900, 9900, 20_000])),
            ("leaf",),
        ]
    )


def test_after_noise_and_what_others_leave_at_the_keypad_each_comes_home_at_once(
    people: People, request: pytest.FixtureRequest
) -> None:
    """Half keys, sparks, bursts, stalls and dialogues left behind: they open nothing, and keep nothing."""
    bits = request.node.callspec.params["people"]
    rng = random.Random(bits)
    for _ in range(_ENTRIES):
        for _ in range(rng.randint(1, 8)):
            what = _disturbs(rng, bits)
            found = does(people, *what)
            assert not found.opened, what
            assert "kept" not in found.said, what
        pin = rng.choice(PINS[:3])
        if rng.random() < 0.5:  # who knows that there is something clears it, and else it is over by then
            does(people, "wait", 20_000)
            found = does(people, "keys", pin + "#")
        else:
            found = does(people, "keys", f"**{pin}#")
        if "throttled" in found.said:
            does(people, "wait", 300_000)
            found = does(people, "keys", pin + "#")
        assert found.opened, found
        does(people, "wait", 300_000)
