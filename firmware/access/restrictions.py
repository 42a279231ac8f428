"""What is asked seldom at the door: hours, uses and guest codes. The code for that is there only meanwhile.

Tenants are never judged here, and without it: where there is no room for it, staff and guests wait outside.
"""

import console
from access.decide import NO_CLOCK, UNKNOWN
from loader import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Any

    from access.zone import Rule
    from roll.credentials import Credential
    from storage.hmac import Mac
    from storage.nvs import Numbers


class Seldom:
    """`find` looks into the list, `zone` is the rule of local time, `mac` is HMAC under the lock's key.

    `keys()` gives (lease, guest key) of all leases that have one, `over(lease, now)` says that one ended.
    """

    def __init__(
        self, find: "Callable[[bytes], Credential | None]", zone: "Rule",
        keys: "Callable[[], Iterator[tuple[int, bytes]]]", over: "Callable[[int, int | None], bool]",
        numbers: "Numbers", mac: "Mac",
    ) -> None:  # fmt: skip
        self._find, self._zone = find, zone
        self._keys, self._over, self._numbers, self._mac = keys, over, numbers, mac

    def holds(self, schedule: int, now: int) -> bool:
        """Whether a schedule covers `now`, see schedule.py."""

        def ask() -> bool:
            from access.schedule import Schedules
            from access.zone import Zone

            return Schedules(self._find, Zone(self._zone)).holds(schedule, now)

        return _meanwhile(ask, False, "access.schedule", "access.zone")

    def take(self, digest: bytes, most: int) -> bool:
        """Count a use of a credential that opens `most` times, see uses.py."""

        def ask() -> bool:
            from access.uses import Uses

            return Uses(self._numbers).take(digest, most)

        return _meanwhile(ask, False, "access.uses")

    def check(self, digits: "bytes | memoryview", now: "int | None") -> "tuple[str, int, bool]":
        """Verdict on nine digits at `now` (seconds since 1970), the lease, and whether it is the first entry.

        A code that opens was remembered before this returns, and one that is wrong was counted.
        """
        keys = [(lease, key) for lease, key in self._keys() if not self._over(lease, now)]
        if not keys:
            return UNKNOWN, 0, False
        if now is None:
            return NO_CLOCK, 0, False
        time = now

        def ask() -> "tuple[str, int, bool]":
            from access.guest_codes import check

            return check(self._numbers, self._mac, keys, digits, time)

        return _meanwhile(ask, (UNKNOWN, 0, False), "access.guest_codes")

    def arm(self) -> None:
        """A resident asks for it: guest codes are looked at again. OSError."""
        self._numbers.set("guest_risk", 0)


def _meanwhile(ask: "Callable[[], Any]", refusal: "Any", *modules: str) -> "Any":
    """The answer, or the refusal where there is no room; the modules are gone afterwards."""
    try:
        return ask()
    except (OSError, ImportError, MemoryError):
        console.error("access", "no room to judge staff and guests")
        return refusal
    finally:
        unload(*modules)
