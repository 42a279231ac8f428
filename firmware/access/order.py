"""What residents ask for that is done at once, or gives a phone a key; lent in place of dialogue.py.

PIN * 30 #  removes all of one's own cards
PIN * 4 #   arms guest codes, and hands the guest key to the phone
PIN * 40 #  the same with a new key
PIN * 50 #  takes back that the lease may end earlier
PIN * 6 #   turns the tenant's own broker on, and hands its code to the phone
PIN * 60 #  turns it off
PIN * 7 #   voids the lease's other ways in after 21 days, if they are not used
PIN * 8 #   keeps a log, and hands it to the phone
PIN * 81 # ... PIN * 89 #  the same, and it keeps an entry for 1 to 9 days, and not for 30
PIN * 80 #  erases it, and keeps none
"""

from micropython import const

from access.decide import KEPT, REFUSED
from access.guest_key import complete
from access.waiting import FULL
from loader import Loan
from people.entry import GUEST_KEY, HOME_KEY, LOG
from roll.record import DIGEST
from storage.purposes import NEW_GUEST_KEY, NEW_HOME_KEY, NEW_LOG_KEY

_NO_LOG = const(80)  # and this and so many days

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.dialogue import Parts
    from access.gate import Verdict
    from people.register import Register


def begin(verdict: "Verdict", now: int, *parts) -> "tuple[tuple[int, bytes] | None, str]":
    """Do what was asked for; the signal, or none and what a phone is to get (see dialogues.py).

    `parts` are those of dialogue.py.
    """
    order, register, settings = verdict.order, parts[1], parts[4]
    if order in (6, 60) and not settings.home:
        return None, REFUSED
    try:
        if order in (4, 40, 6, 8) or order > _NO_LOG:
            found = _key(verdict, parts)
            return found, REFUSED if found is None else ""
        _do(order, register, verdict)
    except FULL:
        return None, REFUSED
    return None, KEPT


def _key(who: "Verdict", parts: "Parts") -> "tuple[int, bytes] | None":
    """What a phone is to get: the log, a new home key, or a guest key, a new one for 40 or if there was none.

    If no reader could hand it over, this is None, and no key is made.
    """
    _, register, restrictions, mac, settings, _ = parts
    key = _guest_key(register, who) if who.order == 4 else None
    if key is None and settings.reader != "pn532":
        return None
    if who.order == 8 or who.order > _NO_LOG:
        return LOG, _log(register, who, mac.random(NEW_LOG_KEY)[:DIGEST])
    if who.order == 6:
        key = mac.random(NEW_HOME_KEY)[:DIGEST]
        _set_key(register, who, HOME_KEY, key)
        return HOME_KEY, key
    restrictions.arm_guest_codes()  # or nothing is changed
    if key is None:
        key = complete(mac.random(NEW_GUEST_KEY))
        _set_key(register, who, GUEST_KEY, key)
    return GUEST_KEY, key


# Of these, NoPlace: there is no place; OSError: the flash is full.


def _guest_key(register: "Register", who: "Verdict") -> "bytes | None":
    own, found = who.lease | who.number << 16, None
    for whose, key in register.residents.keys(GUEST_KEY):
        if whose == own and who.number:  # 0 is nobody's alone
            found = key
    return found


def _set_key(register: "Register", who: "Verdict", what: int, key: bytes) -> None:
    with Loan():
        from people.keys import Keys

        Keys(register, who.lease).set_key(who, what, key)


def _log(register: "Register", who: "Verdict", key: bytes) -> bytes:
    with Loan():
        from people.logs import hand_over

        return hand_over(register, who, max(0, who.order - _NO_LOG), key)


def _do(order: int, register: "Register", who: "Verdict") -> None:
    if order == 60:
        _set_key(register, who, HOME_KEY, b"")
        return
    with Loan():
        if order == _NO_LOG:
            from people.logs import close

            close(register, who)
        elif order == 30:
            from people.cards import Cards

            Cards(register, who.lease).remove_cards(who)
        elif order == 50:
            from people.consent import Consent

            Consent(register, who.lease).take_back(who)
        else:
            from people.voids import Voids

            Voids(register, who.lease).give(who, register.leases.lived())
