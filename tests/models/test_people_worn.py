"""Flash and NVS that fail while people do something at the whole lock: what was said is so, and all get in.

The lock is that of test_people_model.py, in virtual time. From one write on none succeeds, until the flash is
well again; each write of each dialogue is the first that fails once.
"""

import pytest

from menshen.operator import lists
from tests.models.helpers.people_dialogues import CARD_OF_NOBODY, DEEDS, does, expect_somebody, ways
from tests.models.helpers.people_from_afar import CODES, LISTED_CARD, STAFF_PIN
from tests.models.helpers.people_model import CARD, DAY, KEY, MOVE_IN, PIN, TENANT, Entry, Token
from tests.models.test_people_model import CARDS, PINS, People


def _opens(people: People, digits: str) -> bool:
    does(people, "wait", 300_000)
    return bool(does(people, "keys", f"**{digits}#").opened)


def _ways(people: People) -> list[Token]:
    """What opens; the same after a power cut."""
    found = ways(people)
    does(people, "restart", True)
    people.door.do("sntp", people.house.now)
    assert ways(people) == found, "a power cut changes who lives here"
    return found


@pytest.mark.parametrize("what", DEEDS)
def test_what_is_said_in_a_dialogue_is_so_whichever_write_of_it_fails(people: People, what: str) -> None:
    expect_somebody(people)
    kept, at = False, 0
    while not kept:
        at += 1
        does(people, "wears", at)
        said = []
        for step in DEEDS[what].steps:
            found = does(people, *step)
            said += found.said
            assert not found.opened
            assert not found.resets
        does(people, "wait", 30_000)
        does(people, "wears", 0)
        kept = "kept" in said
        assert kept or "weak" in said, (at, said)
        assert _ways(people) == DEEDS[what].ways(kept), (at, said)
    assert what.startswith("removes") or at > 5, "too few writes for what it is"


@pytest.mark.parametrize("what", DEEDS)
def test_what_is_said_in_a_dialogue_is_so_though_the_flash_is_full(people: People, what: str) -> None:
    expect_somebody(people)
    for blocks in range(4):
        does(people, "fill", blocks)
        said = []
        for step in DEEDS[what].steps:
            said += does(people, *step).said
        does(people, "wait", 30_000)
        found = _ways(people)
        does(people, "remove", "/ballast")
        kept = "kept" in said
        assert kept or "weak" in said, (blocks, said)
        assert found == DEEDS[what].ways(kept), (blocks, said)
        if kept:
            return
    raise AssertionError("three blocks are not enough for it")


def test_a_lock_whose_flash_is_worn_out_lets_its_people_in_for_weeks(people: People) -> None:
    """And staff, who are told of; whoever guesses waits as ever."""
    people.a_guest_comes(0, 24)
    does(people, "wears", 1)
    for _ in range(3):
        for pin in PINS[:3]:
            assert _opens(people, pin)
        assert all(does(people, "card", uid).opened for uid in (*CARDS[:3], LISTED_CARD[1]))
        does(people, "wait", 300_000)
        found = does(people, "keys", f"**{STAFF_PIN[1]}#")
        assert found.opened
        assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"
        for guess in range(5):
            said = does(people, "keys", f"**{400_001 + 7 * guess}#").said
        assert "throttled" in said
        found = does(people, "days", 7)
        assert not found.resets
    for cold in (False, True):
        does(people, "restart", cold)
        for pin in PINS[:3]:
            assert _opens(people, pin)
    does(people, "wears", 0)
    does(people, "wait", 1000)


@pytest.mark.parametrize("operation", range(1, 29, 4))
def test_a_list_of_which_a_write_fails_leaves_the_one_before_and_comes_again(
    people: People, operation: int
) -> None:
    new, before = people.listing(), people.house.force.version
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    new.entries[CARD, CARD_OF_NOBODY] = Entry(TENANT, 2, 0, people.house.now + 900 * DAY)
    data = new.snapshot()
    for topic, chunk in lists.chunks(data):
        people.door.do("keep", topic, chunk.hex())
    head = lists.Head(new.version, new.version, data, b"", people.house.now).signed("demo", KEY)
    does(people, "wears", operation)
    found = does(people, "deliver", "list", head, False)
    assert found.version in (before, new.version)
    assert all(_opens(people, pin) for pin in PINS[:3])
    assert does(people, "wears", 0).told[0][1] >= operation, "it was over before that"
    does(people, "restart", True)
    people.door.do("sntp", people.house.now)
    assert does(people, "deliver", "list", head, True).version == new.version
    assert all(_opens(people, pin) for pin in PINS[:3])
    assert does(people, "card", CARD_OF_NOBODY).opened


@pytest.mark.parametrize("operation", [12, 20])
def test_a_lock_whose_flash_fails_while_a_list_comes_goes_on_with_its_hours(
    people: People, operation: int
) -> None:
    """After the next start it cannot make the second copy of its list; all else goes on."""
    data = people.listing().snapshot()
    head = lists.Head(people.versions, people.versions, data, b"", people.house.now).signed("demo", KEY)
    for topic, chunk in lists.chunks(data):
        people.door.do("keep", topic, chunk.hex())
    does(people, "wears", operation, 1)
    does(people, "deliver", "list", head, False)
    does(people, "restart", True)
    found = does(people, "days", 2)
    assert not [fault for fault in found.faults if "died" in fault]
    assert all(_opens(people, pin) for pin in PINS[:3])
    does(people, "wears", 0)
    does(people, "restart", True)
    does(people, "wait", 60_000)
    people.door.do("sntp", people.house.now)
    assert does(people, "deliver", "list", head, True).version == people.versions
