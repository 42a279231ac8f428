"""The whole lock at a broker that is its enemy and holds every message of the past: 100,000 rounds by night.

Lists, orders, commands, states and blobs of any past moment come again, on any topic, retained or not, whole,
mangled, mixed, or signed by keys of the enemy's own; SNTP lies or is silent, the power goes, days pass.
Nothing opens, nothing goes back a step, nothing is obeyed twice, and the residents come in.
"""

import base64
import json
import os
import random
from collections import Counter

import pytest

from menshen.operator import lists
from menshen.operator.commands import Command, staff_key
from menshen.release import publish
from tests.models.conftest import Port
from tests.models.helpers.people_door import T0, Door
from tests.models.helpers.people_model import (
    CARD,
    DAY,
    KEY,
    MOVE_IN,
    PIN,
    STAFF,
    TENANT,
    Entry,
    Listing,
    Term,
)

_BY_NIGHT = bool(os.environ.get("MENSHEN_NIGHTLY"))
_ROUNDS = 100_000 if _BY_NIGHT else 2000
_SIEGE = 500  # rounds with one lock
_HOME_EVERY = 50  # rounds from one entry of a resident to the next
_HOUR_MS = 3_700_000  # and a little
_LATER_MS = 150_000  # longer than a restart that was ordered waits
_CODE, _RESIDENT = "11223377", "902817"
_CARD, _STAFF_CARD, _FRESH = (CARD, b"\4listed".hex()), (CARD, b"\4staff1".hex()), (CARD, b"\4fresh1".hex())
_RELEASES = ["0.2.0", "0.3.0", "0.4.0"]  # by the number of the order; the last is held back
_LISTS = 6  # and so is the last of these
_SNTP = ["silent", "lies", "answers", "lies"]  # from one lock to the next
_TOPICS = ["list", "list", "list", "command", "command", "update", "update", "state", "tenant"]
_ODD = [None, True, 0, 1, -1, 1 << 31, 1 << 70, 0.5, "", "demo", "0" * 64, [], {}]


def _manifest(version: str) -> str:
    return "menshen/v1/release/" + version.replace(".", "-")


class History:
    """What was ever sent to each lock; `blobs` are the chunks by topic."""

    def __init__(self) -> None:
        self.blobs: dict[str, str] = {}
        self.lists = [self._list(version) for version in range(1, _LISTS + 1)]
        self.commands = [
            self._command(n, what) for n, what in ((1, "identify"), (3, "unlock"), (5, "restart"))
        ]
        self.held = [
            self._command(n, what) for n, what in ((2, "unlock"), (4, "restart"), (None, "identify"))
        ]
        self.latest = self._command(6, "unlock")

    def order(self, number: int, echo: str) -> str:
        """The order of that number, made when `echo` was the challenge in the lock's last state."""
        return publish.head("demo", KEY, _RELEASES[number - 1], number, T0 + number, echo)

    def head(self, version: int, echo: str) -> str:
        """The same of a list."""
        data = self.lists[version - 1][1]
        return lists.Head(version, version, data, b"", T0 + 60 * version, echo).signed("demo", KEY)

    def _list(self, version: int) -> tuple[Listing, bytes]:
        entries = {(PIN, _CODE): Entry(MOVE_IN, 1), _CARD: Entry(TENANT, 1), _STAFF_CARD: Entry(STAFF)}
        entries |= {(CARD, bytes((5, version, n)).hex()): Entry(STAFF) for n in range(8 * version)}
        if version == _LISTS:
            entries[_FRESH] = Entry(STAFF)
        listing = Listing(version, entries, {1: Term(T0 - DAY)})
        data = listing.snapshot()
        self.blobs |= {topic: chunk.hex() for topic, chunk in lists.chunks(data)}
        return listing, data

    def _command(self, number: int | None, what: str) -> str:
        command = Command("demo", what, f"a-nonce-{number}", T0 + 600 + (number or 0), 300, number)
        if what != "unlock":
            return command.message(KEY)
        digest = lists.mac(KEY, bytes((CARD,)) + b"\4staff1")[:16]
        return command.message(KEY, credential=digest.hex(), proof=command.proof(staff_key(KEY, digest)))


class Siege:
    """One lock that has lived through a history, and the enemy before it.

    Where SNTP "lies", too, the enemy lacks the one command above all that were obeyed: whoever plays both,
    and cuts the power, has that obeyed after its time (firmware/link/README.md). Else it "answers" after
    each start, before there is a connection, or is "silent".
    """

    def __init__(
        self, port: Port, history: History, dice: random.Random, figures: Counter, sntp: str
    ) -> None:
        self.history, self.dice, self.figures = history, dice, figures
        self.sntp = sntp
        commands = [*history.commands, *history.held]
        self.past = [
            ("command", one) for one in (commands if sntp == "lies" else [*commands, history.latest])
        ]
        self.answers = [T0 + 605, T0 + 601, 1, T0 + 900 * DAY, 4_294_967_295] if sntp == "lies" else []
        self.door = Door(port, figures)
        self._live_through()

    def _live_through(self) -> None:
        """Each message comes once, in its time, but for those that are held back."""
        door, history = self.door, self.history
        door.do("sntp", T0)
        for topic, chunk in history.blobs.items():
            door.do("keep", topic, chunk)
        for version, (listing, _) in enumerate(history.lists[:-1], 1):
            door.heads.append((listing, history.head(version, door.challenge)))
            found = door.bring(version - 1, False)
            assert (found.version, found.trust) == (version, "signed")
        self.heads = [head for _, head in door.heads] + [history.head(_LISTS, door.challenge)]
        door.enter(_CODE, False)
        assert "kept" in door.do("keys", f"{_RESIDENT}#{_RESIDENT}#").said
        for number, release in enumerate(_RELEASES, 1):
            self.past.append(("update", history.order(number, door.challenge)))
            if number < len(_RELEASES):
                asked = door.do("deliver", *self.past[-1], False).asked
                assert _manifest(release) in asked, asked
                door.do("wait", _LATER_MS)  # nobody brings it
        self.past += [("list", head) for head in self.heads]
        door.do("wait", (T0 + 610 - door.house.now) * 1000)
        assert "identify" in door.do("deliver", "command", history.commands[0], False).said
        assert door.do("deliver", "command", history.commands[1], False, may_open=True).opened
        restarts = door.do("deliver", "command", history.commands[2], False).resets
        assert restarts + door.do("wait", _LATER_MS).resets == 1
        door.do("days", 1)
        self.version = _LISTS - 1

    def round(self) -> None:
        """One deed of the enemy, and nothing comes of it."""
        dice, door = self.dice, self.door
        what = dice.randrange(20)
        if what < 14:
            if dice.randrange(4) == 0:
                door.cut_next(dice.randrange(1, 8), dice.randrange(99))
            topic, message = self._message()
            found = door.do("deliver", topic, message, bool(dice.randrange(2)))
        elif what < 15:
            topic = dice.choice(list(self.history.blobs))
            right = self.history.blobs[topic]
            found = door.do("keep", topic, dice.choice([right, right, right[:-2], "", "00" * 2048]))
        elif what < 17 and self.sntp != "silent":
            found = door.do("sntp", dice.choice([door.house.now, *self.answers]))
        elif what < 18:
            found = door.do("restart", bool(dice.randrange(2)))
        elif what < 19:
            found = door.do("wait", _LATER_MS)
        else:
            found = door.do("days", 1)
        if self.sntp == "answers" and (found.fell or found.trust == "unknown"):
            door.do("sntp", door.house.now)
        assert "identify" not in found.said, "a command was obeyed twice, or after its time"
        assert not found.resets, "a restart that nobody ordered"
        assert self.version <= found.version <= _LISTS, "a list of before is in force"
        releases = {topic for topic in found.asked if "/release/" in topic}
        assert releases <= {_manifest(version) for version in _RELEASES[1:]}, releases
        self.version = found.version

    def _message(self) -> tuple[str, str]:
        dice = self.dice
        topic, message = dice.choice(self.past)
        kind = dice.randrange(10)
        if kind < 2:
            message = self._mangled(message)
        elif kind < 3:
            others = [dice.choice(self.past)[1].split(".") for _ in range(3)]
            message = ".".join(parts[n] for n, parts in enumerate(others))
        elif kind < 5:
            message = self._forged(message, topic)
        if dice.randrange(5) == 0:
            topic = dice.choice(_TOPICS)
        self.figures[topic] += 1
        return topic, message

    def _mangled(self, message: str) -> str:
        place, size = self.dice.randrange(len(message)), self.dice.randrange(1, 40)
        return (
            message[:place]
            + self.dice.choice(["", ".", "A", "\0", "ü", message[:size]])
            + message[place + 1 :]
        )

    def _forged(self, message: str, topic: str) -> str:
        """What the message says, and something else, under another key, or none."""
        body = message.split(".")[1]
        said = json.loads(base64.urlsafe_b64decode(body + "=="))
        said[self.dice.choice(list(said))] = self.dice.choice(_ODD)
        said["version"] = self.dice.choice([said.get("version", 9), 9, 1 << 29])
        key = bytes((self.dice.randrange(1, 256),)) * 32
        return lists.signed("demo", key, f"menshen {topic} v1".encode(), said)

    def home(self) -> None:
        """The resident comes home, and their card opens, whatever the enemy does."""
        self.door.cut_next(0, 0)
        self.door.do("wait", 20_000)
        assert self.door.enter(_RESIDENT, True).opened
        assert self.door.do("card", _CARD[1], may_open=True).opened

    def end(self) -> None:
        """The enemy is gone, and what it held back comes: the newest list is taken."""
        self.home()
        for topic, chunk in self.history.blobs.items():
            self.door.do("keep", topic, chunk)
        for head in self.heads[-2:]:
            found = self.door.do("deliver", "list", head, True)
        assert found.version == _LISTS
        assert self.door.do("card", _FRESH[1], may_open=True).opened


@pytest.mark.slow
def test_an_enemys_broker_opens_nothing_and_brings_nothing_back(house_port: Port) -> None:
    figures: Counter = Counter()
    history, dice = History(), random.Random(2026)
    for n in range(_ROUNDS // _SIEGE):
        siege = Siege(house_port, history, dice, figures, _SNTP[n % len(_SNTP)])
        for number in range(_SIEGE):
            siege.round()
            if number % _HOME_EVERY == _HOME_EVERY - 1:
                siege.home()
        siege.end()
    print(f"{_ROUNDS} rounds: {dict(figures)}")


@pytest.mark.slow
def test_a_lock_whose_sntp_is_silent_takes_no_time_from_a_list_that_was_held_back(house_port: Port) -> None:
    """The broker alone could else have a command obeyed after its time, that it held back as well."""
    history = History()
    siege = Siege(house_port, history, random.Random(1), Counter(), "silent")
    door = siege.door
    for is_cold in (True, False):
        assert door.do("restart", is_cold).trust == "unknown"
        for message in siege.past:
            if message[0] != "command":
                assert door.do("deliver", *message, False).trust == "unknown"
        for command in [*history.held, history.latest]:
            assert not door.do("deliver", "command", command, False).opened
    listing = history.lists[-1][0]
    first = door.publish(listing.copy(_LISTS + 1), door.house.now)
    assert (first.trust, first.off) == ("network", 0), "made now, and a day and more after the one before"
    before = door.challenge
    door.do("wait", _HOUR_MS)
    fresh, door.challenge = door.challenge, before
    assert door.publish(listing.copy(_LISTS + 2), door.house.now).trust == "network", "held back for an hour"
    door.challenge = fresh
    assert door.publish(listing.copy(_LISTS + 3), door.house.now).trust == "signed", "two agree"
