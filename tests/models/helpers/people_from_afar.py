"""Rules of the people's model for what never comes to the door: operator, phones, broker, clocks, power."""

import hashlib
import hmac
from dataclasses import replace

from hypothesis import reject
from hypothesis import strategies as st
from hypothesis.stateful import RuleBasedStateMachine, rule

from tests.models.helpers.people_door import T0, Door, is_unsure
from tests.models.helpers.people_model import (
    CARD,
    DAY,
    HOUR,
    MOVE_IN,
    PIN,
    STAFF,
    TENANT,
    Entry,
    Household,
    Listing,
    Resident,
    Term,
    Token,
)

CODES = ["11223377", "44556690", "98127634", "50607018", "13131419", "27182818"]
STAFF_PIN, STAFF_CARD, TIMED_PIN = (PIN, "70717273"), (CARD, b"\4staff1".hex()), (PIN, "83736353")
PASSAGE_PIN = (PIN, "94939291")
LISTED_CARD = (CARD, b"\4listed".hex())
LANDLORD_CARD = (CARD, b"\4lordly".hex())
LIES = [400 * DAY, -30 * DAY, 3 * HOUR, 36 * HOUR]
OPERATOR_LIES = [730 * DAY, -10 * DAY, 9 * DAY, 20 * HOUR]

_any = st.integers(0, 99)


def opening(lock: str, key: bytes, now: int) -> bytes:
    """What a resident's page sends to open from afar: firmware/access/README.md."""
    front = hashlib.sha256(b"menshen guest key" + key).digest()[:4] + now.to_bytes(4, "little")
    return front + hmac.digest(key, b"menshen tenant v1" + lock.encode() + front, "sha256")[:16]


class FromAfar(RuleBasedStateMachine):
    """`door` and `house` are made by whoever joins these rules with others."""

    door: Door
    house: Household
    versions = 0
    obeyed = b""

    def __init__(self) -> None:
        super().__init__()
        self.keys: set[bytes] = set()  # the guest keys that there have been
        self.longest = 0  # the end of lease 1 that the operator's file has, though a list was cut off

    def listing(self) -> Listing:
        """The operator's next list, so far as the one in force."""
        self.versions += 1
        new = self.house.force.copy(self.versions)
        if 1 in new.terms and new.terms[1].end < self.longest:
            new.terms[1] = replace(new.terms[1], end=self.longest)
        return new

    def _is_free(self, token: Token) -> bool:
        return token not in self.house.ways() and token not in self.house.force.entries

    def someone(self, which: int) -> Resident:
        living = self.house.living()
        if not living:  # all leases are over, and so is the run
            reject()
        return living[which % len(living)]

    def let_pass(self) -> None:
        """Whoever has let notice pass may be gone, and is not before; it is told by trying."""
        soon = self.house.now + 2 * HOUR
        due = [r for r in self.house.living() if 0 < r.void_at <= soon]
        tokens = [token for token, at in self.house.void_at.items() if at <= soon]
        if due or tokens:
            self.door.cut_next(0, 0)
            self.door.wear(0, 3, 0)  # else what is used may stay unnoted, and be gone later
            self.door.dark()
        for resident in due:
            resident.void_at = 0
            if not self.door.is_way((PIN, resident.pin)):
                self.door.figures["void"] += 1
                self.house.moved_out(resident)
        for token in tokens:
            del self.house.void_at[token]
            if token in self.house.ways() and not self.door.is_way(token):
                self.door.figures["void"] += 1
                self.house.withdrawn.add(token)

    # the residents' phones

    @rule(who=_any, how=st.sampled_from(["now", "now", "late", "retained", "again", "former", "forged"]))
    def opens_from_afar(self, who: int, how: str) -> None:
        """By the guest key, once and within a minute by the lock's clock."""
        resident = self.someone(who)
        key = resident.guest_key
        if how == "former":
            key = next((k for k in self.keys if k not in {r.guest_key for r in self.house.residents}), b"")
        found = self.door.do("wait", 12_000)
        if not key or (how == "again" and not self.obeyed):
            return
        if how == "again":
            message = self.obeyed
        else:
            message = opening("demo", key, self.house.now - (200 if how == "late" else 0))
        if how == "forged":
            message = message[:-1] + bytes((message[-1] ^ 1,))
        opens: bool | None = False
        if how == "now" and found.off is not None and -25 < found.off < 55:
            opens = self.house.opens((PIN, resident.pin), self.door.clock_is_right)
        elif how == "now" and found.off is not None and -35 < found.off < 65:
            opens = None
        found = self.door.do("afar", message.hex(), how == "retained", may_open=opens is not False)
        if found.opened:
            self.obeyed = message
        if opens and found.failed:  # what cannot be noted as obeyed is not obeyed
            opens = None
        if not found.fell and opens is not None:
            assert bool(found.opened) == opens, (how, opens, found)

    # the operator

    @rule(edit=st.sampled_from(["staff in", "staff out", "code", "longer", "card"]), which=_any)
    def the_operator_publishes(self, edit: str, which: int) -> None:
        """What an honest one does; it is taken."""
        new = self.listing()
        if edit == "staff in":
            new.entries[STAFF_CARD] = Entry(STAFF)
        elif edit == "staff out":
            new.entries.pop(STAFF_CARD, None)
        elif edit == "code":
            self._replace_code(new, 1 + which % 2, which)
        elif edit == "longer" and self.house.inside(1) and 1 in new.terms:
            self.longest = new.terms[1].end + 30 * DAY
            new.terms[1] = replace(new.terms[1], end=self.longest)
        elif edit == "card" and self._is_free(LANDLORD_CARD):
            new.entries[LANDLORD_CARD] = Entry(TENANT, 2)
        found = self.door.publish(new, self.house.now)
        assert is_unsure(found) or found.version == new.version, (edit, found)

    def _replace_code(self, new: Listing, lease: int, which: int) -> None:
        free = [code for code in CODES if code not in self.house.taken()]
        if free and self.house.inside(lease):
            for token in [t for t, e in new.entries.items() if (e.role, e.lease) == (MOVE_IN, lease)]:
                del new.entries[token]
            new.entries[PIN, free[which % len(free)]] = Entry(MOVE_IN, lease)

    @rule(
        edit=st.sampled_from(
            [
                "drop card",
                "drop term",
                "end",
                "past",
                "role",
                "lease",
                "limit",
                "later",
                "codes",
                "empty",
                "invent",
            ]
        ),
        lie=st.sampled_from([0, 0, 0, *OPERATOR_LIES]),
    )
    def the_operator_publishes_what_he_likes(self, edit: str, lie: int) -> None:
        new, token = self.listing(), LISTED_CARD
        held = new.entries.get(token, Entry(TENANT, 2))
        match edit:
            case "drop card":
                new.entries.pop(token, None)
            case "drop term":
                new.terms.pop(1, None)
            case "end":
                new.terms[2] = Term(T0 - DAY, self.house.now + HOUR)
            case "past":
                new.terms[1] = Term(T0 - 90 * DAY, self.house.now - HOUR)
            case "role":
                new.entries[token] = replace(held, role=STAFF)
            case "lease":
                new.entries[token] = replace(held, lease=1)
            case "limit":
                new.entries[token] = replace(held, after=self.house.now + HOUR)
            case "later":
                new.entries[token] = replace(held, before=self.house.now + 30 * DAY)
            case "codes":
                new.entries = {t: e for t, e in new.entries.items() if e.role != MOVE_IN}
            case "empty":
                new.entries, new.terms = {}, {}
            case "invent":
                new.entries[CARD, b"\4invent".hex()] = Entry(TENANT, 77)
        self._lie(lie)
        self.door.publish(new, self.house.now + lie)

    @rule(days=st.sampled_from([0, 0, 1, -1]))
    def the_operator_makes_a_lease_shorter(self, days: int) -> None:
        """To the end to which those of lease 1 last agreed, or close to it; it is taken or not."""
        new, before = self.listing(), self.house.terms[1].end
        ends = [r.agrees[-1][0] for r in self.house.residents if r.lease == 1 and r.agrees]
        end = max(ends, default=self.house.now + 20 * DAY) + days * DAY
        new.terms[1] = replace(self.house.terms[1], end=end)
        self.door.publish(new, self.house.now)
        if self.house.terms[1].end < before:
            self.longest = 0
            self.door.figures["shorter"] += 1

    @rule(lie=st.sampled_from(OPERATOR_LIES))
    def the_operators_clock_is_wrong_for_hours(self, lie: int) -> None:
        """Where SNTP says nothing, two messages an hour apart are two sources."""
        self.the_lock_starts_anew(True)
        for _ in range(2):
            self._lie(lie)
            self.door.publish(self.listing(), self.house.now + lie)
            self.door.do("wait", 3_700_000)

    def _lie(self, lie: int) -> None:
        if lie:
            self.door.clock_is_right = False

    # the broker, the clocks, and the power

    @rule(which=_any, retained=st.booleans())
    def the_broker_repeats_a_list(self, which: int, retained: bool) -> None:
        self.door.bring(which % len(self.door.heads), retained)

    @rule(lie=st.sampled_from([0, *LIES]))
    def sntp_answers(self, lie: int) -> None:
        self._lie(lie)
        self.door.do("sntp", self.house.now + lie)

    @rule()
    def the_clock_heals(self) -> None:
        self.door.heal(self.listing())

    @rule(cold=st.booleans())
    def a_start(self, cold: bool) -> None:
        self.the_lock_starts_anew(cold)

    def the_lock_starts_anew(self, cold: bool) -> None:
        """By the plug, or by a reset."""
        self.house.restarts += 1
        self.door.clock_is_right = False
        self.door.do("restart", cold)

    @rule(operation=st.one_of(st.integers(1, 6), st.integers(1, 60)), seed=_any)
    def the_power_is_about_to_go(self, operation: int, seed: int) -> None:
        self.door.cut_next(operation, seed)

    @rule(
        operation=st.one_of(st.integers(1, 4), st.integers(1, 30)),
        what=st.sampled_from([1, 2, 3]),
        steps=st.sampled_from([1, 1, 2, 9]),
    )
    def writes_are_about_to_fail(self, operation: int, what: int, steps: int) -> None:
        """To the flash, to NVS or to both, for a while."""
        self.door.wear(operation, what, steps)

    @rule(milliseconds=st.sampled_from([1000, 3000, 9999, 10_000, 300_000, 3_600_000]))
    def time_passes(self, milliseconds: int) -> None:
        self.door.do("wait", milliseconds)

    @rule(days=st.sampled_from([1, 1, 8, 40]))
    def days_pass(self, days: int) -> None:
        self.door.do("days", days)
