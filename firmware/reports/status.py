"""Collects what the lock says of its own state, and never of who comes and goes."""

from storage.names import ORDER
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from reports.reports import Reports
    from roll.credentials import Credentials
    from storage.nvs import Numbers


class Status:
    """Called for each state message, and for each self-test from afar."""

    def __init__(
        self, credentials: "Credentials", clock: "Clock", reports: "Reports", numbers: "Numbers"
    ) -> None:
        self._credentials, self._clock, self._reports = credentials, clock, reports
        self._numbers = numbers

    def __call__(self) -> dict:
        return {
            "firmware": VERSION,
            "list": self._credentials.version,
            "hash": self._credentials.hash.hex(),
            "clock": self._clock.trust,
            "slot": slot(),
            "order": abs(self._numbers.get(ORDER)),
            "faults": sorted(self._reports.faults),
        }
