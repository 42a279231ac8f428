"""Brings faults to the light and the state message, and alarms, staff entries and updates to telemetry."""

from micropython import const

import console
from door.faults import ALARMS, FAULTS, READER
from loader import Loan
from log.entry import ALARM

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from machine import Pin
    from reports.telemetry import Telemetry

_WAITING_MAX = const(8)  # reports, until there is a telemetry
_AGAIN_S = const(600)  # for so long an alarm is not told again: who shakes a door must not wear the flash


class Reports:
    """Nothing of tenants ever comes here. `faults` are those that last now; `answered` says whether the
    card reader has answered since the start.

    note() is that of people/register.py: residents who keep a log have alarms in it.
    """

    def __init__(self, indicator: "Indicator", note: "Callable[..., None] | None" = None) -> None:
        self._indicator, self._note = indicator, note
        self._waiting = []
        self._telemetry: Telemetry | None = None
        self._alarmed: dict[str, int] = {}  # seconds in which an alarm is not told again
        self.faults: set[str] = set()
        self.answered = False

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
            self.answered = self.answered or name == READER
        self._indicator.set(name, lasts)

    def storm(self, lasts: bool) -> None:
        """Whether somebody is guessing at the keypad: the light shows it, and it is no fault of the lock.

        To be called each second.
        """
        self._indicator.set("throttled", lasts)
        for kind in list(self._alarmed):
            self._alarmed[kind] -= 1
            if not self._alarmed[kind]:
                del self._alarmed[kind]

    def look(self, inputs: "list[tuple[str, Pin, int]]") -> None:
        """Look at the pins that report faults: (fault, pin, the level that means it)."""
        for name, pin, level in inputs:
            self.fault(name, pin.value() == level)

    def health(self, name: str, well: str, ill: str) -> "Callable[[bool], None]":
        """A function to call with whether a part works: it sets the fault, and prints one of these lines."""

        def tell(healthy: bool) -> None:
            if not healthy:
                console.warning("readers", ill)
            elif well:
                console.info("readers", well)
            self.fault(name, not healthy)

        return tell

    def alarm(self, kind: str) -> None:
        """One of ALARMS; the same one once in ten minutes."""
        if kind not in self._alarmed:
            self._alarmed[kind] = _AGAIN_S
            if self._note:
                self._note(ALARM, ALARMS.index(kind))
            self._tell(("alarm", kind))

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: its digest and its kind."""
        self._tell(("staff", digest, kind))

    def update(self, version: "str | None", step: str, reason: str) -> None:
        """How far an update is: see reports/results.py."""
        self._tell(("update", version, step, reason))

    def decided(self, lease: int, what: str, end: int) -> bool:
        """What the residents of a lease have decided: one of DECISIONS in reports/results.py.

        Whether it is on its way; before there is a telemetry it is not.
        """
        telemetry = self._telemetry
        if telemetry is None:
            return False
        with Loan():
            from reports.acks import Acks

            Acks(telemetry).decided(lease, what, end)
        return True

    def deliver(self, telemetry: "Telemetry") -> None:
        """Send everything to it from now on, and first what has waited."""
        self._telemetry = telemetry
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            self._tell(report)

    def _tell(self, report: tuple) -> None:
        telemetry = self._telemetry
        if telemetry is None:
            self._waiting = (self._waiting + [report])[-_WAITING_MAX:]
        elif report[0] == "alarm":
            telemetry.alarm(report[1])
        elif report[0] == "staff":
            telemetry.staff(report[1], report[2])
        else:
            with Loan():
                from reports.acks import Acks

                Acks(telemetry).release_step(*report[1:])
