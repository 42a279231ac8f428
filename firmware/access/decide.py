"""The one decision of the lock, as a pure function."""

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.credentials import Credential

TENANT = const(1)
STAFF = const(2)
MOVE_IN = const(3)  # a code that opens nothing: with it a resident chooses a PIN

GRANTED = "granted"
UNKNOWN = "unknown"
THROTTLED = "throttled"
NO_CLOCK = "no clock"
TOO_EARLY = "too early"
EXPIRED = "expired"
MOVING_IN = "moving in"


def decide(credential: "Credential | None", now: "int | None", wait_ms: int = 0) -> str:
    """GRANTED, or the reason of a denial.

    `now` is seconds since 1970, or None where the clock is not trusted: tenants open then, and others
    whose credential is limited in time do not. `wait_ms` is what is left of the keypad's waiting time.
    """
    if wait_ms > 0:
        return THROTTLED
    if credential is None:
        return UNKNOWN
    if credential.role == MOVE_IN:
        return MOVING_IN
    if not (credential.not_before or credential.not_after):
        return GRANTED
    if now is None:
        return GRANTED if credential.role == TENANT else NO_CLOCK
    if now < credential.not_before:
        return TOO_EARLY
    if credential.not_after and now >= credential.not_after:
        return EXPIRED
    return GRANTED
