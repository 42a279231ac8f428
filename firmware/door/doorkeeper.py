"""Tends the door: takes what the readers read, has it judged, moves the bolt and tells the person."""

import asyncio
from time import ticks_diff, ticks_ms

from micropython import const

import console
from access.decide import GUEST, MOVING_IN
from door.signals import SIGNALS
from roll.record import PIN, STAFF, STAFF_PASSAGE, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.dialogues import Residency
    from access.gate import Gate, Verdict
    from door.controller import Controller
    from door.indicator import Indicator
    from door.switch import Switch
    from storage.nvs import Numbers

_TICK_MS = const(10)
_QUIET_MS = const(15_000)


class Doorkeeper:
    """`on_staff(digest, kind)` and `on_alarm(kind)` are what the house may know: never a tenant's entry."""

    def __init__(
        self,
        gate: "Gate",
        residency: "Residency",
        controller: "Controller",
        indicator: "Indicator",
        numbers: "Numbers",
        on_staff: "Callable[[bytes, int], None]",
        on_alarm: "Callable[[str], None]",
    ) -> None:
        self._gate, self._residency = gate, residency
        self._controller, self._indicator = controller, indicator
        self._numbers, self._on_staff, self._on_alarm = numbers, on_staff, on_alarm
        self._touched = ticks_ms()
        self._busy = False

    def touch(self) -> None:
        """Somebody does something at the door."""
        self._touched = ticks_ms()
        self._busy = True

    def quiet(self) -> bool:
        """Whether nobody is at the door: for 15 s no key, no card and no button, and the leaf closed."""
        return not self._busy

    def identify(self) -> None:
        """Show whoever looks for it which lock this is."""
        self._indicator.say("identify", ticks_ms())

    def remote(self, lease: int, digest: bytes) -> bool:
        """A tenant of a lease, or the holder of a staff credential, wants in from afar; whether they may."""
        verdict = self._gate.remote(lease, digest)
        self._act(verdict)
        return verdict.granted

    def card(self, uid: bytes) -> None:
        """A card was held to the reader."""
        self.touch()
        if not self._residency.card(uid):
            self._act(self._gate.card(uid))

    def pin(self, digits: bytes) -> None:
        """A code was entered at the keypad."""
        now = ticks_ms()
        if not self._residency.pin(digits, now):
            self._act(self._gate.pin(digits, now))

    def _act(self, verdict: "Verdict") -> None:
        now = ticks_ms()
        if verdict.reason == MOVING_IN:
            self._residency.move_in(verdict.digest, verdict.lease, now)
            return
        if not verdict.granted:
            self._indicator.say(verdict.reason if verdict.reason in SIGNALS else "denied", now)
            if verdict.begins_throttle:
                self._on_alarm("throttled")
            return
        is_staff = verdict.role in (STAFF, STAFF_PASSAGE)
        if is_staff:  # on record before the door opens: no power cut makes an entry unseen
            self._on_staff(verdict.digest, verdict.kind)
        self._controller.grant(now)
        if verdict.role == GUEST:  # what residents are told of staff is none of theirs
            self._indicator.say("granted", now)
            return
        staff_was_in = self._numbers.get("staff_was_in")
        self._indicator.say("staff" if staff_was_in and not is_staff else "granted", now)
        try:
            self._numbers.set("staff_was_in", int(is_staff))
        except OSError:
            console.error("door", "no room to note that staff have been in")
        if verdict.kind == PIN and verdict.role == TENANT:
            self._residency.offer(verdict.digest, verdict.lease, now)

    async def run(
        self, leaf: "Switch", leaving: "Switch", tamper: "Switch", feed: "Callable[[], None]"
    ) -> None:
        """Follow the switches and the time for ever, and feed the watchdog: only a tended door feeds it."""
        tampered = False
        while True:
            now = ticks_ms()
            leaf_open, leaves = leaf.is_on(now), leaving.is_on(now)
            if leaves:
                self._controller.leave(now)
            self._controller.tick(now, leaf_open)
            if leaf_open or leaves:
                self.touch()
            elif self._busy and ticks_diff(now, self._touched) >= _QUIET_MS:
                self._busy = False
            if tamper.is_on(now) != tampered:
                tampered = not tampered
                self._indicator.set("tamper", tampered)
                if tampered:
                    self._on_alarm("tamper")
            self._indicator.tick(now)
            self._residency.tick(now)
            feed()
            await asyncio.sleep_ms(_TICK_MS)
