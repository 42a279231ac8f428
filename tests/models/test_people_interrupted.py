"""Whatever happens at any key of any dialogue at the whole lock: what was said is so, else all is as before.

The lock is that of test_people_model.py, in virtual time. By day each happens at one key of each dialogue, by
night at each key.
"""

import os
import zlib
from collections import Counter
from collections.abc import Callable

import pytest

from menshen.operator import lists
from menshen.operator.commands import Command, staff_key
from tests.models.conftest import Port
from tests.models.helpers.people_dialogues import CARD_OF_NOBODY, DEEDS, FREE, does, expect_somebody, ways
from tests.models.helpers.people_door import Found
from tests.models.helpers.people_from_afar import CODES, LISTED_CARD, STAFF_CARD, STAFF_PIN, opening
from tests.models.helpers.people_model import CARD, DAY, KEY, MOVE_IN, PIN, STAFF, Entry, Term, Token
from tests.models.test_people_model import CARDS, PINS, People

_BY_NIGHT = bool(os.environ.get("MENSHEN_NIGHTLY"))
_EXIT, _TAMPER, _FIRE = 4, -21, 36  # of a devkit
_STRANGERS, _RANDOM = bytes((4, 8, *b"mensh")).hex(), bytes((8, 8, 1, 2)).hex()
_CODE = PIN, CODES[3]

Event = Callable[[People], list[str]]
"""Something that happens, and what the lock says of it."""


def _step(name: str, *arguments: object) -> Event:
    return lambda people: does(people, name, *arguments).said


def _list(given: dict[Token, Entry], gone: Token | None = None) -> Event:
    def publish(people: People) -> list[str]:
        new = people.listing()
        new.entries = {token: entry for token, entry in new.entries.items() if token != gone} | given
        return people.door.publish(new, people.house.now).said

    return publish


def _identify(people: People) -> list[str]:
    order = Command("demo", "identify", time=people.house.now, number=_number(people))
    return does(people, "deliver", "command", order.message(KEY), False).said


def _staff_unlock(people: People) -> list[str]:
    digest, number = lists.mac(KEY, bytes((PIN,)) + STAFF_PIN[1].encode())[:16], _number(people)
    order = Command("demo", "unlock", f"a-nonce-{number}", people.house.now, 300, number)
    said = order.message(KEY, credential=digest.hex(), proof=order.proof(staff_key(KEY, digest)))
    return _opened(does(people, "deliver", "command", said, False))


def _flatmate_unlocks(people: People) -> list[str]:
    message = opening("demo", people.house.residents[2].guest_key, people.house.now)
    return _opened(does(people, "afar", message.hex(), False))


def _opened(found: Found) -> list[str]:
    assert found.opened
    return found.said


def _number(people: People) -> int:
    people.door.figures["orders"] += 1
    return people.door.figures["orders"]


def _sntp(lie: int) -> Event:
    return lambda people: does(people, "sntp", people.house.now + lie).said


def _restart(people: People) -> list[str]:
    does(people, "restart", True)
    return does(people, "sntp", people.house.now).said


_GIVES = "a list that gives staff what is chosen"
STAFFS: dict[str, list[Token]] = {_GIVES: [(PIN, FREE), (CARD, CARD_OF_NOBODY)]}
"""What staff come in by after it."""

ENDING: dict[str, Event] = {
    "the leaf moves": _step("leaf"),
    "a star": _step("keys", "*"),
    "twenty seconds": _step("wait", 20_000),
    "a restart": _restart,
    "a flatmate's card": _step("card", CARDS[2]),
    "a neighbour's card": _step("card", CARDS[1]),
    "a card of the list": _step("card", LISTED_CARD[1]),
    "a flatmate from afar": _flatmate_unlocks,
    "staff from afar": _staff_unlock,
}
"""What ends a dialogue."""

EVENTS: dict[str, Event] = {
    **ENDING,
    "a list with staff": _list({STAFF_CARD: Entry(STAFF)}),
    "a list without the code": _list({(PIN, CODES[4]): Entry(MOVE_IN, 1)}, _CODE),
    "a list that gives the code away": _list({_CODE: Entry(MOVE_IN, 2), (PIN, CODES[4]): Entry(MOVE_IN, 1)}),
    _GIVES: _list(dict.fromkeys(STAFFS[_GIVES], Entry(STAFF))),
    "the exit button": _step("press", _EXIT, 700),
    "the tamper switch": _step("press", _TAMPER, 700),
    "the fire alarm": _step("press", _FIRE, 700),
    "an order to show itself": _identify,
    "a clock far ahead": _sntp(400 * DAY),
    "a clock that goes back": _sntp(-30 * DAY),
    "a stranger's card": _step("card", _STRANGERS),
    "a phone at the reader": _step("card", _RANDOM),
    "three seconds": _step("wait", 3000),
    "ten seconds": _step("wait", 10_000),
    "a key": _step("keys", "5"),
    "a key that chatters": _step("keys", "5" * 18),
    "a #": _step("keys", "#"),
    "a # that chatters": _step("keys", "#####"),
}


def _house(port: Port) -> People:
    made = type("People", (People,), {"port": port, "figures": Counter()})()
    made.a_house_with_two_leases()
    made.door.do("wait", 3_600_000)
    made.a_guest_comes(2, 4)
    expect_somebody(made)
    return made


def _cases() -> list[tuple[str, str]]:
    """By day each event meets three of the deeds."""
    deeds = list(DEEDS)
    return [
        (what, event)
        for number, event in enumerate(EVENTS)
        for what in (deeds if _BY_NIGHT else [deeds[(5 * number + 4 * n) % len(deeds)] for n in range(3)])
    ]


def _places(case: str, keys: int, begins: int) -> range:
    """In front of which keys it happens: by day in front of one, in the dialogue if there is one."""
    first = min(begins, keys - 1)
    one = first + zlib.crc32(case.encode()) % (keys - first)
    return range(keys + 1) if _BY_NIGHT else range(one, one + 1)


@pytest.mark.parametrize(("what", "event"), _cases())
def test_what_is_said_in_a_dialogue_is_so_whatever_happens_in_it(
    one_port: Port, what: str, event: str
) -> None:
    deed, happens = DEEDS[what], EVENTS[event]
    keys = deed.keys()
    begins = keys.index(("keys", "#")) + 1
    people = _house(one_port)
    for place in _places(what + event, len(keys), begins):
        said = []
        for number, step in enumerate([*keys, ("wait", 0)]):
            if number == place:
                said += happens(people)
            said += does(people, *step).said
        does(people, "wait", 30_000)
        is_done = "kept" in said
        if event in ENDING and begins <= place < len(keys):
            assert not is_done, f"it was over, by {keys[:place]}"
        theirs = deed.ways(is_done)
        found = [way for way in ways(people) if way in theirs or way not in STAFFS.get(event, ())]
        assert found == theirs, (keys[:place], said)
        if is_done or event.startswith("a list"):
            people = _house(one_port)


_ENDS = [what for what in DEEDS if what != "moves out as the last"]


@pytest.mark.parametrize("what", _ENDS if _BY_NIGHT else _ENDS[::3])
def test_what_is_chosen_as_the_lease_ends_is_nobodys_and_the_next_may_have_it(
    one_port: Port, what: str
) -> None:
    """In the middle of a dialogue the last day is over, and the list comes that has the lease no more."""
    people = _house(one_port)
    _wait_until(people, people.house.terms[1].end - 2)
    keys = DEEDS[what].keys()
    begins = min(keys.index(("keys", "#")) + 1, len(keys) - 1)
    for number, step in enumerate(keys):
        if number == begins:
            _wait_until(people, people.house.terms[1].end)
            assert _publish_without_lease_1(people, CODES[5])
        does(people, *step)
    does(people, "days", 1)
    assert ways(people) == [(PIN, PINS[1]), (CARD, CARDS[1])]
    assert "enrolling" in does(people, "keys", f"{CODES[5]}#").said
    assert "kept" in does(people, "keys", f"{FREE}#{FREE}#").said
    for card in (CARD_OF_NOBODY, CARDS[0]):
        does(people, "keys", f"{FREE}*2#")
        assert "kept" in does(people, "card", card).said, card
    assert "kept" in does(people, "keys", f"{FREE}*1#{PINS[0]}#{PINS[0]}#").said


def _wait_until(people: People, moment: int) -> None:
    days = (moment - people.house.now) // DAY
    if days > 1:
        does(people, "days", days - 1)
        does(people, "sntp", people.house.now)
    for _ in range(50):
        does(people, "wait", min(max(0, moment - people.house.now), 3600) * 1000)


def _publish_without_lease_1(people: People, code: str) -> bool:
    new, now = people.listing(), people.house.now
    new.entries = {token: entry for token, entry in new.entries.items() if entry.lease != 1}
    new.entries[PIN, code] = Entry(MOVE_IN, 3)
    new.terms = {2: new.terms[2], 3: Term(now - DAY, now + 100 * DAY)}
    return people.door.publish(new, now).version == new.version
