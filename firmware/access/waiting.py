"""What all dialogues at the keypad have in common: their time, `*`, the third refusal. Lent with them.

By itself it waits for a phone, so that no more than this stays loaded meanwhile.
"""

from time import ticks_diff

from micropython import const

from access.decide import GOES_ON, KEPT, PLAIN
from access.gate import Verdict
from people.entry import NoPlace
from roll.record import CARD

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Protocol

    class Phone(Protocol):
        """What door/phone.py does with the phone at the reader."""

        def present(self, what: int, key: bytes) -> None: ...
        def ask(self, message: bytes, on_answer: "Callable[[bytes], None]") -> None: ...
        def waits(self) -> bool: ...
        def end(self) -> None: ...


_LONG_MS = const(20_000)  # without a key, for what must be found first: a card, a phone
FULL = (NoPlace, OSError, ImportError, MemoryError)  # the table is, the flash, or RAM
_REFUSALS = const(3)
_RANDOM = const(8)  # UID0 of a random UID, new at each activation: ISO/IEC 14443-3, 6.5.4


def present(
    now: int, lend_phone: "Callable[[], Phone]", what: int, key: bytes
) -> "tuple[Waiting | None, str]":
    """Have a phone read something: what is awaited then, and the signal. Without a reader nothing is."""
    phone = lend_phone()
    phone.present(what, key)
    return (Waiting(now, phone), GOES_ON) if phone.waits() else (None, KEPT)


def is_random(uid: bytes) -> bool:
    """Whether a UID will be another one the next time, as a phone's is."""
    return len(uid) == 4 and uid[0] == _RANDOM


class Waiting:
    """Something is awaited at the door for `patience` ms without a key; 0: it is over.

    Its attributes are public: the build shortens private ones by module, and dialogues are in several
    modules.
    """

    def __init__(self, now: int, phone: "Phone | None" = None) -> None:
        self.since, self.phone = now, phone
        self.refusals = 0
        self.patience = _LONG_MS
        self.answer: int | None = None  # whose key a phone has answered with: see phone_opening.py
        self.spares_digits = False  # what was typed meanwhile goes on when it ends

    def key(self, key: str, now: int) -> None:
        """A key was pressed: `*` ends it, and every other gives it time."""
        self.since = now
        if key == "*":
            self.patience = 0

    def has_run_out(self, now: int) -> bool:
        """Whether its time is over; to be called often."""
        if ticks_diff(now, self.since) >= self.patience:
            self.patience = 0
            return True
        if self.phone is not None and not self.phone.waits():
            self.patience = 0  # it has read what was presented
        return False

    def end(self) -> None:
        """It is over, for whatever reason."""
        if self.phone is not None:
            self.phone.end()

    def again(self, digits: "bytes | memoryview") -> "Verdict | None":
        """The verdict if these digits are the new PIN once more; such digits are not judged as a code."""

    def pin(self, verdict: "Verdict", digits: "bytes | memoryview") -> None:
        """A code was judged: give it another reason if it is what is awaited."""

    def card(self, uid: bytes, kind: int = PLAIN) -> "Verdict | None":
        """The verdict where a card is added, removed or refused; None where it is to be judged.

        A phone that comes before the reader is ready for it shows a random number.
        """
        is_phone = self.phone is not None and kind == PLAIN and is_random(uid)
        return Verdict(GOES_ON, CARD) if is_phone else None

    def adds(self) -> bool:
        """Whether a card is awaited that is to be added."""
        return False

    def heard(self, reason: str) -> None:
        """What came did not open the door. The third refusal ends it."""
        if reason not in (GOES_ON, KEPT):
            self.refusals += 1
            if self.refusals >= _REFUSALS:
                self.patience = 0
