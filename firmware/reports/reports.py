"""What the lock says of itself: faults to the light and the state message, alarms and staff to the house."""

from micropython import const

import console
from door.faults import FAULTS

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from machine import Pin
    from reports.telemetry import Telemetry

_KEPT = const(8)  # until the link is there to take them


class Reports:
    """Of tenants nothing ever comes here. `faults` are those that last now."""

    def __init__(self, indicator: "Indicator") -> None:
        self._indicator = indicator
        self._waiting = []
        self._telemetry: Telemetry | None = None
        self.faults: set[str] = set()

    def fault(self, name: str, lasts: bool) -> None:
        """One of FAULTS begins or ends; the light says so, and the next state message.

        Raises ValueError for anything else: no free text goes out.
        """
        if name not in FAULTS:
            raise ValueError("no such fault")
        if lasts:
            self.faults.add(name)
        else:
            self.faults.discard(name)
        self._indicator.set(name, lasts)

    def look(self, inputs: "list[tuple[str, Pin, int]]") -> None:
        """See what pins tell of faults: (fault, pin, the level that means it)."""
        for name, pin, level in inputs:
            self.fault(name, pin.value() == level)

    def health(self, name: str) -> "Callable[[bool], None]":
        """What to tell whether a part works: the fault of its name follows it, and the console has a line."""

        def tell(healthy: bool) -> None:
            console.info("reports", "the %s %s" % (name, "works" if healthy else "does not work"))
            self.fault(name, not healthy)

        return tell

    def alarm(self, kind: str) -> None:
        """One of telemetry.ALARMS."""
        self._tell(("alarm", kind))

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: its digest and its kind."""
        self._tell(("staff", digest, kind))

    def update(self, version: "str | None", step: str, reason: str) -> None:
        """How far an update is; see reports.results."""
        self._tell(("update", version, step, reason))

    def deliver(self, telemetry: "Telemetry") -> None:
        """From now on everything goes there, and first what has waited."""
        self._telemetry = telemetry
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            self._tell(report)

    def _tell(self, report: tuple) -> None:
        if self._telemetry is None:
            self._waiting = (self._waiting + [report])[-_KEPT:]
        else:
            getattr(self._telemetry, report[0])(*report[1:])
