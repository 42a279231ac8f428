"""Opens for a phone at the reader that answers with a resident's key, after `* #`; README.md has the format.

For ten seconds the reader is a tag that anybody may read and write. It shows a challenge that was never shown
before, and what is written is the answer: a wrong one opens nothing, and also ends it. Lent.
"""

import asyncio
from time import ticks_diff

from micropython import const

from access.decide import GOES_ON, REFUSED
from access.waiting import FULL, Waiting
from people.entry import GUEST_KEY
from storage.hmac import Mac, equal
from storage.purposes import NEW_CHALLENGE, PHONE_OPENING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.gate import Verdict
    from access.waiting import Phone
    from people.residents import Residents

_PATIENCE_MS = const(10_000)
_SIZE = const(16)  # bytes of a challenge, and of an answer
# NFC Forum NDEF 1.0, 3.2: one short record of an unknown type, which has no other head
_HEAD = b"\xd5\x00\x10"


class Opening(Waiting):
    """As Waiting, but no key gives it more time, and no key typed meanwhile is lost."""

    def __init__(self, now: int, phone: "Phone", lock: str, mac: Mac, residents: "Residents") -> None:
        super().__init__(now, phone)
        self.lock, self.residents = lock.encode(), residents
        self.patience, self.spares_digits, self.judges = _PATIENCE_MS, True, False
        # the chip's generator is weak while the radio is off: the lock's key makes up for that
        self.challenge = mac.random(NEW_CHALLENGE)[:_SIZE]
        # RTD Text 1.0, 3.2: UTF-8, English
        text = b"\x02enMenshen door of " + self.lock + b": " + self.challenge.hex().encode()
        phone.ask(b"\xd1\x01" + bytes((len(text),)) + b"T" + text, self._on_answer)

    def key(self, key: str, now: int) -> None:
        """A key was pressed: `*` ends it."""
        if key == "*":
            self.patience = 0

    def has_run_out(self, now: int) -> bool:
        """As Waiting; but the tag is over before the answer is judged."""
        if not self.judges and ticks_diff(now, self.since) >= self.patience:
            self.patience = 0
            return True
        return False

    def _on_answer(self, message: bytes) -> None:
        """Have judged what a phone has written."""
        asyncio.create_task(self._judge(message))
        self.judges = True

    async def _judge(self, message: bytes) -> None:
        """Note whose key has signed the challenge; 0 is nobody's. All keys are tried, whatever came.

        A house door may have 256 of them: other tasks have a turn between two.
        """
        answer, whose = message[len(_HEAD) :], 0
        try:
            for owner, key in self.residents.keys(GUEST_KEY):
                if equal(Mac(key).digest(PHONE_OPENING, self.lock, self.challenge)[:_SIZE], answer):
                    whose = owner
                await asyncio.sleep_ms(0)
        except (OSError, MemoryError):
            whose = 0  # a shelf that cannot be read
        self.answer = whose if message[: len(_HEAD)] == _HEAD else 0


def begin(verdict: "Verdict", now: int, *parts) -> "tuple[Waiting | None, str]":
    """What is awaited, and the signal. `parts` are those of dialogue.py."""
    lend_phone, register, _, mac, settings = parts[:5]
    try:
        opening = Opening(now, lend_phone(), settings.lock, mac, register.residents)
    except FULL:
        return None, REFUSED
    if opening.phone is not None and opening.phone.waits():  # without a reader nobody does
        return opening, GOES_ON
    return None, REFUSED
