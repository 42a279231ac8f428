"""Checks what restricts staff and guests: hours, uses, guest codes. The code for each is loaded when needed.

Tenants are never judged here. Where there is no memory for the code, staff and guests are refused.
"""

from micropython import const

import console
from access.decide import NO_CLOCK, UNKNOWN
from loader import Loan
from people.entry import GUEST_KEY
from storage.names import GUEST_RISK

_DIGITS_V1 = const(9)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from access.zone import Rule
    from people.register import Register
    from storage.hmac import Mac
    from storage.nvs import Numbers


class Restrictions:
    """`zone` is the rule of local time, `mac` is HMAC under the lock's key."""

    def __init__(self, register: "Register", zone: "Rule", numbers: "Numbers", mac: "Mac") -> None:
        self._register, self.zone, self._numbers, self._mac = register, zone, numbers, mac

    def in_hours(self, schedule: int, now: int) -> bool:
        """Whether a schedule covers `now` (seconds since 1970), see schedule.py."""
        try:
            with Loan():
                from access.schedule import holds
                from access.zone import local

                return holds(self._register.credentials.find, schedule, local(self.zone, now))
        except (OSError, ImportError, MemoryError):
            return _not_judged()

    def count_use(self, digest: bytes, most: int) -> bool:
        """Count a use of a credential that opens `most` times; whether this is one of them, see uses.py."""
        try:
            with Loan():
                from access.uses import count

                return count(self._numbers, digest, most)
        except (OSError, ImportError, MemoryError):
            return _not_judged()

    async def guest(self, digits: bytes, now: "int | None") -> "tuple[str, int, bool]":
        """(verdict, whose, whether it was stored) of twelve or nine digits at `now` (seconds since 1970).

        When this returns, a code that opens once has been stored, and a wrong one has been counted. A house
        door may have 256 keys to try: other tasks have a turn between two.
        """
        try:
            if now is None:
                return (NO_CLOCK if any(self._guest_keys(now)) else UNKNOWN), 0, False
            async with Loan():
                if len(digits) == _DIGITS_V1:
                    from access.guest_codes_v1 import judge
                else:
                    from access.guest_codes import judge

                return await judge(self._numbers, self._mac, lambda: self._guest_keys(now), digits, now)
        except (OSError, ImportError, MemoryError):
            _not_judged()
            return UNKNOWN, 0, False

    def _guest_keys(self, now: "int | None") -> "Iterator[tuple[int, bytes]]":
        """(whose, guest key) of all residents whose lease is not over."""
        for whose, key in self._register.residents.keys(GUEST_KEY):
            if not self._register.leases.over(whose & 0xFFFF, now):
                yield whose, key

    def arm_guest_codes(self) -> None:
        """Check guest codes again: a resident has asked for it. OSError: NVS is full."""
        self._numbers.set(GUEST_RISK, 0)


def _not_judged() -> bool:
    console.error("access", "no memory or NVS to judge by")
    return False
