"""Rules of the people's model for guests, phones and staff at the door, and for what is moved there."""

import datetime as dt
import hmac
import io

from hypothesis import strategies as st
from hypothesis.stateful import rule

from menshen.operator.guest import make_code, read_key
from tests.models.helpers.people_door import HELD_MS, LONGEST_WAIT_MS, Found, is_over
from tests.models.helpers.people_from_afar import PASSAGE_PIN, STAFF_CARD, STAFF_PIN, TIMED_PIN, FromAfar
from tests.models.helpers.people_model import HOUR, PIN, Token

_any = st.integers(0, 99)


class Visitors(FromAfar):
    """As FromAfar."""

    answered = b""

    @rule(who=_any, hours=st.sampled_from([4, 24]))
    def a_guest_comes(self, who: int, hours: int) -> None:
        """By a code that the resident has just made, with the key that the lock has handed to their phone."""
        resident = self.someone(who)
        found = self.door.asks(resident, "4")
        if is_over(found):
            return
        told = dict(self.door.do("phone").told)
        resident.guest_key = read_key(io.StringIO(told["phone"]))
        self.keys.add(resident.guest_key)
        begin = self.house.now // HOUR * HOUR - HOUR
        start, duration = dt.datetime.fromtimestamp(begin, dt.UTC), dt.timedelta(hours=hours)
        code = make_code(resident.guest_key, start, duration)
        self.door.dark()
        is_sure = self.door.clock_is_right and not self.door.wears  # each first entry of a code is noted
        self.door.enter(code, True if is_sure else None)
        self.house.guests.append((code, begin + hours * HOUR, resident))

    @rule(which=_any)
    def a_guest_comes_again(self, which: int) -> None:
        """Not after the end, and not when who asked them in has moved out."""
        if self.house.guests:
            code, end, host = self.house.guests[which % len(self.house.guests)]
            over = self.door.clock_is_right and self.house.now > end + 2 * HOUR
            self.door.dark()
            self.door.enter(code, False if over or host not in self.house.residents else None)

    @rule(who=_any, how=st.sampled_from(["now", "now", "former", "forged", "again"]))
    def opens_at_the_door_by_a_phone(self, who: int, how: str) -> None:
        """By `* #`: it answers what the lock asks, by the guest key."""
        resident = self.someone(who)
        if how == "now" and not resident.guest_key:
            self.a_guest_comes(who, 4)
        key = resident.guest_key
        if how == "former":
            key = next((k for k in self.keys if k not in {r.guest_key for r in self.house.residents}), b"")
        self.door.dark()
        self.door.do("wait", 61_000)
        typed = self.door.do("keys", "***#")
        asked = self.door.do("challenge")
        told = asked.told
        if typed.fell or asked.fell:
            return  # what was typed is gone with the power
        assert told, "the lock asks nothing"
        if not key:
            return
        challenge = bytes.fromhex(told[0][1][-32:])
        answer = hmac.digest(key, b"menshen door v1demo" + challenge, "sha256")[:16]
        if how == "again":
            answer = self.answered or answer[::-1]
        elif how == "forged":
            answer = answer[:-1] + bytes((answer[-1] ^ 1,))
        opens = self.house.opens((PIN, resident.pin), self.door.clock_is_right) if how == "now" else False
        found = self.door.do("answers", (b"\xd5\0\x10" + answer).hex(), may_open=opens is not False)
        if found.opened:
            self.answered = answer
            resident.void_at = 0
        if not found.fell and opens is not None:
            assert bool(found.opened) == opens, (how, opens, found)

    @rule(which=st.sampled_from([STAFF_PIN, STAFF_CARD, TIMED_PIN, PASSAGE_PIN]))
    def staff_come(self, which: Token) -> None:
        found = self.door.present(which)
        if found.opened and not found.fell:
            assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"

    @rule(who=_any, how=st.sampled_from(["ends", "restart", "reset", "list", "home"]))
    def staff_hold_the_door_open(self, who: int, how: str) -> None:
        """In passage mode, until they end it, the power goes, or a list has them no more."""
        self.door.dark()
        is_staff = PASSAGE_PIN in self.house.force.entries
        found = self._passage(is_staff)
        if not is_staff or found.fell:
            return
        assert found.opened, found
        assert any(leaf == "staff" for leaf, _ in found.told), "staff came unreported"
        self.door.is_passage = True
        assert self.door.do("wait", HELD_MS).free, "the bolt is held"
        if how in ("restart", "reset"):
            self.the_lock_starts_anew(how == "restart")
        elif how == "list":
            new = self.listing()
            del new.entries[PASSAGE_PIN]
            self.door.publish(new, self.house.now)
            self.door.do("wait", 120_000)
        else:
            if how == "home":
                self.door.comes_home(self.someone(who))
            if self.door.is_passage and not self._passage(True).fell:
                self.door.do("wait", 1000)
        self.door.is_passage = PASSAGE_PIN in self.house.force.entries and how == "list"
        assert self.door.is_passage or not self.door.do("wait", HELD_MS).free, "the bolt is free"
        if self.door.is_passage:  # the list was refused, or the power went
            self.the_lock_starts_anew(True)

    def _passage(self, is_staff: bool) -> Found:
        keys = f"{PASSAGE_PIN[1]}*0#"
        found = self.door.do("keys", f"**{keys}", may_open=is_staff)
        if "throttled" in found.said and not found.fell:
            self.door.do("wait", LONGEST_WAIT_MS)
            found = self.door.do("keys", keys, may_open=is_staff)
        return found

    @rule(switch=st.sampled_from([4, -21, 36]), then=_any)
    def a_switch_is_moved(self, switch: int, then: int) -> None:
        """The exit button, the case, or the contact of a fire alarm: none lets the bolt go by the lock."""
        self.door.do("press", switch, 100 * then)
