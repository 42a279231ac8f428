"""Collects what the lock says of its own state, and never of who comes and goes. Loaded for each message."""

from micropython import const

from door.faults import CERTIFICATE
from storage.names import COMMAND, ORDER
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from reports.reports import Reports
    from roll.credentials import Credentials
    from storage.nvs import Numbers

_WARN_DAYS = const(30)


def state(
    credentials: "Credentials", clock: "Clock", reports: "Reports", numbers: "Numbers", certificates_end: int
) -> dict:
    """The state as it is now; a fault begins or ends here with the last month of a certificate."""
    now, days = clock.now(), None
    if now is not None and certificates_end:
        days = (certificates_end - now) // 86_400
        reports.fault(CERTIFICATE, days < _WARN_DAYS)
    return {
        "days": days,
        "firmware": VERSION,
        "list": credentials.version,
        "hash": credentials.hash.hex(),
        "clock": clock.trust,
        "slot": slot(),
        "order": abs(numbers.get(ORDER)),
        "command": numbers.get(COMMAND),
        "faults": sorted(reports.faults),
    }
