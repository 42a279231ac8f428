"""Leads residents through what they set at the keypad: PIN, cards, guest key, home code, and moving out.

After a resident's PIN

    * 1, then a new PIN twice      changes the PIN
    * 2, then a card               adds the card
    * 3, then a card or #          removes that card, or all that were added
    * 4                            arms guest codes, and presents the guest key; then #: a new one
    * 6                            turns the tenant's own broker on, and presents its code; then #: off
    * 9, then the PIN once more    confirms moving out

After a move-in code a new PIN is entered twice. `*` cancels at any point, and so does a minute without a key,
or ten seconds after `* 4` and `* 6`.
"""

from os import urandom
from time import ticks_diff

from micropython import const

from loader import Loan
from people.residents import GUEST_KEY, HOME_KEY, ResidentsError
from roll.record import CARD, DIGEST, PIN, TENANT
from storage.purposes import CARD_VALUE, NEW_GUEST_KEY, NEW_HOME_KEY, PIN_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.restrictions import Restrictions
    from people.changes import Changes
    from people.register import Register
    from storage.hmac import Mac

_FULL = (ResidentsError, OSError, ImportError, MemoryError)  # the table is, the flash, or RAM
_SHORTEST = const(4)
_LONGEST = const(10)
_PATIENCE_MS = const(60_000)
# What the dialogue waits for.
_IDLE = const(0)  # nothing: it has ended
_MENU = const(1)  # the digit that says what the resident wants
_NEW = const(2)  # a new PIN
_AGAIN = const(3)  # the same PIN again
_ADD = const(4)  # a card to add
_REMOVE = const(5)  # a card to remove, or #
_MOVE_OUT = const(6)  # the PIN, to confirm moving out


def is_weak(digits: "bytes | memoryview") -> bool:
    """Whether a PIN is too short, too long, one digit repeated, or a run like 3456 or 8765."""
    if not _SHORTEST <= len(digits) <= _LONGEST:
        return True
    step = digits[1] - digits[0]
    if step not in (0, 1, -1):
        return False
    return all(digits[i + 1] - digits[i] == step for i in range(1, len(digits) - 1))


class Dialogue:
    """One dialogue, until `done`. `say(signal)`: "enrolling", "kept", "weak" or "cleared".

    `present(what, key)` has the reader present a GUEST_KEY or HOME_KEY to the tenant's phone for a while; an
    empty key ends that. `has_home` says whether the settings name a broker of the tenant's own.
    """

    def __init__(
        self,
        register: "Register",
        restrictions: "Restrictions",
        mac: "Mac",
        say: "Callable[[str], None]",
        present: "Callable[[int, bytes], None]",
        has_home: bool,
    ) -> None:
        self._residents, self._credentials = register.residents, register.credentials
        self._register, self._restrictions, self._mac = register, restrictions, mac
        self._say, self._present, self._has_home = say, present, has_home
        self.presented: tuple[int, int] | None = None  # what a phone can read now, and the lease
        self._state = _IDLE
        self._digest = self._first = b""
        self._lease = self._since = 0

    @property
    def done(self) -> bool:
        """Whether the dialogue has ended, in whatever way."""
        return self._state == _IDLE

    def menu(self, digest: bytes, lease: int, now: int) -> None:
        """Begin: a resident has opened with this PIN and pressed `*`."""
        self._digest, self._lease = digest, lease
        self._go(_MENU, now)
        self._say("enrolling")

    def move_in(self, digest: bytes, lease: int, now: int) -> None:
        """Begin: a move-in code was entered, which is used up once the new resident has chosen a PIN."""
        self._digest, self._lease = digest, lease
        self._go(_NEW, now)
        self._say("enrolling")

    def key(self, key: str, now: int) -> bool:
        """Handle a key. False: it belongs to a code that is being entered."""
        state = self._state
        if key == "*":
            self._state = _IDLE
            return False  # it clears the code that was being entered, too
        if state == _MENU:
            self._choose(key, now)
            return True
        if state == _REMOVE and key == "#":
            self._finish_with(lambda changes: changes.remove_cards(self._lease))
            return True
        if state in (_ADD, _REMOVE):
            self._cancel()
            return True
        self._since = now
        return False

    def present_other(self, what: int, lease: int) -> None:
        """`#` while a phone can read `what`: another guest key of this lease, or no home code any more."""
        self._lease = lease
        if what == GUEST_KEY:
            self._give_guest_key(True)
        else:
            self._switch_home(False)

    def _choose(self, key: str, now: int) -> None:
        """What the resident wants."""
        chosen = {"1": _NEW, "2": _ADD, "3": _REMOVE, "9": _MOVE_OUT}.get(key, _IDLE)
        if chosen != _IDLE:
            self._go(chosen, now)
            self._say("enrolling")
        elif key == "4":
            self._give_guest_key(False)
        elif key == "6":
            self._switch_home(True)
        else:
            self._cancel()

    def pin(self, digits: "bytes | memoryview", now: int) -> bool:
        """Handle a code. False: it is none that is being chosen, and is to be judged."""
        if self._state not in (_NEW, _AGAIN, _MOVE_OUT):
            return False
        digest = self._mac.digest(PIN_VALUE, digits)[:DIGEST]
        if self._state == _MOVE_OUT:
            if digest == self._digest:
                self._finish(self._move_out)
            else:
                self._refuse()
        elif self._state == _NEW:
            if is_weak(digits) or self._is_in_use(digest):
                self._say("weak")
                self._since = now
            else:
                self._first = digest
                self._go(_AGAIN, now)
                self._say("enrolling")
        elif digest == self._first:
            self._finish_with(lambda changes: changes.add(digest, PIN, self._lease, self._digest))
        else:
            self._go(_NEW, now)
            self._say("weak")
        return True

    def card(self, uid: bytes) -> bool:
        """Handle a card. False: it was not to be added or removed, and is to be judged."""
        if self._state not in (_ADD, _REMOVE):
            return False
        digest = self._mac.digest(CARD_VALUE, uid)[:DIGEST]
        own = self._residents.find(digest)
        if self._state == _REMOVE:
            if own is not None and own.lease == self._lease:
                self._finish_with(lambda changes: changes.remove(digest))
            else:
                self._withdraw(digest)
        elif own is not None or self._credentials.find(digest) is not None:
            self._refuse()
        else:
            self._finish_with(lambda changes: changes.add(digest, CARD, self._lease))
        return True

    def tick(self, now: int) -> None:
        """End the dialogue when nothing has come for too long; to be called a few times a second."""
        passed = ticks_diff(now, self._since)
        if self._state != _IDLE and passed >= _PATIENCE_MS:
            self._cancel()

    def _move_out(self) -> None:
        with Loan():
            from people.guard import Guard

            Guard(self._register.leases).end(self._lease)
        self._change(lambda changes: changes.clear(self._lease))

    def _change(self, change: "Callable[[Changes], None]") -> None:
        """Change the table of residents. ResidentsError: full; OSError: the flash is."""
        with Loan():
            from people.changes import Changes

            change(Changes(self._residents))

    def _withdraw(self, digest: bytes) -> None:
        """Have a card of the operator's list open no more, if it is of the same lease."""
        listed = self._credentials.find(digest)
        if listed is not None and listed.role == TENANT and listed.lease == self._lease:
            self._finish_with(lambda changes: changes.withdraw(digest))
        else:
            self._refuse()

    def _give_guest_key(self, new: bool) -> None:
        """Arm guest codes, and present the lease's key: a new one if there is none, or one is wanted."""
        self._state = _IDLE
        try:
            key = None if new else dict(self._residents.keys()).get(self._lease)
            if key is None:
                key = self._random(NEW_GUEST_KEY)
                self._set_key(GUEST_KEY, key)
            self._restrictions.arm_guest_codes()
        except _FULL:
            self._refuse()
        else:
            self._say("kept")
            self._present(GUEST_KEY, key)
            self.presented = GUEST_KEY, self._lease

    def _switch_home(self, on: bool) -> None:
        """Turn the tenant's own broker on with a new code, or off, which removes the code."""
        self._state = _IDLE
        if not self._has_home:
            self._refuse()
            return
        try:
            key = self._random(NEW_HOME_KEY) if on else b""
            self._set_key(HOME_KEY, key)
        except _FULL:
            self._refuse()
        else:
            self._say("kept")
            self._present(HOME_KEY, key)
            self.presented = (HOME_KEY, self._lease) if on else None

    def _random(self, purpose: bytes) -> bytes:
        """The chip's generator is weak while the radio is off: the lock's key makes up for that."""
        return self._mac.digest(purpose, urandom(32))[:DIGEST]

    def _is_in_use(self, digest: bytes) -> bool:
        """Whether it is anybody's PIN, the move-in code itself, or a withdrawn PIN: all are refused alike."""
        return (
            self._residents.find(digest) is not None
            or self._residents.withdrawn(digest)
            or self._credentials.find(digest) is not None
        )

    def _set_key(self, what: int, key: bytes) -> None:
        self._change(lambda changes: changes.set_key(what, self._lease, key))

    def _finish_with(self, change: "Callable[[Changes], None]") -> None:
        self._finish(lambda: self._change(change))

    def _finish(self, work: "Callable[[], None]") -> None:
        """Do what was asked for, and end. Where something is full the person is told, and nothing changes."""
        self._state = _IDLE
        try:
            work()
        except _FULL:
            self._say("weak")
        else:
            self._say("kept")

    def _refuse(self) -> None:
        self._state = _IDLE
        self._say("weak")

    def _cancel(self) -> None:
        self._state = _IDLE
        self._first = b""
        self._say("cleared")

    def _go(self, state: int, now: int) -> None:
        self._state, self._since = state, now
