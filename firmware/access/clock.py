"""The time, with how far it can be trusted."""

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

TRUSTS = ("unknown", "network", "signed")


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds since 1970 of a date in the Gregorian calendar, UTC. The chip's own epoch is 2000."""
    if month < 3:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


class Clock:
    """Reads the chip's clock, which forgets without power: until somebody sets it, it is not trusted."""

    def __init__(self, datetime: "Callable[[], tuple]") -> None:
        self._datetime = datetime
        self._ahead = 0
        self.trust = "unknown"

    def now(self) -> "int | None":
        """Seconds since 1970; None where the time is not known."""
        return None if self.trust == "unknown" else self._read() + self._ahead

    def set(self, now: int, trust: str) -> None:
        """Take a time of at least the trust of the one held; ValueError for one of less."""
        if TRUSTS.index(trust) < TRUSTS.index(self.trust):
            raise ValueError("the clock is set by something better")
        self._ahead = now - self._read()
        self.trust = trust

    def _read(self) -> int:
        year, month, day, _, hour, minute, second, _ = self._datetime()
        return seconds(year, month, day, hour, minute, second)
