"""Guest codes at the gate; guest_codes.py, which checks them, is there for as long as that takes."""

import log
from access.decide import NO_CLOCK, UNKNOWN
from modules import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from storage.hmac import Mac
    from storage.nvs import Numbers


class Guests:
    """`keys()` gives (lease, guest key) of all leases that have one, `over(lease, now)` says that one ended.

    `mac` is HMAC under the lock's key.
    """

    def __init__(
        self, keys: "Callable[[], Iterator[tuple[int, bytes]]]", over: "Callable[[int, int | None], bool]",
        numbers: "Numbers", mac: "Mac",
    ) -> None:  # fmt: skip
        self._keys, self._over, self._numbers, self._mac = keys, over, numbers, mac

    def check(self, digits: "bytes | memoryview", now: "int | None") -> "tuple[str, int, bool]":
        """Verdict on nine digits at `now` (seconds since 1970), the lease, and whether it is the first entry.

        A code that opens was remembered before this returns, and one that is wrong was counted.
        """
        keys = [(lease, key) for lease, key in self._keys() if not self._over(lease, now)]
        if not keys:
            return UNKNOWN, 0, False
        if now is None:
            return NO_CLOCK, 0, False
        try:
            from access.guest_codes import check

            return check(self._numbers, self._mac, keys, digits, now)
        except (OSError, ImportError, MemoryError):
            log.error("access", "no room for guest codes")
            return UNKNOWN, 0, False
        finally:
            unload("access.guest_codes")

    def arm(self) -> None:
        """A resident asks for it: guest codes are looked at again. OSError."""
        self._numbers.set("guest_risk", 0)
