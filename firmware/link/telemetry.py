"""Everything the lock ever says: this is the one place that publishes.

There is a function for each thing that may be said, and none takes free text. Nobody calls this room
when a tenant comes or goes, and what it sends then does not depend on it: the state goes out upon
connecting and on a timetable that nothing moves.
"""

import asyncio
import json
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from link.mqtt import MQTTClient

_PERIOD_MS = const(900_000)
_KEPT = const(8)  # of each kind, while nobody takes them
_WILL = b'{"online":false}'

ALARMS = ("forced", "held open", "tamper", "throttled")
KINDS = {1: "pin", 2: "card"}
REASONS = (
    "bad hash", "bad records", "bad signature", "flash error", "flash full", "lease locked out",
    "lease shortened", "malformed", "no memory", "old version", "too large", "too many leases",
    "version jump", "wrong lock",
)  # fmt: skip


class _Outbox:
    """The last few messages for one topic; those that were pushed out are counted."""

    def __init__(self, topic: str) -> None:
        self.topic = topic
        self.missed = 0
        self.waiting = []

    def put(self, fields: dict) -> None:
        if len(self.waiting) >= _KEPT:
            self.waiting.pop(0)
            self.missed += 1
        self.waiting.append((ticks_ms(), fields))

    async def send(self, client: "MQTTClient") -> None:
        """Send all that waits, oldest first; each is kept until the broker has it."""
        while self.waiting:
            item = self.waiting[0]
            when, fields = item
            said = {"age_s": ticks_diff(ticks_ms(), when) // 1000, "missed": self.missed}
            said.update(fields)
            await client.publish(self.topic, json.dumps(said).encode())
            if self.waiting and self.waiting[0] is item:
                self.waiting.pop(0)


class Telemetry:
    """`status` gives a dict of firmware, list, clock, slot and faults for the state message."""

    def __init__(self, lock_id: str, status: "Callable[[], dict]") -> None:
        root = "menshen/v1/" + lock_id
        self._state = root + "/state"
        self._status = status
        self._boxes = [_Outbox(root + name) for name in ("/alarm", "/staff", "/ack")]
        self._wake = asyncio.Event()
        self._due = ticks_add(ticks_ms(), _PERIOD_MS)

    def alarm(self, kind: str) -> None:
        """One of ALARMS; never who. ValueError for anything else."""
        if kind not in ALARMS:
            raise ValueError("no such alarm")
        self._put(0, {"alarm": kind})

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: the digest it is listed under, and its kind (1 PIN, 2 card).

        For staff only: a tenant's credential must never be passed to anything in this room.
        """
        self._put(1, {"credential": bytes(digest).hex(), "kind": KINDS[kind]})

    def accepted(self, version: int, digest: str = "") -> None:
        """The credential list of this version, with this SHA-256 in hexadecimal, is in use now."""
        self._put(2, {"list": version, "result": "accepted", "hash": digest})

    def refused(self, version: "int | None", reason: str) -> None:
        """A list was not taken; version is None where it could not be read. One of REASONS."""
        if reason not in REASONS:
            raise ValueError("no such reason")
        self._put(2, {"list": version, "result": "refused", "reason": reason})

    def will(self, client: "MQTTClient") -> None:
        """Have the broker say that the lock is offline when it loses it."""
        client.set_last_will(self._state, _WILL, True, 1)

    async def run(self, client: "MQTTClient") -> None:
        """Say the state, then all that comes up, for as long as the connection lasts."""
        await self._say_state(client)
        while True:
            self._wake.clear()
            for box in self._boxes:
                await box.send(client)
            left = ticks_diff(self._due, ticks_ms())
            if left <= 0 or left > _PERIOD_MS:  # beyond the period: ticks went round while offline
                await self._say_state(client)
                continue
            try:
                await asyncio.wait_for_ms(self._wake.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def _say_state(self, client: "MQTTClient") -> None:
        """Publish the state, and move the timetable on by whole periods."""
        late = ticks_diff(ticks_ms(), self._due)
        if late >= 0:
            self._due = ticks_add(self._due, (late // _PERIOD_MS + 1) * _PERIOD_MS)
        elif late < -_PERIOD_MS:
            self._due = ticks_add(ticks_ms(), _PERIOD_MS)
        status = self._status()
        said = {name: status[name] for name in ("firmware", "list", "clock", "slot", "faults")}
        said["online"] = True
        await client.publish(self._state, json.dumps(said).encode(), True)

    def _put(self, box: int, fields: dict) -> None:
        self._boxes[box].put(fields)
        self._wake.set()
