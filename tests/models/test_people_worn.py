"""Flash and NVS that fail while people do something at the whole lock: what was said is so, and all get in.

The lock is that of test_people_model.py, in virtual time. From one write on none succeeds, until the flash is
well again; each write of each dialogue is the first that fails once.
"""

import pytest

from menshen.operator import lists
from tests.models.helpers.people_door import Found
from tests.models.helpers.people_from_afar import CODES, LISTED_CARD, STAFF_PIN
from tests.models.helpers.people_model import CARD, DAY, KEY, MOVE_IN, PIN, TENANT, Entry
from tests.models.test_people_model import CARDS, PINS, People

_FREE = "664208"  # a PIN that nobody has
_CARD = bytes((4, 9, *b"mensh")).hex()
_WAYS = [(PIN, pin) for pin in (*PINS[:3], _FREE)] + [(CARD, uid) for uid in (*CARDS[:3], _CARD)]
_MINE, _OTHERS = [(PIN, PINS[0]), (CARD, CARDS[0])], [(PIN, PINS[2]), (CARD, CARDS[2])]
_ALONE = [(PIN, PINS[1]), (CARD, CARDS[1])]


def _does(people: People, name: str, *arguments: object) -> Found:
    """One step after which the lock may complain of its flash."""
    found = Found(**people.door.port.ask("step", arguments=[0, 0, name, *arguments]))
    people.house.now = found.now
    return found


def _opens(people: People, digits: str) -> bool:
    _does(people, "wait", 300_000)
    return bool(_does(people, "keys", f"**{digits}#").opened)


def _ways(people: People) -> list[tuple[int, str]]:
    """What opens, of all that may; the same after a power cut."""
    found = []
    for cold in (False, True):
        if cold:
            _does(people, "restart", True)
            people.door.do("sntp", people.house.now)
        opened = [
            way
            for way in _WAYS
            if (_opens(people, way[1]) if way[0] == PIN else _does(people, "card", way[1]).opened)
        ]
        assert not cold or opened == found, "a power cut changes who lives here"
        found = opened
    return found


_PHONE, _ADDED, _REMOVED = ("phone",), ("card", _CARD), ("card", CARDS[0])
_FIRST = [*_MINE, *_ALONE, *_OTHERS]
DIALOGUES = {
    "changes the PIN": ([f"{PINS[0]}*1#{_FREE}#{_FREE}#"], [_MINE[0]], [(PIN, _FREE)]),
    "adds a card": ([f"{PINS[0]}*2#", _ADDED], [], [(CARD, _CARD)]),
    "removes a card": ([f"{PINS[0]}*3#", _REMOVED], [_MINE[1]], []),
    "removes all cards": ([f"{PINS[0]}*30#"], [_MINE[1]], []),
    "guest key": ([f"{PINS[0]}*4#", _PHONE], [], []),
    "new guest key": ([f"{PINS[0]}*40#", _PHONE], [], []),
    "agrees to an end": ([f"{PINS[0]}*5#010227#"], [], []),
    "gives notice": ([f"{PINS[0]}*7#"], [], []),
    "keeps a log": ([f"{PINS[0]}*8#", _PHONE], [], []),
    "moves out": ([f"{PINS[0]}*9#{PINS[0]}#"], _MINE, []),
    "moves out as the last": ([f"{PINS[1]}*9#{PINS[1]}#"], _ALONE, []),
    "moves in": ([f"{CODES[3]}#{_FREE}#{_FREE}#"], [], [(PIN, _FREE)]),
}


@pytest.mark.parametrize("what", DIALOGUES)
def test_what_is_said_in_a_dialogue_is_so_whichever_write_of_it_fails(people: People, what: str) -> None:
    steps, goes, comes = DIALOGUES[what]
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    people.door.publish(new, people.house.now)
    _does(people, "wait", 60_000)
    before, kept, at = [way for way in _WAYS if way in _FIRST], False, 0
    after = [way for way in _WAYS if way in [*before, *comes] and way not in goes]
    while not kept:
        at += 1
        _does(people, "wears", at)
        said = []
        for step in steps:
            found = _does(people, *(("keys", step) if isinstance(step, str) else step))
            said += found.said
            assert not found.opened
            assert not found.resets
        _does(people, "wait", 30_000)
        _does(people, "wears", 0)
        kept = "kept" in said
        assert kept or "weak" in said, (at, said)
        assert _ways(people) == (after if kept else before), (at, said)
    assert what == "removes a card" or at > 5, "too few writes for what it is"


@pytest.mark.parametrize("what", DIALOGUES)
def test_what_is_said_in_a_dialogue_is_so_though_the_flash_is_full(people: People, what: str) -> None:
    steps, goes, comes = DIALOGUES[what]
    new = people.listing()
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    people.door.publish(new, people.house.now)
    _does(people, "wait", 60_000)
    after = [way for way in _WAYS if way in [*_FIRST, *comes] and way not in goes]
    for blocks in range(4):
        _does(people, "fill", blocks)
        said = []
        for step in steps:
            said += _does(people, *(("keys", step) if isinstance(step, str) else step)).said
        _does(people, "wait", 30_000)
        found = _ways(people)
        _does(people, "remove", "/ballast")
        if "kept" in said:
            assert found == after, (blocks, said)
            return
        assert "weak" in said, (blocks, said)
        assert found == [way for way in _WAYS if way in _FIRST], (blocks, said)
    raise AssertionError("four blocks are not enough for it")


def test_a_lock_whose_flash_is_worn_out_lets_its_people_in_for_weeks(people: People) -> None:
    """And staff, who are told of; whoever guesses waits as ever."""
    people.a_guest_comes(0, 24)
    _does(people, "wears", 1)
    for _ in range(3):
        for pin in PINS[:3]:
            assert _opens(people, pin)
        assert all(_does(people, "card", uid).opened for uid in (*CARDS[:3], LISTED_CARD[1]))
        _does(people, "wait", 300_000)
        found = _does(people, "keys", f"**{STAFF_PIN[1]}#")
        assert found.opened
        assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"
        for guess in range(5):
            said = _does(people, "keys", f"**{400_001 + 7 * guess}#").said
        assert "throttled" in said
        found = _does(people, "days", 7)
        assert not found.resets
    for cold in (False, True):
        _does(people, "restart", cold)
        for pin in PINS[:3]:
            assert _opens(people, pin)
    _does(people, "wears", 0)
    _does(people, "wait", 1000)


@pytest.mark.parametrize("operation", range(1, 34, 4))
def test_a_list_of_which_a_write_fails_leaves_the_one_before_and_comes_again(
    people: People, operation: int
) -> None:
    new, before = people.listing(), people.house.force.version
    new.entries[PIN, CODES[3]] = Entry(MOVE_IN, 1)
    new.entries[CARD, _CARD] = Entry(TENANT, 2, 0, people.house.now + 900 * DAY)
    data = new.snapshot()
    for topic, chunk in lists.chunks(data):
        people.door.do("keep", topic, chunk.hex())
    head = lists.Head(new.version, new.version, data, b"", people.house.now).signed("demo", KEY)
    _does(people, "wears", operation)
    found = _does(people, "deliver", "list", head, False)
    assert found.version in (before, new.version)
    assert all(_opens(people, pin) for pin in PINS[:3])
    assert _does(people, "wears", 0).told[0][1] >= operation, "it was over before that"
    _does(people, "restart", True)
    people.door.do("sntp", people.house.now)
    assert _does(people, "deliver", "list", head, True).version == new.version
    assert all(_opens(people, pin) for pin in PINS[:3])
    assert _does(people, "card", _CARD).opened
