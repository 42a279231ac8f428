"""What residents do at the keypad beside opening: PIN, cards, keys, an earlier end, and moving out.

    PIN * 1 #, then a new PIN # twice   changes the PIN
    PIN * 2 #, then a card              adds the card
    PIN * 3 #, then a card              removes the card
    PIN * 30 #                          removes all of one's own cards
    PIN * 4 #                           arms guest codes, and hands the guest key to the phone
    PIN * 40 #                          the same with a new key
    PIN * 5 #, then DDMMYY #            agrees that the lease ends with that day, if all residents do
    PIN * 50 #                          takes that back
    PIN * 6 #                           turns the tenant's own broker on, and hands its code to the phone
    PIN * 60 #                          turns it off
    PIN * 7 #                           voids the lease's other ways in after 21 days, if they are not used
    PIN * 9 #, then the PIN # once more confirms moving out

After a move-in code a new PIN is entered twice. waiting.py says when a dialogue ends, README.md what holds in
it.
"""

from os import urandom

from micropython import const

from access.decide import (
    AT_HOME_ELSEWHERE,
    ELSEWHERE,
    GOES_ON,
    KEPT,
    PLAIN,
    PROVED,
    REFUSED,
    THROTTLED,
)
from access.gate import Verdict
from access.guest_key import complete
from access.waiting import LONG_MS, Waiting, is_handed_out, is_random
from loader import Loan
from people.entry import CREDENTIAL, GUEST_KEY, HOME_KEY, ResidentsError
from roll.record import CARD, DIGEST, PIN, TENANT
from storage.hmac import equal
from storage.purposes import (
    CARD_VALUE,
    NEW_GUEST_KEY,
    NEW_HOME_KEY,
    PIN_VALUE,
    PROVED_CARD_VALUE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol, TypeVar

    from access.clock import Clock
    from access.restrictions import Restrictions
    from access.waiting import Phone
    from people.cards import Cards
    from people.changes import Changes
    from people.consent import Consent
    from people.keys import Keys
    from people.pins import Pins
    from people.register import Register
    from roll.record import Credential
    from storage.hmac import Mac

    T = TypeVar("T")

    class Settings(Protocol):
        """What of the settings matters here."""

        plain_uid: bool
        pin_shortest: int
        reader: str

        @property
        def home(self) -> "tuple | None": ...

    Parts = tuple[Callable[[], Phone], Register, Restrictions, Mac, Settings, Clock]

_FULL = (ResidentsError, OSError, ImportError, MemoryError)  # the table is, the flash, or RAM
_LONGEST = const(10)
_PATIENCE_MS = const(10_000)
# What the dialogue waits for.
_IDLE = const(0)  # nothing: it has ended
_NEW = const(1)  # a new PIN
_AGAIN = const(2)  # the same PIN again
_MOVE_OUT = const(3)  # the PIN, to confirm moving out
_ADD = const(4)  # a card to add
_REMOVE = const(5)  # a card to remove
_LAST_DAY = const(6)  # an earlier end to agree to
_WAITS_FOR = {0: _NEW, 1: _NEW, 2: _ADD, 3: _REMOVE, 5: _LAST_DAY, 9: _MOVE_OUT}  # 0: after a move-in code


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
        self._lend_phone, self._register, self._restrictions, self._mac, self._settings, self._clock = parts
        self._residents = self._register.residents
        self._state = _IDLE
        self._first = b""
        self.awaited: Waiting = self

    def begin(self, order: int) -> str:
        """Do what this order means, as far as that needs nothing more; the signal."""
        if order == 0 and not self._can(lambda changes: changes.free()):
            return REFUSED  # there are eight already
        self._go(_WAITS_FOR.get(order, _IDLE))
        if self._state != _IDLE:
            return GOES_ON
        if order == 30:
            return self._finish(lambda: self._cards(lambda cards: cards.remove_cards(self._who)))
        if order == 7:
            return self._finish(self._give_notice)
        if order == 50:
            return self._finish(lambda: self._consent(lambda consent: consent.take_back(self._who)))
        if order in (4, 40):
            return self._finish(lambda: self._give_guest_key(order == 40))
        if not self._settings.home:
            return REFUSED
        return self._finish(self._turn_home_on if order == 6 else lambda: self._set_key(HOME_KEY, b""))

    def again(self, digits: "bytes | memoryview") -> "Verdict | None":
        """KEPT, or REFUSED, where these digits are the new PIN once more."""
        if self._state != _AGAIN:
            return None
        digest = self._mac.digest(PIN_VALUE, digits)[:DIGEST]
        if not equal(digest, self._first):
            return None
        digest = self._residents.digest(digest, PIN_VALUE, digits)
        if self._who.role == TENANT:
            change = lambda pins: pins.change_pin(self._who, digest)  # noqa: E731
        else:
            change = lambda pins: pins.move_in(self._who.digest, digest)  # noqa: E731
            return Verdict(self._finish(lambda: (self._announce(), self._pins(change))), PIN)
        return Verdict(self._finish(lambda: self._pins(change)), PIN)

    def pin(self, verdict: Verdict, digits: "bytes | memoryview") -> None:
        """A code was judged: give it another reason where it is what is waited for. What opens does open.

        A new PIN was counted by the throttle like every other code, and stays so: whether it is taken tells
        whether it is somebody's.
        """
        if self._state == _MOVE_OUT:
            if verdict.granted and equal(verdict.digest, self._who.digest):
                verdict.reason = self._finish(self._move_out)
        elif not verdict.granted and verdict.reason != THROTTLED:
            if self._state == _LAST_DAY:
                verdict.reason = self._agree(digits)
            elif self._state in (_NEW, _AGAIN):
                verdict.reason = self._choose(verdict, digits)

    def adds(self) -> bool:
        """Whether a card is awaited that is to be added."""
        return self._state == _ADD

    def card(self, uid: bytes, kind: int = PLAIN) -> "Verdict | None":
        """The verdict where the card is added, removed or refused; None where it is to be judged.

        A card that is known is not added again: it opens, if it does. So does one that is a flatmate's.
        """
        purpose = PROVED_CARD_VALUE if kind == PROVED else CARD_VALUE
        digest = self._mac.digest(purpose, uid)[:DIGEST]
        known, own = self._residents.find(digest, purpose, uid), b""
        listed = self._register.credentials.find(digest)
        change = None
        if self._state == _REMOVE:
            own = self._residents.digest(digest, purpose, uid)
            if known is not None and known.what == CREDENTIAL:
                if known.lease == self._who.lease and known.number in (0, self._who.number):
                    change = lambda cards: cards.remove(digest, own)  # noqa: E731
            elif known is None and self._is_ours_alone(listed):
                change = lambda cards: cards.withdraw(digest)  # noqa: E731
        elif self._state == _ADD and known is None and listed is None:
            if kind == ELSEWHERE or (kind == PROVED and is_handed_out(uid)):
                return Verdict(AT_HOME_ELSEWHERE, CARD)
            if kind == PLAIN and not self._could_open(uid):
                return Verdict(REFUSED, CARD)
            own = self._residents.digest(digest, purpose, uid)
            change = lambda cards: cards.add_card(self._who, own)  # noqa: E731
        return change and Verdict(self._finish(lambda: self._cards(change)), CARD)

    def _is_ours_alone(self, listed: "Credential | None") -> bool:
        """Whether a card of the list is one of the lease, and nobody else lives there."""
        if listed is None or (listed.role, listed.lease) != (TENANT, self._who.lease):
            return False
        return self._can(lambda changes: changes.is_alone(self._who))

    def _choose(self, verdict: Verdict, digits: "bytes | memoryview") -> str:
        """Take a PIN that nobody has or had, and that is not weak; none where one was to be repeated."""
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
        except _FULL:
            pass
        return REFUSED

    def _end_of(self, digits: "bytes | memoryview") -> int:
        with Loan():
            from access.last_day import end_of

            return end_of(digits, self._restrictions.zone)

    def _could_open(self, uid: bytes) -> bool:
        """Whether a card opens this door by this number alone: never say "kept" of one that cannot.

        A phone shows another number each time, and some chips show zeros. What comes over Wiegand is a number
        that may begin as random ones do.
        """
        settings = self._settings
        return settings.plain_uid and any(uid) and (settings.reader != "pn532" or not is_random(uid))

    def _give_guest_key(self, new: bool) -> None:
        """Arm guest codes, and hand over one's own key: a new one if there is none, or one is wanted."""
        key = None if new else self._keys(lambda keys: keys.key(self._who, GUEST_KEY))
        if key is None:
            key = complete(self._random(NEW_GUEST_KEY))
            self._set_key(GUEST_KEY, key)
        self._restrictions.arm_guest_codes()
        self._hand_over(GUEST_KEY, key)

    def _turn_home_on(self) -> None:
        key = self._random(NEW_HOME_KEY)
        self._set_key(HOME_KEY, key)
        self._hand_over(HOME_KEY, key)

    def _hand_over(self, what: int, key: bytes) -> None:
        phone = self._lend_phone()
        phone.present(what, key)
        if phone.waits():  # without a reader nobody does
            self.awaited = Waiting(self.since, phone)

    def _random(self, purpose: bytes) -> bytes:
        """The chip's generator is weak while the radio is off: the lock's key makes up for that."""
        return self._mac.digest(purpose, urandom(32))[:DIGEST]

    def _set_key(self, what: int, key: bytes) -> None:
        self._keys(lambda keys: keys.set_key(self._who, what, key))

    def _give_notice(self) -> None:
        with Loan():
            from people.voids import Voids

            Voids(self._register, self._who.lease).give(self._who, self._register.leases.lived())

    def _move_out(self) -> None:
        """One's own things go. Where nobody else lives there the lease is given up, unless somebody comes."""
        if self._ask(lambda changes: changes.is_alone(self._who)):
            self._leave()
        self._pins(lambda pins: pins.move_out(self._who))

    def _leave(self) -> None:
        with Loan():
            from people.decisions import leave

            leave(self._register.leases, self._who.lease)

    def _announce(self) -> None:
        """Somebody new moves in: who lives here is shown it, and they what else opens already."""
        with Loan():
            from people.notices import renew

            renew(self._register, (self._who.lease,))

    def _ask(self, ask: "Callable[[Changes], T]") -> "T":
        """Ask the table. Here and below, ResidentsError: there is no place; OSError: the flash is full."""
        with Loan():
            from people.changes import Changes

            return ask(Changes(self._register, self._who.lease))

    def _pins(self, change: "Callable[[Pins], T]") -> "T":
        with Loan():
            from people.pins import Pins

            return change(Pins(self._register, self._who.lease))

    def _cards(self, change: "Callable[[Cards], T]") -> "T":
        with Loan():
            from people.cards import Cards

            return change(Cards(self._register, self._who.lease))

    def _keys(self, change: "Callable[[Keys], T]") -> "T":
        with Loan():
            from people.keys import Keys

            return change(Keys(self._register, self._who.lease))

    def _consent(self, change: "Callable[[Consent], T]") -> "T":
        with Loan():
            from people.consent import Consent

            return change(Consent(self._register, self._who.lease))

    def _can(self, ask: "Callable[[Changes], object]") -> bool:
        """Whether the answer is yes, and there is a place, and memory to ask."""
        try:
            return bool(self._ask(ask))
        except _FULL:
            return False

    def _finish(self, work: "Callable[[], object]") -> str:
        """Do what was asked for, and end, unless a phone is awaited. Nothing changes if something is full."""
        self._go(_IDLE)
        try:
            work()
        except _FULL:
            return REFUSED
        return KEPT if self.awaited is self else GOES_ON

    def _go(self, state: int) -> None:
        self._state = state
        self.patience = 0 if state == _IDLE else LONG_MS if state in (_ADD, _REMOVE) else _PATIENCE_MS


def begin(verdict: Verdict, now: int, *parts) -> "tuple[Waiting | None, str]":
    """Do what was asked for, as far as that needs nothing more: what is awaited then, and the signal."""
    dialogue = Dialogue(verdict, now, parts)
    signal = dialogue.begin(verdict.order)
    return (dialogue.awaited if signal == GOES_ON else None), signal
