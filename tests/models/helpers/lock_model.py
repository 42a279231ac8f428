"""What a lock should do, in plain Python: people, credentials and rules, without digests, flash or bytes."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise

from menshen.operator.guest import DAYS, HOURS, make_code

TENANT, STAFF, MOVE_IN, PASSAGE, GUEST = 1, 2, 3, 7, 8
PIN, CARD = 1, 2
_ROLE, _LEASE, _SCHEDULE, _USES, _BEFORE, _AFTER = range(6)
_DURATIONS = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS] + [None]
_LIGHTS = ("no clock", "outside schedule", "throttled")

Token = tuple[int, str]
"""A PIN or a card: its kind and what is typed or read."""


@dataclass
class Dialogue:
    """A resident sets something: `state` is what the lock waits for."""

    state: str
    token: Token
    lease: int
    since: int
    first: str = ""


@dataclass
class Model:
    """Its methods are the steps of tests/models/helpers/whole_lock.py; each returns the signals."""

    guest_keys: dict[int, bytes]
    listed: dict[Token, tuple] = field(default_factory=dict)
    days: int = 0
    residents: dict[Token, int] = field(default_factory=dict)
    given_up: set[Token] = field(default_factory=set)
    left: set[int] = field(default_factory=set)
    uses: dict[Token, int] = field(default_factory=dict)
    entered: dict[str, tuple[int, int, int]] = field(default_factory=dict)  # code: lease, its kind, its end
    risk: int = 0
    staff_was_in: bool = False
    now: int | None = None
    ticks: int = 1000
    failures: int = 0
    free_at: int = 0
    offer: tuple[Token, int, int] | None = None
    dialogue: Dialogue | None = None

    # what happens

    def take_list(self, credentials: list[tuple], days: int) -> list[str]:
        self.listed = {tuple(c[:2]): tuple(c[2:]) for c in credentials}
        self.days = days
        return []

    def clock(self, time: int | None) -> list[str]:
        self.now = time
        return []

    def arm(self) -> list[str]:
        self.risk = 0
        return []

    def restart(self) -> list[str]:
        self.now, self.offer, self.dialogue = None, None, None
        self.free_at = self.ticks + self._wait()
        return []

    def wait(self, milliseconds: int) -> list[str]:
        self.ticks += milliseconds
        if self.offer and self.ticks - self.offer[2] >= 10_000:
            self.offer = None
        if self.dialogue and self.ticks - self.dialogue.since >= 60_000:
            return self._end("cleared")
        return []

    def card(self, uid: str) -> list[str]:
        talk = self.dialogue
        if talk is None or talk.state not in ("add", "remove"):
            return self._act((CARD, uid), *self._judge((CARD, uid)))
        token, lease = (CARD, uid), talk.lease
        if talk.state == "add":
            if token in self.residents or token in self.listed:
                return self._end("weak")
            self._make_resident(token, lease)
        elif self.residents.get(token) == lease:
            del self.residents[token]
        elif token in self.listed and self.listed[token][:2] == (TENANT, lease):
            self.residents.pop(token, None)
            self.given_up.add(token)
        else:
            return self._end("weak")
        return self._end("kept")

    def keys(self, keys: str) -> list[str]:
        signals: list[str] = []
        code = ""
        for key in keys:
            heard = self._key(key)
            if heard is not None:
                signals, code = signals + heard, ""
            elif key == "*":
                code = ""
            elif key == "#":
                signals, code = signals + (self._code(code) if code else []), ""
            else:
                code += key
        return signals

    # the residents' dialogue

    def _key(self, key: str) -> list[str] | None:
        """The signals where the dialogue takes the key; None where it belongs to a code."""
        talk, offer, self.offer = self.dialogue, self.offer, None
        if talk is None:
            if offer and key == "*":
                self.dialogue = Dialogue("menu", offer[0], offer[1], self.ticks)
                return ["enrolling"]
            return None
        if key == "*":
            self.dialogue = None
            return None
        if talk.state == "menu":
            if key == "6":  # it has no broker of the tenant's own
                return self._end("weak")
            talk.state = {"1": "new", "2": "add", "3": "remove", "9": "leave"}.get(key, "")
            talk.since = self.ticks
            return ["enrolling"] if talk.state else self._end("cleared")
        if talk.state == "remove" and key == "#":
            cards = [t for t, lease in self.residents.items() if t[0] == CARD and lease == talk.lease]
            for token in cards:
                del self.residents[token]
            return self._end("kept")
        if talk.state in ("add", "remove"):
            return self._end("cleared")
        talk.since = self.ticks
        return None

    def _code(self, code: str) -> list[str]:
        talk, token = self.dialogue, (PIN, code)
        if talk is None or talk.state not in ("new", "again", "leave"):
            return self._enter(code)
        talk.since = self.ticks
        if talk.state == "leave":
            if token != talk.token:
                return self._end("weak")
            self.left.add(talk.lease)
            self.guest_keys.pop(talk.lease, None)
            self.residents = {t: lease for t, lease in self.residents.items() if lease != talk.lease}
            return self._end("kept")
        if talk.state == "new":
            known = token in self.residents or token in self.given_up or token in self.listed
            if known or _is_weak(code):
                return ["weak"]
            talk.state, talk.first = "again", code
            return ["enrolling"]
        if code != talk.first:
            talk.state = "new"
            return ["weak"]
        if self.residents.pop(talk.token, None) is None:
            self.given_up.add(talk.token)
        self._make_resident(token, talk.lease)
        return self._end("kept")

    def _make_resident(self, token: Token, lease: int) -> None:
        self.given_up.discard(token)
        self.residents[token] = lease

    def _end(self, signal: str) -> list[str]:
        self.dialogue = None
        return [signal]

    # who may come in

    def _wait(self) -> int:
        return 0 if self.failures < 4 else min(2 ** (self.failures - 3) - 1, 300) * 1000

    def _enter(self, code: str) -> list[str]:
        """A code at the keypad, throttled."""
        if self.free_at > self.ticks:
            return ["throttled"]
        token, before = (PIN, code), self.failures
        self.failures += 1
        verdict, role, lease = ("unknown", 0, 0) if not 4 <= len(code) <= 10 else self._judge(token)
        first = True
        if verdict == "unknown" and len(code) == 9:
            verdict, lease, first = self._guest(code)
            role = GUEST
        if verdict in ("granted", "moving in"):
            self.failures = 0 if first else before
            self.free_at = self.ticks
        else:
            self.free_at = self.ticks + self._wait()
        return self._act(token, verdict, role, lease)

    def _judge(self, token: Token) -> tuple[str, int, int]:
        """Verdict, role and lease."""
        if token in self.residents:
            lease = self.residents[token]
            return ("expired" if lease in self.left else "granted"), TENANT, lease
        found = self.listed.get(token)
        if found is None or token in self.given_up:
            return "unknown", 0, 0
        role, lease = found[_ROLE], found[_LEASE]
        if role == MOVE_IN:
            early = self.now is not None and self.now < found[_BEFORE]
            return "too early" if early else "moving in", role, lease
        verdict = self._in_time(found)
        if role == TENANT:
            if verdict == "expired" and lease not in self.left:
                verdict = "granted"
            return verdict, role, lease
        if verdict == "granted" and found[_SCHEDULE]:
            verdict = self._in_hours(found[_SCHEDULE])
        if self.now is None and (found[_BEFORE] or found[_AFTER]):
            verdict = "no clock"
        if verdict == "granted" and found[_USES]:
            if self.uses.get(token, 0) >= found[_USES]:
                return "used up", role, lease
            self.uses[token] = self.uses.get(token, 0) + 1
        return verdict, role, lease

    def _in_time(self, found: tuple) -> str:
        if self.now is not None and self.now < found[_BEFORE]:
            return "too early"
        return "expired" if self.now is not None and 0 < found[_AFTER] <= self.now else "granted"

    def _in_hours(self, schedule: int) -> str:
        if self.now is None:
            return "no clock"
        weekday = dt.datetime.fromtimestamp(self.now, dt.UTC).weekday()
        return "granted" if schedule == 1 and self.days >> weekday & 1 else "outside schedule"

    def _guest(self, code: str) -> tuple[str, int, bool]:
        """Verdict, lease, and whether the code is entered for the first time."""
        if not self.guest_keys:
            return "unknown", 0, True
        if self.now is None:
            return "no clock", 0, True
        kind = int(code) % 104
        alike = sum(k == kind and end > self.now for _, k, end in self.entered.values())
        gain = 104 * (len(self.guest_keys) + alike)
        if self.risk + gain >= 1000:
            return "unknown", 0, True
        if code in self.entered and self.entered[code][0] in self.guest_keys:
            lease, _, end = self.entered[code]
            once = "used up" if kind % 13 == 12 else "granted"
            return (once if self.now < end else "expired"), lease, False
        duration, hour = _DURATIONS[kind % 13], self.now // 3600
        start = hour - (hour - kind // 13) % 8
        end = start * 3600 + int((duration or dt.timedelta(hours=8)).total_seconds())
        for lease, key in self.guest_keys.items():
            begin = dt.datetime.fromtimestamp(start * 3600, dt.UTC)
            if make_code(key, begin, duration) == code and self.now < end:
                if gain + 104 >= 1000:
                    return "unknown", 0, True
                self.entered[code] = lease, kind, end
                return "granted", lease, True
        self.risk += gain
        return "unknown", 0, True

    def _act(self, token: Token, verdict: str, role: int, lease: int) -> list[str]:
        if verdict == "moving in":
            self.offer, self.dialogue = None, Dialogue("new", token, lease, self.ticks)
            return ["enrolling"]
        if verdict != "granted":
            return [verdict if verdict in _LIGHTS else "denied"]
        if role == GUEST:
            return ["open", "granted"]
        told, self.staff_was_in = self.staff_was_in, role != TENANT
        if role != TENANT:
            return ["report", "open", "granted"]
        if token[0] == PIN:
            self.offer = token, lease, self.ticks
        return ["open", "staff" if told else "granted"]


def _is_weak(code: str) -> bool:
    steps = {int(b) - int(a) for a, b in pairwise(code)}
    return not 4 <= len(code) <= 10 or (len(steps) == 1 and bool(steps & {0, 1, -1}))
