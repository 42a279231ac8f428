"""Has the state of the lock collected for whoever tells it."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from reports.reports import Reports
    from roll.credentials import Credentials
    from storage.nvs import Numbers


class Status:
    """Called for each state message, and for each self-test from afar.

    `certificates_end` is when the first of the lock's certificates ends, in seconds since 1970; 0: it has
    none. A month before there is a fault.
    """

    def __init__(
        self, credentials: "Credentials", clock: "Clock", reports: "Reports", numbers: "Numbers"
    ) -> None:
        self._parts = credentials, clock, reports, numbers
        self.certificates_end = 0

    def __call__(self) -> dict:
        with Loan():
            from reports.state import state

            return state(*self._parts, self.certificates_end)
