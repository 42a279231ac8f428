"""One door in a test: does things at the whole lock, and holds what comes of it against the model."""

import json
import re
from collections import Counter
from dataclasses import dataclass

from menshen.operator import lists
from tests.models.conftest import Port
from tests.models.helpers.people_model import CARD, HOUR, KEY, PIN, Household, Listing, Resident, Token

T0 = 1_800_000_000
LONGEST_WAIT_MS = 300_000
FORGOTTEN_MS = 10_000  # what nobody finishes
HELD_MS = 9000  # after so long the bolt is held again
LIGHT_MS = 20_000  # the longest time for which a dialogue waits
_SETTINGS = {
    "lock": "demo",
    "key": KEY.hex(),
    "wifi": {"ssid": "house", "password": "no-secret-here"},
    "broker": {"host": "broker", "tls": False},
    "cards": {"plain_uid": True},
    "time": {"floor": T0 - 86_400},
    "phone": {"remote": True},
}
_EXPECTED = ("there is no whole list of credentials", "using the copy of ")
NEW_WAY, NOTICE = "new way in", "notice"
WRITING = ("keys", "card", "deliver", "days")
"""Steps in which something may be written as the power goes."""

TABLES_MAX = 60_000
"""Bytes that all tables and NVS may take together, whoever does what; the list is not among them."""


@dataclass
class Found:
    """What one step at the lock has led to."""

    opened: int
    free: bool
    said: list[str]
    told: list[list]
    asked: list[str]
    resets: int
    fell: bool
    failed: int
    version: int
    off: int | None
    trust: str
    now: int
    blue: bool
    faults: list[str]


def is_over(found: Found) -> bool:
    """Whether the dialogue that was begun may be over already."""
    return found.fell or (found.failed > 0 and not found.blue)


def is_unsure(found: Found) -> bool:
    """Whether it may be done or not: the power went or a write failed, and nothing said that it is kept."""
    return (found.fell or found.failed > 0) and "kept" not in found.said


class Door:
    """The lock in the Unix port, and who may come in by the model. `figures` counts what was done."""

    def __init__(self, port: Port, figures: Counter) -> None:
        self.port, self.figures = port, figures
        self.house = Household()
        self.clock_is_right = self.blue = self.is_passage = False
        self.is_sound = True
        self.challenge = ""  # of the lock's last state
        self._is_begun = False  # digits lie in the keypad, behind which a code would be another one
        self._asking: Resident | None = None  # whose dialogue was begun last: they know what it waits for
        self._cut = (0, 0)
        self.wears = 0  # steps for which writes fail
        self.heads: list[tuple[Listing, str]] = []
        self._take(Found(**port.ask("new", arguments=[_SETTINGS, T0])))

    # one step

    def cut_next(self, operation: int, seed: int) -> None:
        """The power goes in this flash operation of the next step that may write, if it has so many."""
        self._cut = operation, seed

    def wear(self, operation: int, what: int, steps: int) -> None:
        """From this write on flash or NVS fail, until so many steps that may write are over."""
        self.wears = steps
        self.port.ask("step", arguments=[0, 0, "wears", operation, what])

    def do(self, name: str, *arguments: object, may_open: bool = False) -> Found:
        """One step; nothing opens that may not, and nothing is wrong in the lock by its own account."""
        cut = 0, 0
        if name in WRITING:
            cut, self._cut = self._cut, cut
        self.is_sound = False  # until the rule has ended well
        self.figures["steps"] += 1
        self.figures[name] += 1
        found = Found(**self.port.ask("step", arguments=[*cut, name, *arguments]))
        if self.wears and name in WRITING:
            self.wears -= 1
            if not self.wears:
                self.wear(0, 3, 0)
        self._follow(name, arguments, found.fell)
        self.figures["cuts"] += found.fell
        self.figures["failed"] += found.failed
        self.figures["opened"] += found.opened
        assert may_open or not found.opened, f"the door opened, and nobody had a way in: {name} {arguments}"
        if found.fell or found.resets or name == "restart":
            self.is_passage = False
        is_long = name == "wait" and arguments[0] >= HELD_MS  # type: ignore[operator]
        assert self.is_passage or not (is_long and found.free), "the bolt is free, and nobody came"
        if found.opened or found.fell:
            self._is_shown(name, arguments, found)
        self._take(found)
        return found

    def _is_shown(self, name: str, arguments: tuple, found: Found) -> None:
        """A resident who comes in sees that a way in was added, once; and nobody sees it for nothing."""
        typed = set(re.split("[#*]", "".join(part for part in arguments if isinstance(part, str))))
        residents = self.house.residents
        own = [r for r in residents if (typed & r.cards if name == "card" else r.pin in typed)]
        is_shown = NEW_WAY in found.said
        if len(own) == 1 and own[0] in self.house.living() and not found.fell:
            assert is_shown or NOTICE in found.said or not own[0].sees, "somebody got a way in unseen"
            assert not is_shown or own[0].may_see, "a way in is shown, and nobody got one"
            own[0].void_at = own[0].void_at if found.failed else 0
        for resident in own:  # where a cut or two codes leave it open who has seen it, nobody need see it
            waits = NOTICE in found.said and not is_shown  # one thing at each entry
            resident.sees = resident.sees and not found.fell and waits
            is_open = len(own) > 1 or found.fell or found.failed > 0
            resident.may_see = (resident.may_see and waits) or bool(is_open)

    def _follow(self, name: str, arguments: tuple, fell: bool) -> None:
        """Whether digits lie in the keypad."""
        if name == "keys":
            typed = [part for part in arguments if isinstance(part, str) and part]
            self._is_begun = bool(typed) and not typed[-1].endswith("#")
        last = arguments[-1] if arguments else 0
        is_long = name in ("keys", "wait") and isinstance(last, int) and last >= FORGOTTEN_MS
        if fell or name in ("restart", "days") or is_long:
            self._is_begun = False

    def _clear(self) -> str:
        """What somebody presses first who finds digits there: whoever comes later need not."""
        return "**" if self._is_begun else ""

    def _take(self, found: Found) -> None:
        self.house.now, self.blue = found.now, found.blue
        for state in [payload for leaf, payload in found.told if leaf == "state"]:
            self.challenge = json.loads(state)["challenge"]
        if not self.clock_is_right:
            self.house.clock_lies()
        if found.fell:
            self.clock_is_right = False
            self.house.restarts += 1
        else:
            faults = [fault for fault in found.faults if not fault.startswith(_EXPECTED)]
            assert found.failed or not faults, faults

    # people at the door

    def dark(self) -> None:
        """Whoever comes now finds the light dark: it is blue for no longer than a dialogue waits."""
        if self.blue:
            self.do("wait", LIGHT_MS)
        assert not self.blue, "a dialogue that does not end"

    def enter(self, digits: str, opens: bool | None, before: str = "") -> Found:
        """A PIN or code at the keypad, once the throttle's wait is over."""
        found = self.do("keys", f"{before or self._clear()}{digits}#", may_open=opens is not False)
        if "throttled" in found.said and not found.fell:
            self.figures["waits"] += 1
            self.do("wait", LONGEST_WAIT_MS)
            found = self.do("keys", f"{digits}#", may_open=opens is not False)
            assert "throttled" not in found.said, "a wait of more than five minutes"
        if not found.fell and opens is not None:
            assert bool(found.opened) == opens, (digits, opens, found)
        return found

    def present(self, token: Token) -> Found:
        """Somebody tries a PIN or a card: it opens if it is somebody's way in, and else it does not."""
        self.dark()
        opens = self.house.opens(token, self.clock_is_right)
        if token[0] == PIN:
            return self.enter(token[1], opens)
        found = self.do("card", token[1], may_open=opens is not False)
        if not found.fell and opens is not None:
            assert bool(found.opened) == opens, (token, opens, found)
        if found.opened and not (found.fell or found.failed):
            self.house.void_at.pop(token, None)
        return found

    def comes_home(self, resident: Resident, manner: str = "") -> Found:
        """A resident comes in by their own PIN, whatever others have left at the keypad."""
        if resident is self._asking:
            self.dark()
        opens = self.house.opens((PIN, resident.pin), self.clock_is_right)
        if manner == "later":
            self.do("wait", 10_000)
        return self.enter(resident.pin, opens, "**" if manner == "clears" else "")

    def asks(self, resident: Resident, order: str, *more: str | int) -> Found:
        """`PIN * order #` by a resident, and what they type after it; tried again after the throttle's wait.

        What they type may be somebody's, and opens then.
        """
        self.dark()
        self._asking = resident
        opens = any(str(part).split("#")[0] in self.house.known() for part in more)
        found = self.do("keys", f"{self._clear()}{resident.pin}*{order}#", *more, may_open=opens)
        if "throttled" in found.said and not found.fell:
            self.do("wait", LONGEST_WAIT_MS)
            found = self.do("keys", f"{resident.pin}*{order}#", *more, may_open=opens)
        return found

    # what a cut leaves open

    def is_way(self, token: Token) -> bool:
        """Whether it opens, where the model leaves that open: of what was written as the power went."""
        self.do("wait", 1000)
        if token[0] == CARD:
            return bool(self.do("card", token[1], may_open=True).opened)
        return bool(self.enter(token[1], None).opened)

    # the operator, the broker and the clocks

    def publish(self, listing: Listing, signed: int, retained: bool = False) -> Found:
        """A list of the operator's: what is in force afterwards is it, or what was."""
        data = listing.snapshot()
        for topic, chunk in lists.chunks(data):
            self.do("keep", topic, chunk.hex())
        head = lists.Head(listing.version, listing.version, data, b"", signed, self.challenge)
        self.heads.append((listing, head.signed("demo", KEY)))
        return self.bring(len(self.heads) - 1, retained)

    def bring(self, number: int, retained: bool) -> Found:
        """The broker brings the head of that number, now or once more."""
        listing, head = self.heads[number]
        for resident in self.house.residents:
            resident.may_see = True
        before = self.house.force.version
        found = self.do("deliver", "list", head, retained)
        assert found.version in (before, listing.version), (before, listing.version, found.version)
        assert found.version >= before, "an older list is in force"
        if found.version == listing.version > before:
            self.house.took(listing)
        return found

    def heal(self, listing: Listing) -> Found:
        """One right answer of SNTP, and one publication, made now."""
        self.do("sntp", self.house.now)
        found = self.publish(listing, self.house.now)
        if not found.fell:
            assert found.trust != "unknown", found
            assert found.off is not None, found
            assert abs(found.off) <= HOUR, f"the clock is {found.off} s off after what should heal it"
            self.clock_is_right = True
        return found

    def sizes(self) -> int:
        """What the tables take, checked."""
        sizes = {name: size for name, size in self.do("sizes").told if name not in ("/access/a", "/access/b")}
        assert sum(sizes.values()) < TABLES_MAX, sizes
        return sum(sizes.values())
