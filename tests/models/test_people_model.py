"""The whole lock against people: residents, a flatmate, a guest, staff, a stranger, a landlord with the key.

The stranger may press any key at any time; the operator may send any list that the lock's key can sign; the
landlord moves in by a code; the broker keeps, drops and repeats; clocks lie; the power goes in any flash
operation. What must hold at every step:

(a) a resident inside the lease opens with their own PIN, within one entry once the throttle's wait is over;
(b) nobody opens who was never given a way in by a resident or, seen by the residents, by the operator;
(c) nothing of a running lease is gone that its residents did not take away or let pass;
(d) every table is bounded, and no lease starves another;
(e) after the last lie of a clock one right answer and one publication heal it.

No rule has a precondition: what is drawn depends on nothing that the lock does. The model
(helpers/people_model.py) is written from what is promised, and knows nothing of the firmware's code.
"""

import datetime as dt
import os
from collections import Counter

import hypothesis
from hypothesis import strategies as st
from hypothesis.stateful import (
    initialize,
    invariant,
    rule,
    run_state_machine_as_test,
)

from menshen.operator import lists
from tests.models.conftest import Port
from tests.models.helpers.people_door import LONGEST_WAIT_MS, T0, Door, is_over, is_unsure
from tests.models.helpers.people_from_afar import (
    CODES,
    LISTED_CARD,
    PASSAGE_PIN,
    STAFF_PIN,
    TIMED_PIN,
)
from tests.models.helpers.people_model import (
    CARD,
    DAY,
    MOVE_IN,
    PIN,
    STAFF,
    TENANT,
    Entry,
    Resident,
    Term,
)
from tests.models.helpers.people_visitors import Visitors

_BY_NIGHT = bool(os.environ.get("MENSHEN_NIGHTLY"))
_RUNS, _STEPS = (2000, 250) if _BY_NIGHT else (200, 30)

PINS = ["902817", "735194", "1357924", "80804231", "246810", "5091723846", "662041", "318529"]
CARDS = [bytes((4, n, *b"mensh")).hex() for n in range(8)]

_any = st.integers(0, 99)
_pin = st.sampled_from(PINS)
_then = st.sampled_from([0, 1, 3])  # days
_manner = st.sampled_from(["", "later", "clears"])
_ending = st.sampled_from(["leaf", "waits", "stands"])
_half = st.sampled_from(["", "9", "12#", "1111#", "735194#", "735194#246810#", "*", "**", "246810*9"])
_noise = st.one_of(
    st.text("0123456789*#", min_size=1, max_size=14),
    st.sampled_from(["*", "**", "*1#", "*9#", "*2#", "*30#", "1234", "#", "12*", "9#"]),
    st.sampled_from(PINS).map(lambda pin: f"{pin}#{pin}#"),
    st.tuples(
        st.sampled_from(PINS), st.sampled_from(["1", "2", "3", "30", "4", "5", "50", "7", "9", "0"])
    ).map(lambda found: f"{found[0]}*{found[1]}#{found[0]}#"),
)


class People(Visitors):
    """`port` and `figures` are set before it runs."""

    port: Port
    figures: Counter

    def __init__(self) -> None:
        super().__init__()
        self.door = Door(self.port, self.figures)
        self.house = self.door.house
        self.figures["runs"] += 1

    @initialize()
    def a_house_with_two_leases(self) -> None:
        """Two residents in lease 1, which ends; one in lease 2, which does not."""
        self.door.do("sntp", T0)
        first = self.listing()
        first.entries = {
            (PIN, CODES[0]): Entry(MOVE_IN, 1),
            (PIN, CODES[1]): Entry(MOVE_IN, 2),
            LISTED_CARD: Entry(TENANT, 2),
            STAFF_PIN: Entry(STAFF),
            PASSAGE_PIN: Entry(lists.STAFF_PASSAGE),
            TIMED_PIN: Entry(STAFF, 0, T0 + DAY, T0 + 20 * DAY),
        }
        first.terms = {1: Term(T0 - DAY, T0 + 100 * DAY), 2: Term(T0 - DAY)}
        assert self.door.heal(first).version == 1
        self._move_in(CODES[0], PINS[0])
        self._move_in(CODES[1], PINS[1])
        second = self.listing()
        del second.entries[PIN, CODES[0]]
        second.entries[PIN, CODES[2]] = Entry(MOVE_IN, 1)
        assert self.door.heal(second).version == 2
        self._move_in(CODES[2], PINS[2])
        for number, resident in enumerate(self.house.residents):
            self._add_card(resident, CARDS[number])

    def _move_in(self, code: str, pin: str) -> None:
        self.door.dark()
        found = self.door.enter(code, False)
        if found.fell:
            return
        assert "enrolling" in found.said, (code, found)
        found = self.door.do("keys", f"{pin}#{pin}#", may_open=pin in self.house.known())
        if is_unsure(found) and not self._is_used_up(code, pin):
            return
        if is_unsure(found) or "kept" in found.said:
            assert pin not in self.house.taken(), "somebody else's PIN was taken"
            self.house.moved_in(code, pin)
        elif not self.house.former & {(PIN, pin)}:
            assert pin in self.house.known() or "throttled" in found.said, found

    def _is_used_up(self, code: str, pin: str) -> bool:
        """Whether it was before the power went; the PIN may be that of somebody whose lease may be over."""
        if not self.door.is_way((PIN, pin)):
            return False
        return pin not in self.house.known() or "enrolling" not in self.door.enter(code, None).said

    # residents

    @rule(who=_any, manner=_manner)
    def comes_home(self, who: int, manner: str) -> None:
        resident = self.someone(who)
        self.door.comes_home(resident, manner)

    @rule(who=_any, which=_any)
    def a_card_is_held_to_the_reader(self, who: int, which: int) -> None:
        resident = self.someone(who)
        cards = sorted(resident.cards)
        if not cards:
            return
        self.door.dark()
        self.door.present((CARD, cards[which % len(cards)]))

    @rule()
    def the_lists_card_is_held_to_the_reader(self) -> None:
        for token in self.house.given:
            self.door.present(token)

    @rule(who=_any, pin=_pin)
    def changes_the_pin(self, who: int, pin: str) -> None:
        resident = self.someone(who)
        old = resident.pin
        taken = self.house.taken() - {old}
        found = self.door.asks(resident, "1", f"{pin}#{pin}#")
        if is_unsure(found) and pin != old:
            is_new = pin not in taken and self.door.is_way((PIN, pin))
            if is_new and pin in self.house.known():  # of somebody whose lease may be over
                is_new = not self.door.is_way((PIN, old))
        else:
            is_new = "kept" in found.said
        if is_new:
            assert pin not in taken, "somebody else's PIN was taken"
            self.house.chose(resident, pin)
        self.door.comes_home(resident)

    @rule(who=_any, order=st.sampled_from("1239"), half=_half, ending=_ending, other=_any)
    def leaves_a_dialogue_unfinished(self, who: int, order: str, half: str, ending: str, other: int) -> None:
        resident = self.someone(who)
        if any(pin in half for pin in self.house.known()) or half.count("735194#") > 1:
            return
        found = self.door.asks(resident, order, half)
        if found.fell:
            return
        if ending == "leaf":
            self.door.do("leaf")
        elif ending == "waits":
            self.door.do("wait", 20_000)
        else:  # another one comes, and does not know what has been begun; but whose dialogue it is does
            at_door = self.someone(other)
            if at_door is not resident:
                self.door.comes_home(at_door, "clears" if half[-1:] not in ("#", "") else "")

    @rule(who=_any, uid=st.sampled_from(CARDS))
    def adds_a_card(self, who: int, uid: str) -> None:
        resident = self.someone(who)
        if len(resident.cards) < 3:
            self._add_card(resident, uid)

    def _add_card(self, resident: Resident, uid: str) -> None:
        found = self.door.asks(resident, "2")
        if is_over(found):
            return
        opens = self.house.opens((CARD, uid), self.door.clock_is_right)
        found = self.door.do("card", uid, may_open=opens is not False)
        assert not opens or "kept" not in found.said, "somebody's card was added by another"
        if is_unsure(found) and not opens:
            if opens is None:  # it is theirs, or that of somebody whose lease may be over: it is given up
                self.door.asks(resident, "3")
                if "kept" in self.door.do("card", uid, may_open=True).said:
                    self.house.former.add((CARD, uid))
            elif self.door.is_way((CARD, uid)):
                self.house.added(resident, uid)
        elif "kept" in found.said:
            self.house.added(resident, uid)
        else:  # of whoever's lease is over it may still be
            assert opens is not False, found

    @rule(who=_any, which=_any, every=st.booleans())
    def removes_cards(self, who: int, which: int, every: bool) -> None:
        resident = self.someone(who)
        cards = sorted(resident.cards)
        if not cards:
            return
        card = cards[which % len(cards)]
        found = self.door.asks(resident, "30" if every else "3")
        if not (every or is_over(found)):
            found = self.door.do("card", card)
        if not is_unsure(found):
            assert "kept" in found.said, found
            self.house.removed(resident, set(cards) if every else {card})
            self.house.withdrew(resident, every)
            self.door.do("wait", 3000)  # the list's are looked for in the background
        else:
            self.house.removed(resident, {uid for uid in cards if not self.door.is_way((CARD, uid))})
            kept = self.house.given.keys() - self.house.withdrawn
            if not all(self.door.is_way(token) for token in sorted(kept)):
                assert every
                self.house.withdrew(resident, every)

    @rule(which=_any, pin=_pin)
    def moves_in(self, which: int, pin: str) -> None:
        """Whoever has a code: somebody new, or the landlord."""
        codes = [v for (_, v), e in self.house.force.entries.items() if e.role == MOVE_IN]
        codes = [code for code in codes if code not in self.house.used]
        if codes:
            code = codes[which % len(codes)]
            lease = self.house.force.entries[PIN, code].lease
            if (
                self.house.inside(lease)
                and lease not in self.house.left
                and sum(r.lease == lease for r in self.house.residents) < 8
            ):
                self._move_in(code, pin)

    @rule(who=_any)
    def moves_out(self, who: int) -> None:
        """Anybody; but somebody stays in the lease that has no end."""
        resident = self.someone(who)
        if [r.lease for r in self.house.living()].count(2) == 1 and resident.lease == 2:
            return
        found = self.door.asks(resident, "9", f"{resident.pin}#")
        if is_unsure(found):
            if self.door.is_way((PIN, resident.pin)):
                return
        else:
            assert "kept" in found.said, found
        self.house.moved_out(resident)

    @rule(who=_any, days=st.sampled_from([1, 20, 60, 400]), every=st.booleans(), then=_then)
    def agrees_to_an_earlier_end(self, who: int, days: int, every: bool, then: int) -> None:
        """One resident does, or all of a lease, each with their own PIN."""
        one = self.someone(who)
        last = dt.datetime.fromtimestamp(self.house.now // DAY * DAY + days * DAY, dt.UTC)
        end = int(last.timestamp()) + DAY
        for resident in [r for r in self.house.living() if every and r.lease == one.lease] or [one]:
            found = self.door.asks(resident, "5", f"{last:%d%m%y}#")
            if is_unsure(found) or "kept" in found.said:
                resident.agrees.append((end, self.house.now + 33 * DAY))
            if "kept" in found.said and not found.fell:
                limit = self.house.terms[resident.lease].end
                assert not limit or end < limit, "kept, and it is no earlier"
        if then:
            self.days_pass(then)

    @rule(who=_any, then=st.sampled_from([0, 0, 22, 91]))
    def gives_notice(self, who: int, then: int) -> None:
        """To all else that opens as their lease."""
        resident = self.someone(who)
        found = self.door.asks(resident, "7")
        if is_unsure(found) or "kept" in found.said:
            self.house.gave_notice(resident)
        if then:
            self.days_pass(then)

    @rule(who=_any)
    def agrees_no_more(self, who: int) -> None:
        resident = self.someone(who)
        found = self.door.asks(resident, "50")
        if "kept" in found.said and not found.fell:
            soon = self.house.now + 2 * DAY
            resident.agrees = [(end, min(until, soon)) for end, until in resident.agrees]

    # those who have no business here

    @rule(noise=_noise, then=st.sampled_from([0, 100, 2000, 10_000]))
    def a_stranger_presses_keys(self, noise: str, then: int) -> None:
        if any(pin in noise for pin in self.house.known()):
            return
        self.door.dark()
        found = self.door.do("keys", noise, then)
        assert "kept" not in found.said, "a stranger has changed something"

    @rule(guesses=st.integers(3, 14))
    def a_stranger_guesses_whenever_a_wait_is_over(self, guesses: int) -> None:
        self.door.dark()
        for guess in range(guesses):
            self.door.do("keys", f"**{400_001 + 7 * guess}#")
            self.door.do("wait", LONGEST_WAIT_MS)

    @rule(which=_any)
    def a_former_way_is_tried(self, which: int) -> None:
        former = sorted(self.house.former)
        if former:
            found = self.door.present(former[which % len(former)])
            assert "enrolling" not in found.said or not former, found

    @rule(which=_any, pin=_pin)
    def a_used_code_is_tried(self, which: int, pin: str) -> None:
        used = sorted(self.house.used - {value for (kind, value) in self.house.ways() if kind == PIN})
        if used and (PIN, pin) not in self.house.ways():
            self.door.dark()
            found = self.door.do("keys", f"{used[which % len(used)]}#{pin}#{pin}#")
            assert "kept" not in found.said, "a code was good twice"

    @invariant()
    def it_went_well(self) -> None:
        self.let_pass()
        self.door.is_sound = True

    def teardown(self) -> None:
        """In the end each way in is tried, and each that is none."""
        if not self.door.is_sound:
            return
        self.door.cut_next(0, 0)
        self.door.do("wait", 1000)
        self.door.heal(self.listing())
        for resident in list(self.house.residents):
            self.door.comes_home(resident, "later")
        for token in [*self.house.ways(), *sorted(self.house.former)]:
            self.door.present(token)
        self.figures["bytes"] = max(self.figures["bytes"], self.door.sizes())


def test_the_promises_hold_against_people(house_port: Port) -> None:
    figures: Counter = Counter()
    made = type("People", (People,), {"port": house_port, "figures": figures})
    settings = hypothesis.settings(
        max_examples=_RUNS,
        stateful_step_count=_STEPS,
        deadline=None,
        derandomize=not _BY_NIGHT,
        report_multiple_bugs=False,
        phases=[phase for phase in hypothesis.Phase if phase != hypothesis.Phase.shrink],
        suppress_health_check=list(hypothesis.HealthCheck),
    )
    run_state_machine_as_test(made, settings=settings)
    print(dict(figures))
