"""The people's lock with cards that prove themselves: what is laid to its reader, and what opens then."""

import copy
from collections import Counter
from collections.abc import Sequence
from dataclasses import dataclass

from menshen.desk import house_keys
from menshen.desk.house_keys import HouseKeys
from menshen.desk.personalise import hand_out
from menshen.operator import lists
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card
from menshen.simulator.cards.ntag424 import Ntag424
from tests.models.conftest import HousePort
from tests.models.helpers.people_dialogues import does
from tests.models.helpers.people_door import Found
from tests.models.helpers.people_model import KEY, Listing
from tests.models.helpers.radio import Radio
from tests.models.test_people_model import CARDS, PINS, People

HOUSE, REFERENCE = bytes(range(16)), 2
NEW = bytes.fromhex("04a1b2c3d4e5f6")
LEASE_OF_ONE = 2  # PINS[1]'s
_EXPECTED = "using the copy of "


class CardedPort(HousePort):
    """The lock of tests/unit/helpers/carded_lock.py; its reader is answered while a step is done."""

    program = "import carded_lock; carded_lock.main()"
    heap = "64m"  # a story is short

    def __init__(self) -> None:
        super().__init__()
        self.radio = Radio()

    def tell(self, question: dict[str, object]) -> dict[str, object]:
        """As another port."""
        answer = super().tell(question)
        while "asks" in answer:
            answer = super().tell(self.radio.answer(answer["asks"], bytes.fromhex(answer["data"])))
        return answer

    def close(self) -> None:
        """End the process, and the radio's loop."""
        super().close()
        self.radio.loop.close()


def fresh(kind: str) -> Ev2Card:
    """A factory-fresh card; or a DESFire that has an application of another door."""
    if kind == "ntag424":
        return Ntag424("new", NEW)
    card = Desfire("new", NEW, 3)
    return CardSecret(bytes(range(32))).enrol(card) if kind == "desfire of another door" else card


def emptied(card: Card) -> None:
    """Its issuer has deleted all that doors have made on it."""
    assert isinstance(card, Desfire)
    for application in [name for name, each in card.applications.items() if not each.is_card]:
        del card.applications[application]


def failures(card: Card) -> int:
    """How often it has met a wrong key."""
    return sum(slot.total_failures for slot in card.slots()) if isinstance(card, Ev2Card) else 0


def _handed_out(card: Ev2Card) -> Ev2Card:
    card.power(True)
    hand_out(card.exchange, HouseKeys(HOUSE))
    card.power(False)
    return card


@dataclass
class _Listing(Listing):
    """One that has a house key, and cards that were handed out."""

    records: tuple[bytes, ...] = ()

    def snapshot(self) -> bytes:
        return lists.snapshot([*lists.records_of(super().snapshot()), *self.records])


class CardedLock:
    """In each of its states everybody is in, and has a card that shows its number. In "first" no card that
    proves itself was ever added. In "more" two residents have one each, and in "house" the third has two
    that were handed out, too. `cards` are those that open.
    """

    STATES = ("first", "more", "house")

    def __init__(self, port: CardedPort) -> None:
        self.port = port
        self.people = type("People", (People,), {"port": port, "figures": Counter()})()
        self.people.a_house_with_two_leases()
        self.people.door.do("wait", 3_600_000)
        self._states: dict[str, dict[str, Card]] = {}
        self.cards: dict[str, Card] = {"plain": Card("plain", bytes.fromhex(CARDS[1]), sel_res=0x08)}
        self._keep("first")
        self.cards |= {
            "ntag": Ntag424("ntag", bytes.fromhex("04010203040501")),
            "desfire": Desfire("desfire", bytes.fromhex("04010203040502"), 3),
        }
        for name, pin in ("ntag", PINS[0]), ("desfire", PINS[2]):
            assert "enrolling" in self.keys(f"{pin}*2#").said
            assert "kept" in self.tap(self.cards[name]).said
        self._keep("more")
        self._hand_out()
        self._keep("house")

    def _hand_out(self) -> None:
        self.cards |= {
            "flat": _handed_out(Ntag424("flat", bytes.fromhex("04010203040503"))),
            "house": _handed_out(Desfire("house", bytes.fromhex("04010203040504"), 3)),
        }
        records = [*house_keys.records(REFERENCE, house_keys.wrapped(HOUSE, KEY, REFERENCE))]
        for name in ("flat", "house"):
            digest = house_keys.digest(KEY, REFERENCE, self.cards[name].uid)
            record = lists.Record(digest, lists.TENANT, lists.CARD, LEASE_OF_ONE, key_ref=REFERENCE)
            records.append(record.data())
        listing = self.people.listing()
        new = _Listing(listing.version, listing.entries, listing.terms, tuple(records))
        assert self.people.door.heal(new).version == new.version

    def _keep(self, name: str) -> None:
        does(self.people, "wait", 60_000)
        does(self.people, "keep_all", name)
        self._states[name] = copy.deepcopy(self.cards)
        self._sound()

    def _sound(self) -> None:
        for card in self.cards.values():
            self.opens(card)  # what is new is shown
            assert self.opens(card), card.name

    def begin(self, state: str, reorders: bool = False) -> None:
        """The lock and its cards are as they were then."""
        self.cards = copy.deepcopy(self._states[state])
        does(self.people, "take_back", state, reorders)

    def keys(self, keys: str, cut: tuple[int, int] = (0, 0)) -> Found:
        """Somebody presses these."""
        return self._step(cut, "keys", keys)

    def tap(self, card: Card, later: Sequence[Card] = (), cut: tuple[int, int] = (0, 0)) -> Found:
        """Lay it down, and take it away; what lies there `later` is taken away after the lock has started.

        A cut may fall as late as when the card is gone.
        """
        self.port.radio.lay([card], later)
        found = self._step(cut, "lay", True)
        self.port.radio.lay([])
        left = 0 if found.fell else max(0, cut[0] - found.told[-1][1])
        gone = self._step((left, cut[1]), "lay", False)
        assert not gone.opened, "a card that is gone opens"
        found.fell |= gone.fell
        return found

    def cut_start(self, operation: int, seed: int) -> bool:
        """In this write of the next start the power goes; whether it has gone in the one before."""
        return does(self.people, "cut_start", operation, seed).told[0][1]

    def opens(self, card: Card) -> bool:
        """Whether it opens, once."""
        found = self.tap(card)
        assert found.opened <= 1
        return bool(found.opened)

    def _step(self, cut: tuple[int, int], name: str, *arguments: object) -> Found:
        found = Found(**self.port.ask("step", arguments=[*cut, name, *arguments]))
        self.people.house.now = found.now
        wrong = [fault for fault in found.faults if not fault.startswith(_EXPECTED)]
        assert found.fell or not wrong, wrong  # of a flash without power the lock complains
        return found

    def all_open(self, but: Sequence[str] = ()) -> None:
        """Whatever opened before opens, and nobody has tried a wrong key on it."""
        for name, card in self.cards.items():
            if name not in but:
                assert self.opens(card), name
                assert not failures(card), name

    def adds(self, card: Card, pin: str, is_known: bool = False) -> None:
        """Somebody adds it: it opens if it was stored before, or else is kept; from then on it opens."""
        is_known = self.opens(card) or is_known
        assert "enrolling" in self.keys(f"{pin}*2#").said
        found = self.tap(card)
        assert found.opened if is_known else "kept" in found.said, (is_known, found)
        assert self.opens(card)
        assert not failures(card)
