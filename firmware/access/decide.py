"""Decides whether a credential opens the door: a pure function, and the only place where that is decided."""

from micropython import const

from roll.record import MOVE_IN, STAFF, STAFF_PASSAGE, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.record import Credential

GUEST = const(9)  # the role of whoever has a guest code; no record has it

GRANTED = "granted"
UNKNOWN = "unknown"
THROTTLED = "throttled"
NO_CLOCK = "no clock"
TOO_EARLY = "too early"
EXPIRED = "expired"
OUTSIDE = "outside schedule"
USED_UP = "used up"
MOVING_IN = "moving in"
ASKING = "asking"  # a tenant's PIN that is to do something else than open: see dialogues.py

GUESTS = "guests"  # it may be a guest's code: Gate.guest() says

PASSAGE = "passage"  # staff who may, begin passage mode, or end it

AT_THE_DOOR = const(100)  # what a phone is ASKING for after `* #`; a number behind a PIN has two digits

# What a card is, beside its number.
PLAIN = const(0)  # it has shown the number, and nothing more
PROVED = const(1)  # it has proved that the number is its own
ELSEWHERE = const(2)  # it could become a card of this lock, but has its home at another
DELAYS = const(3)  # it is no more than there yet, and makes its reader wait: somebody has tried keys on it

# What a dialogue at the keypad makes of a code or card, by the names of the signals.
GOES_ON = "enrolling"
KEPT = "kept"
REFUSED = "weak"
AT_HOME_ELSEWHERE = "elsewhere"  # a card that has its home at another lock, and room for one alone


def decide(
    credential: "Credential | None", now: "int | None", wait_ms: int = 0, in_hours: bool = True
) -> str:
    """GRANTED, or the reason of a denial.

    `now` is seconds since 1970, or None where the clock is not trusted: tenants get in then, and others
    whose credential is limited in time do not. `wait_ms` is what remains of the keypad's waiting time.
    `in_hours` says whether the credential's schedule covers this moment; tenants are bound by none.
    """
    if wait_ms > 0:
        return THROTTLED
    if credential is None:
        return UNKNOWN
    role = credential.role
    if role == MOVE_IN:  # not before the lease begins; at any time after that
        return TOO_EARLY if now is not None and now < credential.not_before else MOVING_IN
    if role not in (TENANT, STAFF, STAFF_PASSAGE):
        return UNKNOWN
    if now is None:
        limited = credential.not_before or credential.not_after or credential.schedule
        return NO_CLOCK if limited and role != TENANT else GRANTED
    if now < credential.not_before:
        return TOO_EARLY
    if credential.not_after and now >= credential.not_after:
        return EXPIRED
    return GRANTED if in_hours or role == TENANT else OUTSIDE
