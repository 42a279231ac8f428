"""Each dialogue of the keypad at the people's lock, what it takes away and gives, and what opens then."""

from dataclasses import dataclass

from tests.models.helpers.people_door import Found
from tests.models.helpers.people_from_afar import CODES
from tests.models.helpers.people_model import CARD, MOVE_IN, PIN, Entry, Token
from tests.models.test_people_model import CARDS, PINS, People

FREE = "664208"  # a PIN that nobody has
CARD_OF_NOBODY = bytes((4, 9, *b"mensh")).hex()
_CODE = CODES[3]
_FIRST = [(PIN, pin) for pin in PINS[:3]] + [(CARD, uid) for uid in CARDS[:3]]
WAYS: list[Token] = [*_FIRST, (PIN, FREE), (CARD, CARD_OF_NOBODY)]

Step = tuple[str, str] | tuple[str]


@dataclass(frozen=True)
class Deed:
    """What somebody does: keys, or a card or phone at the reader. What opens no more then, and what does."""

    steps: tuple[Step, ...]
    goes: tuple[Token, ...] = ()
    comes: tuple[Token, ...] = ()

    def ways(self, is_done: bool) -> list[Token]:
        """What of WAYS opens, once it is done or as it was before."""
        here = [*_FIRST, *self.comes] if is_done else _FIRST
        return [way for way in WAYS if way in here and not (is_done and way in self.goes)]

    def keys(self) -> list[Step]:
        """Its steps key by key."""
        found: list[Step] = []
        for step in self.steps:
            found += [("keys", key) for key in step[1]] if step[0] == "keys" else [step]
        return found


_PHONE = ("phone",)
DEEDS = {
    "changes the PIN": Deed((("keys", f"{PINS[0]}*1#{FREE}#{FREE}#"),), ((PIN, PINS[0]),), ((PIN, FREE),)),
    "adds a card": Deed((("keys", f"{PINS[0]}*2#"), ("card", CARD_OF_NOBODY)), (), ((CARD, CARD_OF_NOBODY),)),
    "removes a card": Deed((("keys", f"{PINS[0]}*3#"), ("card", CARDS[0])), ((CARD, CARDS[0]),)),
    "removes all cards": Deed((("keys", f"{PINS[0]}*30#"),), ((CARD, CARDS[0]),)),
    "guest key": Deed((("keys", f"{PINS[0]}*4#"), _PHONE)),
    "new guest key": Deed((("keys", f"{PINS[0]}*40#"), _PHONE)),
    "agrees to an end": Deed((("keys", f"{PINS[0]}*5#010227#"),)),
    "gives notice": Deed((("keys", f"{PINS[0]}*7#"),)),
    "keeps a log": Deed((("keys", f"{PINS[0]}*8#"), _PHONE)),
    "moves out": Deed((("keys", f"{PINS[0]}*9#{PINS[0]}#"),), ((PIN, PINS[0]), (CARD, CARDS[0]))),
    "moves out as the last": Deed((("keys", f"{PINS[1]}*9#{PINS[1]}#"),), ((PIN, PINS[1]), (CARD, CARDS[1]))),
    "moves in": Deed((("keys", f"{_CODE}#{FREE}#{FREE}#"),), (), ((PIN, FREE),)),
}


def does(people: People, name: str, *arguments: object) -> Found:
    """One step; nobody minds here who comes in, or what the lock complains of."""
    found = Found(**people.door.port.ask("step", arguments=[0, 0, name, *arguments]))
    people.house.now = found.now
    return found


def ways(people: People) -> list[Token]:
    """What of WAYS opens."""
    found = []
    for kind, value in WAYS:
        if kind == PIN:
            does(people, "wait", 300_000)  # the throttle's longest wait
        if does(people, *(("keys", f"**{value}#") if kind == PIN else ("card", value))).opened:
            found.append((kind, value))
    return found


def expect_somebody(people: People) -> None:
    """A list has a code to move in."""
    new = people.listing()
    new.entries[PIN, _CODE] = Entry(MOVE_IN, 1)
    people.door.publish(new, people.house.now)
    does(people, "wait", 60_000)
