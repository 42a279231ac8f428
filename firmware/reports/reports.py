"""Brings faults to the light and the state message, and alarms, staff entries and updates to telemetry."""

import json

from micropython import const

import console
from door.faults import ALARMS, FAULTS, READER
from loader import Loan
from log.entry import ALARM
from reports.outbox import Outbox, alarm, staff
from storage.names import ALARM_PLACES, ALARM_QUEUE, STAFF_PLACES, STAFF_QUEUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from door.indicator import Indicator
    from machine import Pin
    from reports.telemetry import Telemetry
    from storage.nvs import Numbers

_WAITING_MAX = const(8)  # reports, until there is a telemetry
_AGAIN_S = const(600)  # for so long an alarm is not told again: who shakes a door must not wear the flash


class Reports:
    """Nothing of tenants ever comes here. `faults` are those that last now; `answered` says whether the
    card reader has answered since the start.

    note() is that of people/register.py: residents who keep a log have alarms in it. `numbers` and now() are
    as in Telemetry: until there is one, alarms and staff go to its queues from here. Whoever pulls the plug
    behind themselves hides nothing.
    """

    def __init__(
        self,
        indicator: "Indicator",
        numbers: "Numbers",
        now: "Callable[[], int | None]",
        note: "Callable[..., None] | None" = None,
    ) -> None:
        self._indicator, self._note = indicator, note
        self._numbers, self._now = numbers, now
        self._boxes: dict[str, Outbox] = {}
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
            if self._telemetry is None:
                self._put(ALARM_QUEUE, ALARM_PLACES, alarm(kind))
            else:
                self._telemetry.alarm(kind)

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: its digest and its kind."""
        if self._telemetry is None:
            self._put(STAFF_QUEUE, STAFF_PLACES, staff(digest, kind))
        else:
            self._telemetry.staff(digest, kind)

    def _put(self, queue: str, places: int, fields: dict) -> None:
        if queue not in self._boxes:
            self._boxes[queue] = Outbox(self._numbers, queue, places)
        self._boxes[queue].put(json.dumps(fields).encode(), self._now() or 0)

    def update(self, version: "str | None", step: str, reason: str) -> None:
        """Tell how far an update is: see reports/acks.py."""
        console.info("update", "%s %s %s" % (version or "?", step, reason))
        self._tell((version, step, reason))

    def decided(self, lease: int, what: str, end: int) -> bool:
        """What the residents of a lease have decided: one of DECISIONS in reports/acks.py.

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
        for box in self._boxes.values():
            telemetry.adopt(box)
        self._boxes = {}
        waiting, self._waiting = self._waiting, []
        for report in waiting:
            self._tell(report)

    def _tell(self, report: tuple) -> None:
        telemetry = self._telemetry
        if telemetry is None:
            self._waiting = (self._waiting + [report])[-_WAITING_MAX:]
        else:
            with Loan():
                from reports.acks import Acks

                Acks(telemetry).release_step(*report)
