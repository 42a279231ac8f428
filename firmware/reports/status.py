"""Collects what the lock says of its own state, and never of who comes and goes."""

from os import urandom

from micropython import const

from door.faults import CERTIFICATE, HOME_CERTIFICATE
from storage.hmac import hmac_sha256
from storage.names import COMMAND, ORDER
from storage.purposes import NEW_CHALLENGE
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from reports.reports import Reports
    from roll.credentials import Credentials
    from storage.nvs import Numbers


_WARN_DAYS = const(60)


class Status:
    """Called for each state message, and for each self-test from afar.

    `certificates_end` is when the first of the lock's certificates ends, in seconds since 1970; 0: it has
    none. `home_ends` is the same of the one that is trusted of a tenant's broker. Two months before there is
    a fault. `board` is its profile, `trusts` the ids of the release keys that it trusts: they say which
    releases it can take. `key` is the lock's.
    """

    def __init__(
        self, credentials: "Credentials", clock: "Clock", reports: "Reports", numbers: "Numbers"
    ) -> None:
        self._credentials, self._clock, self._reports = credentials, clock, reports
        self._numbers = numbers
        self.certificates_end = self.home_ends = 0
        self.board, self.trusts, self.key = "", [], b""

    def __call__(self, anew: bool = False) -> dict:
        """`anew` makes another challenge: that of before is good until the next, for what is on its way."""
        if anew:
            made = hmac_sha256(self.key, NEW_CHALLENGE, urandom(32))[:8].hex()
            self._clock.challenges = made, self._clock.challenges[0]
        now, days = self._clock.now(), None
        if now is not None and self.certificates_end:
            days = (self.certificates_end - now) // 86_400
            self._reports.fault(CERTIFICATE, days < _WARN_DAYS)
        if now is not None and self.home_ends:
            self._reports.fault(HOME_CERTIFICATE, self.home_ends - now < _WARN_DAYS * 86_400)
        return {
            "days": days,
            "firmware": VERSION,
            "list": self._credentials.version,
            "hash": self._credentials.hash.hex(),
            "clock": self._clock.trust,
            "challenge": self._clock.challenges[0],
            "slot": slot(),
            "order": abs(self._numbers.get(ORDER)),
            "command": self._numbers.get(COMMAND),
            "faults": sorted(self._reports.faults),
            "board": self.board,
            "trusts": self.trusts,
        }
