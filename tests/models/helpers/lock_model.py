"""What a lock should do, in plain Python: people, credentials and rules, without digests, flash or bytes."""

import datetime as dt
from dataclasses import dataclass, field
from itertools import pairwise

from menshen.operator.guest import DAYS, HOURS, make_code

TENANT, STAFF, MOVE_IN, PASSAGE, GUEST = 1, 2, 3, 7, 8
PIN, CARD = 1, 2
_ROLE, _LEASE, _SCHEDULE, _USES, _BEFORE, _AFTER = range(6)
_DURATIONS = [dt.timedelta(hours=n) for n in HOURS] + [dt.timedelta(days=n) for n in DAYS] + [None]
_CARDS = 3  # of a resident
_LIGHTS = ("no clock", "outside schedule", "throttled")

Token = tuple[int, str]
"""A PIN or a card: its kind and what is typed or read."""


@dataclass(frozen=True)
class Who:
    """Somebody at the keypad: `number` is the resident's within the lease, 0 where there is none yet."""

    token: Token
    lease: int
    number: int
    is_new: bool = False


@dataclass
class Dialogue:
    """A resident sets something: `state` is what the lock waits for, no longer than `patience`."""

    state: str
    who: "Who"
    since: int
    first: str = ""
    refusals: int = 0

    @property
    def patience(self) -> int:
        return 20_000 if self.state in ("add", "remove", "phone") else 10_000


@dataclass
class Model:
    """Its methods are the steps of tests/models/helpers/whole_lock.py; each returns the signals."""

    guest_keys: dict[tuple[int, int], bytes]  # by lease and resident
    listed: dict[Token, tuple] = field(default_factory=dict)
    days: int = 0
    residents: dict[Token, tuple[int, int]] = field(default_factory=dict)  # lease, and number within it
    owners: dict[Token, tuple[int, int]] = field(default_factory=dict)  # the same of PINs of the list
    given_up: set[Token] = field(default_factory=set)
    uses: dict[Token, int] = field(default_factory=dict)
    entered: dict[str, tuple[int, int, int, bytes]] = field(default_factory=dict)  # lease, kind, end, key
    risk: int = 0
    staff_was_in: bool = False
    is_news: bool = False  # whether somebody has moved in
    shown: set = field(default_factory=set)  # who has been shown that
    now: int | None = None
    ticks: int = 1000
    failures: int = 0
    faded_at: int = 0
    free_at: int = 0
    dialogue: Dialogue | None = None
    asked_at: int | None = None  # when a phone was awaited that opens: once in a minute

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
        self.now, self.dialogue, self.asked_at = None, None, None
        self.free_at, self.faded_at = self.ticks + self._wait(), self.ticks
        return []

    def wait(self, milliseconds: int) -> list[str]:
        self.ticks += milliseconds
        while self.failures and self.ticks - self.faded_at >= 600_000:
            self.faded_at += 600_000
            self.failures -= 1
        if self.dialogue and self.ticks - self.dialogue.since >= self.dialogue.patience:
            return self._end("cleared")
        return []

    def leaf(self) -> list[str]:
        return self._end("cleared") if self.dialogue else []

    def card(self, uid: str) -> list[str]:
        return self._with_light(self._card(uid))

    def keys(self, keys: str) -> list[str]:
        signals: list[str] = []
        code, number = "", None  # what was typed before a `*`, and behind it
        star = False  # a `*` with nothing in front
        for key in keys:
            talk, was_star, star = self.dialogue, star, False
            if talk and talk.state == "open":
                talk = None  # it takes no key for itself, but ends at a `*`
            if talk:
                talk.since = self.ticks
            if key == "#" and was_star:
                signals = signals + self._await_phone()
            elif key == "*":
                star = not talk and not code and number is None
                self.dialogue = None
                code, number = ("", None) if talk or number is not None else (code, "" if code else None)
            elif key == "#":
                signals, code, number = signals + (self._entry(code, number) if code else []), "", None
            elif number is None:
                code += key
            elif len(number) < 2:
                number += key
            else:
                code, number = number + key, None
        return self._with_light(signals)

    def _await_phone(self) -> list[str]:
        """No code, so that nothing is counted; a phone that opens is modelled elsewhere."""
        if self.asked_at is not None and self.ticks - self.asked_at < 60_000:
            return ["throttled"]
        self.asked_at = self.ticks
        self.dialogue = Dialogue("open", Who((0, ""), 0, 0), self.ticks)
        return ["enrolling"]

    def _with_light(self, signals: list[str]) -> list[str]:
        return signals + (["blue"] if self.dialogue else [])

    # the residents' dialogue

    def _card(self, uid: str) -> list[str]:
        talk, token = self.dialogue, (CARD, uid)
        if talk and talk.state in ("phone", "open") and uid.startswith("\x08"):
            return ["enrolling"]  # it is the phone, too early
        known = token in self.residents or token in self.given_up
        if talk and talk.state == "add" and not known and token not in self.listed:
            if uid.startswith("\x08") or not uid.strip("\0"):
                return self._refused(["weak"])
            place = self._claim(talk.who)
            if sum(t[0] == CARD and held == place for t, held in self.residents.items()) >= _CARDS:
                return self._end("weak")
            self.residents[token] = place
            return self._end("kept")
        if talk and talk.state == "remove":
            if token in self.residents and self.residents[token] == (talk.who.lease, talk.who.number):
                del self.residents[token]
                return self._end("kept")
            of_lease = token in self.listed and self.listed[token][:2] == (TENANT, talk.who.lease)
            if of_lease and not known and self._people(talk.who.lease) <= {talk.who.number}:
                self.given_up.add(token)
                return self._end("kept")
        verdict, role, lease = self._judge(token)
        if verdict == "moving in":
            return self._begin("", Who(token, lease, 0, True))
        return self._act(verdict, role, token)

    def _people(self, lease: int) -> set[int]:
        """The numbers of the residents."""
        pins = [held for token, held in self.residents.items() if token[0] == PIN] + [*self.owners.values()]
        return {number for held, number in pins if held == lease}

    def _free(self, lease: int) -> int:
        return min(set(range(1, 10)) - self._people(lease))

    def _claim(self, who: Who) -> tuple[int, int]:
        """Lease and number of a resident, from now on if the PIN was only in the list."""
        if not who.number:
            self.owners[who.token] = who.lease, self._free(who.lease)
            return self.owners[who.token]
        return who.lease, who.number

    def _begin(self, order: str, who: Who) -> list[str]:
        """What a tenant asks for."""
        self.dialogue = None
        states = {"": "new", "1": "new", "2": "add", "3": "remove", "4": "phone", "40": "phone", "9": "leave"}
        if order in states:
            if states[order] == "phone":
                made, mine = b"nobody knows it!", (who.lease, who.number)
                if order == "40" or mine not in self.guest_keys:
                    self.guest_keys[self._claim(who)] = made
                self.risk = 0
            self.dialogue = Dialogue(states[order], who, self.ticks)
            return ["enrolling"]
        if order == "30":
            place = self._claim(who)
            self.residents = {t: h for t, h in self.residents.items() if t[0] != CARD or h != place}
            return ["kept"]
        return ["weak"]  # 6 and 60: it has no broker of the tenant's own

    def _entry(self, code: str, number: str | None) -> list[str]:
        talk, token = self.dialogue, (PIN, code)
        if talk and talk.state == "again" and code == talk.first:
            if talk.who.is_new:
                self.residents[token] = talk.who.lease, self._free(talk.who.lease)
                self.is_news, self.shown = True, set()
                self.owners.pop(talk.who.token, None)
                self.given_up.add(talk.who.token)
            else:
                place = self._claim(talk.who)
                self._give_up(talk.who)
                self.residents[token] = place
            return self._end("kept")
        verdict, role, lease = self._code(code, number)
        if verdict == "asking":
            held = self.residents.get(token) or self.owners.get(token) or (0, 0)
            return self._begin(number or "", Who(token, lease, held[1]))
        if talk and talk.state == "leave" and (verdict, token) == ("granted", talk.who.token):
            self._give_up(talk.who)
            if talk.who.number:
                place = talk.who.lease, talk.who.number
                self.guest_keys.pop(place, None)
                self.residents = {t: held for t, held in self.residents.items() if held != place}
            return self._end("kept")
        if talk and talk.state in ("new", "again") and verdict not in ("granted", "throttled"):
            known = lease or any(
                token in held for held in (self.residents, self.given_up, self.owners, self.listed)
            )
            if talk.state == "again" or known or _is_weak(code):
                talk.state = "new"
                return self._refused(["weak"])
            talk.state, talk.first = "again", code
            return ["enrolling"]
        if verdict == "moving in":
            return self._begin("", Who(token, lease, 0, True))
        return self._act(verdict, role, token)

    def _give_up(self, who: Who) -> None:
        """A PIN opens no more, wherever it stands."""
        self.residents.pop(who.token, None)
        if self.owners.pop(who.token, None) or who.token in self.listed or not who.number:
            self.given_up.add(who.token)

    def _end(self, signal: str) -> list[str]:
        self.dialogue = None
        return [signal]

    def _refused(self, signals: list[str]) -> list[str]:
        """The third time is the last."""
        if self.dialogue:
            self.dialogue.refusals += 1
            if self.dialogue.refusals == 3:
                self.dialogue = None
        return signals

    # who may come in

    def _wait(self) -> int:
        return 0 if self.failures < 4 else min(2 ** (self.failures - 3) - 1, 300) * 1000

    def _code(self, code: str, number: str | None) -> tuple[str, int, int]:
        """Verdict, role and lease of a code at the keypad, throttled."""
        if self.free_at > self.ticks:
            return "throttled", 0, 0
        before = self.failures
        if not before:
            self.faded_at = self.ticks
        self.failures = min(12, before + 1)
        verdict, role, lease = "unknown", 0, 0
        fits = 4 <= len(code) <= 10
        if number is None and fits:
            verdict, role, lease = self._judge((PIN, code))
            if verdict == "unknown" and len(code) == 9:
                verdict, lease, _ = self._guest(code)
                role = GUEST if verdict == "granted" else 0
        elif number in ("1", "2", "3", "30", "4", "40", "6", "60", "9") and fits:
            verdict, role, lease = self._ask((PIN, code))
        if verdict in ("granted", "moving in", "asking"):
            self.failures, self.free_at = before, self.ticks
        else:
            self.free_at = self.ticks + self._wait()
        return verdict, role, lease

    def _ask(self, token: Token) -> tuple[str, int, int]:
        """Only tenants ask, and nothing of anybody else's is used up."""
        found = self.listed.get(token)
        if token not in self.residents and (not found or found[_ROLE] != TENANT):
            return "unknown", 0, 0
        verdict, role, lease = self._judge(token)
        return ("asking" if verdict == "granted" else "unknown"), role, lease

    def _judge(self, token: Token) -> tuple[str, int, int]:
        """Verdict, role and lease."""
        if token in self.residents:
            return "granted", TENANT, self.residents[token][0]
        found = self.listed.get(token)
        if found is None or token in self.given_up:
            return "unknown", 0, 0
        role, lease = found[_ROLE], found[_LEASE]
        if role == MOVE_IN:
            early = self.now is not None and self.now < found[_BEFORE]
            return "too early" if early else "moving in", role, lease
        verdict = self._in_time(found)
        if role == TENANT:
            return ("granted" if verdict == "expired" else verdict), role, lease
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
        keys = self.guest_keys
        if not keys:
            return "unknown", 0, True
        if self.now is None:
            return "no clock", 0, True
        kind = int(code) % 104
        alike = sum(k == kind and end > self.now for _, k, end, _ in self.entered.values())
        gain = 104 * (len(keys) + alike)
        if self.risk + gain >= 1000:
            return "unknown", 0, True
        if code in self.entered and self.entered[code][3] in keys.values():
            lease, _, end, _ = self.entered[code]
            once = "used up" if kind % 13 == 12 else "granted"
            return (once if self.now < end else "expired"), lease, False
        duration, hour = _DURATIONS[kind % 13], self.now // 3600
        start = hour - (hour - kind // 13) % 8
        end = start * 3600 + int((duration or dt.timedelta(hours=8)).total_seconds())
        for (lease, _), key in keys.items():
            begin = dt.datetime.fromtimestamp(start * 3600, dt.UTC)
            if make_code(key, begin, duration) == code and self.now < end:
                if gain + 104 >= 1000:
                    return "unknown", 0, True
                self.entered[code] = lease, kind, end, key
                return "granted", lease, True
        self.risk += gain
        return "unknown", 0, True

    def _act(self, verdict: str, role: int, token: Token) -> list[str]:
        if verdict != "granted":
            return self._refused([verdict if verdict in _LIGHTS else "denied"])
        self.dialogue = None
        if role == GUEST:
            return ["open", "granted"]
        if role != TENANT:
            self.staff_was_in = True
            return ["report", "open", "granted"]
        who = self.residents.get(token) or self.owners.get(token) or token
        if self.is_news and not {who, token} & self.shown:
            self.shown.add(who)
            return ["open", "new way in"]
        told, self.staff_was_in = self.staff_was_in, False
        return ["open", "staff" if told else "granted"]


def _is_weak(code: str) -> bool:
    steps = {int(b) - int(a) for a, b in pairwise(code)}
    return not 5 <= len(code) <= 10 or (len(steps) == 1 and bool(steps & {0, 1, -1}))
