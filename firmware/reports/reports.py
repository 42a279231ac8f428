"""Brings faults to the light and the state message, and alarms, staff entries and updates to telemetry."""

from micropython import const

import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from reports.telemetry import Telemetry

_WAITING_MAX = const(8)  # reports, until there is a telemetry


class Reports:
    """Nothing of tenants ever comes here. `faults` are those that last now."""

    def __init__(self, indicator: "Indicator") -> None:
        self._indicator = indicator
        self._waiting = []
        self._telemetry: Telemetry | None = None
        self.faults: set[str] = set()

    def fault(self, name: str, lasts: bool) -> None:
        """A fault of the device begins or ends; the light says so, and the next state message."""
        if lasts:
            self.faults.add(name)
        else:
            self.faults.discard(name)
        self._indicator.set("trouble", bool(self.faults))

    def health(self, name: str, part: str) -> "Callable[[bool], None]":
        """A function to be told whether a part works: it sets the fault `name`, and writes a console line."""

        def tell(healthy: bool) -> None:
            if healthy:
                console.info("reports", "the %s works" % part)
            else:
                console.warning("reports", "the %s does not work" % part)
            self.fault(name, not healthy)

        return tell

    def alarm(self, kind: str) -> None:
        """One of telemetry.ALARMS."""
        self._tell(("alarm", kind))

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: its digest and its kind."""
        self._tell(("staff", digest, kind))

    def update(self, version: "str | None", step: str, reason: str) -> None:
        """How far an update is: see reports/results.py."""
        self._tell(("update", version, step, reason))

    def deliver(self, telemetry: "Telemetry") -> None:
        """Send everything there from now on, and first what has waited."""
        self._telemetry = telemetry
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            self._tell(report)

    def _tell(self, report: tuple) -> None:
        if self._telemetry is None:
            self._waiting = (self._waiting + [report])[-_WAITING_MAX:]
        else:
            getattr(self._telemetry, report[0])(*report[1:])
