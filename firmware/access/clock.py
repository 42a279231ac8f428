"""Tells the time, and how far it can be trusted.

There are three trusts: "unknown" after a start, "network" by SNTP, "signed" by a message that only the
operator can have made. The time does not go below the last signed one, the floor, which survives power cuts.

Any clock may be wrong, the operator's too: time_sources.py says which is believed.
"""

from loader import Loan
from storage.names import CLOCK_FLOOR

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from storage.nvs import Numbers

TRUSTS = ("unknown", "network", "signed")


def seconds(year: int, month: int, day: int, hour: int, minute: int, second: int) -> int:
    """Seconds since 1970 of a date in the Gregorian calendar, UTC. The chip's own epoch is 2000."""
    if month < 3:
        year, month = year - 1, month + 12
    days = 365 * year + year // 4 - year // 100 + year // 400 + (153 * month - 457) // 5 + day - 719469
    return ((days * 24 + hour) * 60 + minute) * 60 + second


class Clock:
    """The chip's clock. Without power it forgets the time: it then starts from the floor, and is not trusted.

    `datetime` reads the RTC without an argument and sets it with one. `floor` is the time of provisioning,
    in seconds since 1970. Certificates are checked against the same RTC. `passed` is the latest time that it
    has shown since the start, before it was set back: what had expired then stays expired. `challenges` are
    those of the lock's last two states, the last first, see reports/status.py: a message that echoes one was
    made since then.
    """

    def __init__(self, datetime: "Callable[..., tuple]", numbers: "Numbers", floor: int = 0) -> None:
        self.datetime, self.numbers, self.made = datetime, numbers, floor
        self.floor = max(floor, numbers.get(CLOCK_FLOOR) * 60)
        self.trust = "unknown"
        self.challenges: tuple[str, str] = "", ""
        self.passed = 0
        self.start = self.read()  # what the chip's clock showed then, and all by which it was set since
        self.floor_at = self.heard_at = 0  # in seconds since the start
        self.sntp = self.heard = 0  # what SNTP and the last live message said, less those seconds
        if self.start < self.floor:
            with Loan():
                from access.dates import set_clock

                set_clock(self, self.floor)

    def now(self) -> "int | None":
        """Seconds since 1970; None where the time is not known."""
        return None if self.trust == "unknown" else self.read()

    def network(self, now: int) -> bool:
        """Set the clock by SNTP, unless a better source says otherwise. Whether it was set."""
        with Loan():
            from access.time_sources import network

            return network(self, now)

    def signed(self, now: int, live: bool) -> None:
        """A message that was signed for this lock was made at that time.

        Each such time is a floor, if it can be right. Only a `live` message, one that echoes a challenge,
        that the broker had not retained, and whose number is above all before, also says what time it is.
        """
        with Loan():
            from access.time_sources import signed

            signed(self, now, live)

    def store_floor(self) -> None:
        """Store the floor, so that it survives a power cut. If NVS is full, the clock goes on without."""
        try:
            self.numbers.set(CLOCK_FLOOR, self.floor // 60)
        except OSError:
            pass

    def read(self) -> int:
        """What the chip's clock shows, trusted or not, in seconds since 1970."""
        year, month, day, _, hour, minute, second, _ = self.datetime()
        return seconds(year, month, day, hour, minute, second)
