"""Collects what the lock says of its own state, and never of who comes and goes."""

from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from reports.reports import Reports
    from roll.credentials import Credentials


class Status:
    """Called for each state message, and for each self-test from afar."""

    def __init__(self, credentials: "Credentials", clock: "Clock", reports: "Reports") -> None:
        self._credentials, self._clock, self._reports = credentials, clock, reports

    def __call__(self) -> dict:
        return {
            "firmware": VERSION,
            "list": self._credentials.version,
            "clock": self._clock.trust,
            "slot": slot(),
            "faults": sorted(self._reports.faults),
        }
