"""Knows what the lock can say of its own state; what collects that is loaded each time (state.py)."""

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
    none. `home_ends` is the same for the one that is trusted for a tenant's broker. Two months before there
    is a fault. `board` is its profile, `trusts` the ids of the release keys that it trusts: they say which
    releases it can take. `key` is the lock's.
    """

    def __init__(
        self, credentials: "Credentials", clock: "Clock", reports: "Reports", numbers: "Numbers"
    ) -> None:
        self.credentials, self.clock, self.reports = credentials, clock, reports
        self.numbers = numbers
        self.certificates_end = self.home_ends = 0
        self.board, self.trusts, self.key = "", [], b""

    def __call__(self, anew: bool = False) -> dict:
        """`anew` makes another challenge; the one before stays good until the next, for what is under way."""
        with Loan():
            from reports.state import collect

            return collect(self, anew)
