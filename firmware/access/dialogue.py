"""What residents type at the keypad beside opening: a new PIN, an earlier end, and moving out.

    PIN * 1 #, then a new PIN # twice   changes the PIN
    PIN * 5 #, then DDMMYY #            agrees that the lease ends with that day, if all residents do
    PIN * 9 #, then the PIN # once more confirms moving out

After a move-in code a new PIN is entered twice. waiting.py says when a dialogue ends, README.md what the
rules in it are. The other things that residents can ask for are in card_dialogue.py and order.py: there is no
memory for all of them at once.
"""

from micropython import const

from access.decide import GOES_ON, KEPT, REFUSED, THROTTLED
from access.gate import Verdict
from access.waiting import FULL, Waiting
from loader import Loan
from people.entry import OLD
from roll.record import DIGEST, PIN, TENANT
from storage.hmac import equal
from storage.purposes import PIN_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from access.clock import Clock
    from access.restrictions import Restrictions
    from access.waiting import Phone
    from people.consent import Consent
    from people.pins import Pins
    from people.register import Register
    from storage.hmac import Mac

    T = TypeVar("T")

    class Settings(Protocol):
        """The settings that matter here."""

        plain_uid: bool
        pin_shortest: int
        reader: str

        @property
        def home(self) -> "tuple | None": ...

    Parts = tuple[Callable[[], Phone], Register, Restrictions, Mac, Settings, Clock]

_LONGEST = const(10)
_PATIENCE_MS = const(10_000)
# What the dialogue waits for.
_IDLE = const(0)  # nothing: it has ended
_NEW = const(1)  # a new PIN
_AGAIN = const(2)  # the same PIN again
_MOVE_OUT = const(3)  # the PIN, to confirm moving out
_LAST_DAY = const(4)  # an earlier end to agree to
_WAITS_FOR = {0: _NEW, 1: _NEW, 5: _LAST_DAY, 9: _MOVE_OUT}  # 0: after a move-in code


def is_weak(digits: "bytes | memoryview", shortest: int) -> bool:
    """Whether a PIN is too short, too long, one digit repeated, or a run like 3456 or 8765."""
    if not shortest <= len(digits) <= _LONGEST:
        return True
    step = digits[1] - digits[0]
    if step not in (0, 1, -1):
        return False
    return all(digits[i + 1] - digits[i] == step for i in range(1, len(digits) - 1))


class Dialogue(Waiting):
    """One dialogue of whoever has this verdict. Signals are GOES_ON, KEPT and REFUSED of decide.py.

    `parts` are a function that lends a phone (door/phone.py), the register, restrictions, the HMAC under the
    lock's key, the settings, and the clock.
    """

    def __init__(self, verdict: Verdict, now: int, parts: "Parts") -> None:
        super().__init__(now)
        self._who = verdict
        _, self._register, self._restrictions, self._mac, self._settings, self._clock = parts
        self._residents = self._register.residents
        self._first = b""
        self._go(_WAITS_FOR[verdict.order])

    def again(self, digits: "bytes | memoryview") -> "Verdict | None":
        """KEPT, or REFUSED, where these digits are the new PIN once more."""
        if self._state != _AGAIN:
            return None
        digest, find = self._mac.digest(PIN_VALUE, digits)[:DIGEST], self._register.credentials.find
        if not equal(digest, self._first) or find(digest) is not None:
            return None  # or a list has come that gives it to somebody
        if self._who.role != TENANT:
            code = find(self._who.digest)
            if code is None or code.lease != self._who.lease:
                return None  # the code is not in it any more, or is another lease's
        if self._register.leases.over(self._who.lease, self._clock.now()):
            return None  # it was kept, and opened nothing
        digest = self._residents.digest(digest, PIN_VALUE, digits)
        if self._who.role == TENANT:
            change = lambda pins: pins.change_pin(self._who, digest)  # noqa: E731
        else:
            change = lambda pins: pins.move_in(self._who.digest, digest)  # noqa: E731
            return Verdict(self._finish(lambda: (self._announce(), self._pins(change))), PIN)
        return Verdict(self._finish(lambda: self._pins(change)), PIN)

    def pin(self, verdict: Verdict, digits: "bytes | memoryview") -> None:
        """A code was judged: give it another reason if it is what is awaited. What opens still opens.

        A new PIN was counted by the throttle like every other code, and stays counted: whether it is accepted
        tells whether somebody has it.
        """
        if self._state == _MOVE_OUT:
            if verdict.granted and equal(verdict.digest, self._who.digest):
                verdict.reason = self._finish(self._move_out)
        elif not verdict.granted and verdict.reason != THROTTLED:
            if self._state == _LAST_DAY:
                verdict.reason = self._agree(digits)
            elif self._state in (_NEW, _AGAIN):
                verdict.reason = self._choose(verdict, digits)

    def _choose(self, verdict: Verdict, digits: "bytes | memoryview") -> str:
        """Accept a PIN that nobody has or had, and that is not weak, unless one was to be repeated."""
        was, digest = self._state, verdict.digest
        self._go(_NEW)
        if was == _AGAIN or verdict.lease or is_weak(digits, self._settings.pin_shortest):
            return REFUSED
        # anybody's PIN, the move-in code itself, a withdrawn PIN: all are refused alike
        if self._residents.find(digest, PIN_VALUE, digits) is not None:
            return REFUSED
        if self._register.credentials.find(digest) is not None:
            return REFUSED
        self._go(_AGAIN)
        self._first = digest
        return GOES_ON

    def _agree(self, digits: "bytes | memoryview") -> str:
        """Agree to a last day before that of the lease; none that has passed, as far as the clock knows."""
        try:
            end = self._end_of(digits)
            if end > (self._clock.now() or 0) and self._consent(lambda consent: consent.is_earlier(end)):
                return self._finish(lambda: self._consent(lambda consent: consent.agree(self._who, end)))
        except FULL:
            pass
        return REFUSED

    def _end_of(self, digits: "bytes | memoryview") -> int:
        with Loan():
            from access.zone import end_of

            return end_of(digits, self._restrictions.zone)

    def _move_out(self) -> None:
        """Remove all that is theirs. If nobody else lives there the lease is given up, unless one comes."""
        if self._pins(lambda pins: pins.is_alone(self._who)):
            self._give_up()
        self._pins(lambda pins: pins.move_out(self._who))

    def _give_up(self) -> None:
        with Loan():
            from people.decisions import give_up

            give_up(self._register.leases, self._who.lease)

    def _announce(self) -> None:
        """Somebody new moves in: show it to those who live here, and to them what else opens already."""
        with Loan():
            from people.notices import renew

            renew(self._register, (self._who.lease,))

    def _pins(self, change: "Callable[[Pins], T]") -> "T":
        with Loan():
            from people.pins import Pins

            return change(Pins(self._register, self._who.lease))

    def _consent(self, change: "Callable[[Consent], T]") -> "T":
        with Loan():
            from people.consent import Consent

            return change(Consent(self._register, self._who.lease))

    def is_full(self) -> bool:
        """Whether there is no place for one more resident, or no memory to ask."""
        try:
            return not self._pins(lambda pins: pins.free())
        except FULL:
            return True

    def _finish(self, work: "Callable[[], object]") -> str:
        """Do what was asked for, and end. Nothing changes if something is full."""
        self._go(_IDLE)
        try:
            work()
        except FULL:
            return REFUSED
        return KEPT

    def _go(self, state: int) -> None:
        self._state = state
        self.patience = 0 if state == _IDLE else _PATIENCE_MS


def begin(verdict: Verdict, now: int, *parts) -> "tuple[Waiting | None, str]":
    """What is awaited, and the signal."""
    dialogue = Dialogue(verdict, now, parts)
    if parts[1].residents.paths[OLD] or (verdict.order == 0 and dialogue.is_full()):
        return None, REFUSED  # nothing can be set yet, or there are eight already
    return dialogue, GOES_ON
