"""What residents do about their own log at the keypad; its code is loaded instead of that of dialogue.py.

PIN * 8 #                  keeps a log, and hands it to the phone
PIN * 81 # ... PIN * 89 #  the same, and it keeps an entry for 1 to 9 days, and not for 30
PIN * 80 #                 erases it, and keeps none
"""

from os import urandom

from micropython import const

from access.decide import GOES_ON, KEPT, REFUSED
from access.waiting import FULL, Waiting
from loader import Loan
from people.entry import LOG
from storage.purposes import NEW_LOG_KEY

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.gate import Verdict
    from people.register import Register

_OFF = const(80)  # and this and so many days


def begin(verdict: "Verdict", now: int, *parts) -> "tuple[Waiting | None, str]":
    """Do what was asked for: what is awaited then, and the signal. `parts` are those of dialogue.py."""
    lend_phone, register, _, mac, settings = parts[:5]
    try:
        if verdict.order == _OFF:
            _close(register, verdict)
            return None, KEPT
        if settings.reader != "pn532":
            return None, REFUSED  # nobody could read it
        told = _hand_over(register, verdict, mac.digest(NEW_LOG_KEY, urandom(32))[:16])
    except FULL:
        return None, REFUSED
    phone = lend_phone()
    phone.present(LOG, told)
    return Waiting(now, phone), GOES_ON


def _hand_over(register: "Register", verdict: "Verdict", key: bytes) -> bytes:
    with Loan():
        from people.logs import hand_over

        return hand_over(register, verdict, max(0, verdict.order - _OFF), key)


def _close(register: "Register", verdict: "Verdict") -> None:
    with Loan():
        from people.logs import close

        close(register, verdict)
