"""What residents do about their own log at the keypad; its code is loaded instead of that of dialogue.py.

PIN * 8 #                  keeps a log, and hands it to the phone
PIN * 81 # ... PIN * 89 #  the same, and it keeps an entry for 1 to 9 days, and not for 30
PIN * 80 #                 erases it, and keeps none
"""

from os import urandom

from micropython import const

from access.decide import KEPT, REFUSED
from access.waiting import FULL
from loader import Loan
from people.entry import LOG
from storage.purposes import NEW_LOG_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.gate import Verdict
    from people.register import Register

_OFF = const(80)  # and this and so many days


def begin(verdict: "Verdict", now: int, *parts) -> "tuple[tuple[int, bytes] | None, str]":
    """Do what was asked for; the signal, or none and what a phone is to get (see dialogues.py).

    `parts` are those of dialogue.py.
    """
    _, register, _, mac, settings = parts[:5]
    try:
        if verdict.order == _OFF:
            _close(register, verdict)
            return None, KEPT
        if settings.reader != "pn532":
            return None, REFUSED  # nobody could read it
        return (LOG, _hand_over(register, verdict, mac.digest(NEW_LOG_KEY, urandom(32))[:16])), ""
    except FULL:
        return None, REFUSED


def _hand_over(register: "Register", verdict: "Verdict", key: bytes) -> bytes:
    with Loan():
        from people.logs import hand_over

        return hand_over(register, verdict, max(0, verdict.order - _OFF), key)


def _close(register: "Register", verdict: "Verdict") -> None:
    with Loan():
        from people.logs import close

        close(register, verdict)
