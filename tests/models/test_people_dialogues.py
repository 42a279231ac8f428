"""What people do at the keypad of the whole lock beside one another, and in the middle of something else.

A story each, at the lock of test_people_model.py, in virtual time.
"""

import datetime as dt

import pytest

from menshen.operator import lists
from menshen.operator.commands import Command
from menshen.operator.guest import make_code
from tests.models.helpers.people_from_afar import CODES, STAFF_PIN, TIMED_PIN, opening
from tests.models.helpers.people_model import (
    CARD,
    HOUR,
    KEY,
    MOVE_IN,
    PIN,
    STAFF,
    Entry,
)
from tests.models.helpers.people_visits import FREE, NEW_CARD, card_opens, opens, says, takes
from tests.models.test_people_model import CARDS, PINS, People


def _code(people: People, which: int, hours: int = 4) -> str:
    """A guest's code that a resident has just made."""
    begin = people.house.now // HOUR * HOUR
    start = dt.datetime.fromtimestamp(begin, dt.UTC)
    return make_code(people.house.residents[which].guest_key, start, dt.timedelta(hours=hours))


def test_a_guests_code_outlives_the_pin_of_who_asked_them_in_and_not_another_key(people: People) -> None:
    people.a_guest_comes(0, 24)
    code = _code(people, 0, 24)
    assert "kept" in says(people, f"{PINS[0]}*1#{FREE}#{FREE}#")
    assert "kept" in says(people, f"{FREE}*30#")
    for cold in (False, True):
        people.door.do("restart", cold)
        people.door.do("sntp", people.house.now)
        assert opens(people, code)
    people.door.do("keys", f"**{FREE}*40#")
    assert not opens(people, code)
    assert opens(people, FREE)


def test_a_guests_code_is_nobodys_pin_and_asks_for_nothing(people: People) -> None:
    people.a_guest_comes(0, 24)
    code = _code(people, 0, 24)
    for order in ("1", "9", "30", "7", "4"):
        found = people.door.do("keys", f"**{code}*{order}#")
        assert not found.blue
        people.door.do("wait", 300_000)
    for digits in (code[:10], code[:-1], code + "0"):
        assert not opens(people, digits)
    assert opens(people, code)


def test_of_two_dialogues_in_a_row_each_is_of_whoever_began_it(people: People) -> None:
    """A card that one awaited is the second's, who asked for one since; the `*` ends the first dialogue."""
    for first, second in ((0, 1), (2, 0)):
        people.door.do("keys", f"{PINS[first]}*2#")
        people.door.do("keys", f"*{PINS[second]}*2#")
        assert "kept" in people.door.do("card", NEW_CARD).said
        people.door.do("keys", f"{PINS[first]}*3#")
        assert card_opens(people, NEW_CARD), "it is not theirs to remove"
        people.door.do("keys", f"{PINS[second]}*9#{PINS[second]}#")
        assert not card_opens(people, NEW_CARD)
        assert opens(people, PINS[first])


def test_a_dialogue_in_a_dialogue_of_ones_own_takes_its_place(people: People) -> None:
    people.door.do("keys", f"{PINS[0]}*1#{FREE}#{PINS[0]}*2#{FREE}#")
    assert not opens(people, FREE)
    people.door.do("keys", f"{PINS[0]}*9#{PINS[0]}*1#{FREE}#{FREE}#")
    assert opens(people, FREE)
    assert not opens(people, PINS[0])


@pytest.mark.parametrize("order", ["identify", "self-test", "restart"])
def test_what_an_operator_orders_while_a_dialogue_waits_finishes_none(people: People, order: str) -> None:
    for number, asked in enumerate(("1", "9", "2"), 1):
        people.door.do("keys", f"**{PINS[0]}*{asked}#" + (f"{FREE}#" if asked == "1" else ""))
        said = Command("demo", order, time=people.house.now, number=number).message(KEY)
        assert "kept" not in people.door.do("deliver", "command", said, False).said
        people.door.do("wait", 20_000)
        people.door.do("wait", 300_000)
        assert not opens(people, FREE)
        assert opens(people, PINS[0])
        assert not card_opens(people, NEW_CARD)


def test_a_flatmates_opening_from_afar_ends_a_dialogue_and_is_nobody_elses(people: People) -> None:
    people.a_guest_comes(1, 4)
    people.door.do("keys", f"**{PINS[0]}*1#{FREE}#")
    message = opening("demo", people.house.residents[1].guest_key, people.house.now).hex()
    assert people.door.do("afar", message, False, may_open=True).opened
    assert "kept" not in says(people, f"{FREE}#")
    assert opens(people, PINS[0])


def test_a_fourth_card_is_refused_and_takes_no_place(people: People) -> None:
    more = [bytes((4, 9, n, *b"abcd")).hex() for n in range(4)]
    for number, uid in enumerate(more):
        people.door.do("keys", f"**{PINS[0]}*2#")
        assert ("kept" in people.door.do("card", uid).said) is (number < 2)
        assert not people.door.blue
    assert [card_opens(people, uid) for uid in (CARDS[0], *more)] == [True, True, True, False, False]
    people.door.do("keys", f"{PINS[2]}*2#")
    assert "kept" in people.door.do("card", more[3]).said, "another's place is their own"
    people.door.do("keys", f"{PINS[0]}*30#")
    assert [card_opens(people, uid) for uid in (CARDS[0], *more)] == [False] * 4 + [True]


def test_a_card_is_one_persons_however_often_it_is_added(people: People) -> None:
    people.door.do("keys", f"{PINS[0]}*2#")
    people.door.do("card", NEW_CARD)
    people.door.do("keys", f"{PINS[1]}*2#")
    assert card_opens(people, NEW_CARD), "it opens, as the first one's"
    new = people.listing()
    new.entries[CARD, NEW_CARD] = Entry(STAFF)
    assert takes(people, new)
    assert not people.door.do("card", NEW_CARD, may_open=True).told, "a resident's entry is told to nobody"
    people.door.do("keys", f"{PINS[0]}*3#")
    assert "kept" in people.door.do("card", NEW_CARD).said
    found = people.door.do("card", NEW_CARD, may_open=True)
    assert found.opened
    assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"


def test_two_residents_who_choose_one_pin(people: People) -> None:
    """The second opens as the first, and keeps nothing; whoever then moves out takes nobody along."""
    people.changes_the_pin(0, FREE)
    people.door.do("wait", 600_000)
    found = people.door.do("keys", f"{PINS[1]}*1#{FREE}#{FREE}#", may_open=True)
    assert "kept" not in found.said
    assert found.opened
    assert opens(people, PINS[1])
    assert "kept" in says(people, f"{FREE}*9#{FREE}#")
    assert not opens(people, FREE)
    assert opens(people, PINS[1])


def test_a_pin_that_begins_like_anothers_is_another(people: People) -> None:
    longer = PINS[0] + "44"
    assert "kept" in says(people, f"{PINS[1]}*1#{longer}#{longer}#")
    for digits, may in ((PINS[0], True), (longer, True), (PINS[0] + "4", False), (PINS[0][:-1], False)):
        assert opens(people, digits) is may, digits
    for keys in (f"{PINS[0]}*44#", f"{PINS[0]}*4", f"{PINS[0]}**44#"):
        assert "kept" not in says(people, keys)
        people.door.do("wait", 300_000)
    assert "kept" in says(people, f"{longer}*9#{longer}#")
    assert opens(people, PINS[0])


def test_each_light_is_shown_once_and_none_takes_anothers_place(people: People) -> None:
    """Somebody gave notice, staff were in, and something new opens: each at an entry of its own."""
    people.door.do("keys", f"{PINS[0]}*7#")
    people.door.do("keys", f"{STAFF_PIN[1]}#", may_open=True)
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 2)
    assert takes(people, new)
    shown = []
    for _ in range(5):
        people.door.do("wait", 300_000)
        shown += [s for s in says(people, f"{PINS[2]}#") if s in ("notice", "staff", "new way in", "granted")]
    assert shown == ["notice", "new way in", "staff", "granted", "granted"]
    giver = [s for s in says(people, f"{PINS[0]}#") if s in ("notice", "staff", "new way in", "granted")]
    assert giver == ["notice"], "what was given notice to was used"


def test_after_a_strangers_guesses_a_resident_needs_one_wait_for_all_they_want(people: People) -> None:
    for guess in range(14):
        people.door.do("keys", f"**{400_001 + 7 * guess}#")
        people.door.do("wait", 300_000)
    people.door.do("keys", "**400999#")
    people.door.do("wait", 300_000)
    assert "kept" in says(people, f"**{PINS[0]}*1#{FREE}#{FREE}#")
    people.door.do("wait", 300_000)
    assert "kept" in says(people, f"**{PINS[2]}*9#{PINS[2]}#")
    assert opens(people, FREE)


@pytest.mark.parametrize("cold", [True, False])
def test_a_move_out_that_a_restart_interrupts_has_moved_nobody(people: People, cold: bool) -> None:
    people.door.do("keys", f"{PINS[0]}*9#")
    people.door.do("restart", cold)
    assert people.door.do("keys", f"{PINS[0]}#", may_open=True).opened
    assert opens(people, PINS[0])
    assert card_opens(people, CARDS[0])
    assert opens(people, PINS[2])


def test_passage_changes_nothing_for_those_who_live_there(people: People) -> None:
    new = people.listing()
    new.entries[PIN, "40506070"] = Entry(lists.STAFF_PASSAGE, 0, 0, people.house.now + 2 * HOUR)
    assert takes(people, new)
    assert people.door.do("keys", "40506070*0#", may_open=True).opened
    assert "kept" in says(people, f"{PINS[0]}*1#{FREE}#{FREE}#")
    people.door.do("keys", f"{FREE}*2#")
    people.door.do("leaf")
    assert "kept" not in people.door.do("card", NEW_CARD, may_open=True).said
    people.door.do("wait", 2 * HOUR * 1000 + 120_000)
    assert not people.door.do("keys", "40506070*0#").opened, "the hours of whoever began it are over"
    assert opens(people, FREE)


def test_a_pin_that_is_staffs_later_or_no_more_is_nobodys_to_choose(people: People) -> None:
    """Else staff would come in as the resident, unreported, once their time has come."""
    for when in (0, 30):
        if when:
            people.door.do("days", when)
            people.door.heal(people.listing())
        people.door.do("wait", 600_000)
        assert "kept" not in says(people, f"**{PINS[0]}*1#{TIMED_PIN[1]}#{TIMED_PIN[1]}#")
        people.door.do("wait", 20_000)
        assert opens(people, PINS[0])
