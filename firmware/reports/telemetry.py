"""Publishes everything that the lock ever says: nothing else in the firmware publishes.

There is a method for each thing that may be said, here and in acks.py, and none accepts free text. No method
is called when a tenant comes or goes, and what is sent does not depend on it: the state is sent on connecting
and on a timetable that nothing moves.
"""

import asyncio
import json
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from door.faults import ALARMS
from link.backoff import comes
from loader import Loan
from reports.outbox import Outbox, alarm, staff
from storage.names import (
    ACK_PLACES,
    ACK_QUEUE,
    ALARM_PLACES,
    ALARM_QUEUE,
    STAFF_PLACES,
    STAFF_QUEUE,
)

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from link.mqtt import MQTTClient
    from storage.nvs import Numbers

_PERIOD_MS = const(900_000)
_ALARM = const(0)
_STAFF = const(1)
_ACK = const(2)
_QUEUES = (
    (ALARM_QUEUE, ALARM_PLACES),
    (STAFF_QUEUE, STAFF_PLACES),
    (ACK_QUEUE, ACK_PLACES),
)  # in NVS, until the broker has them
_REFUSALS = const(4)  # in RAM only: anybody can send what is refused, and NVS wears


class Telemetry:
    """status(anew) gives what there is for the state message (state.py); `anew` with another challenge.

    `numbers` holds what the broker does not have yet; now() is the time in seconds since 1970, or None.
    signal(), if the link has set it, says how good the reception is, in one of three words. `discovery`
    says whether to announce the lock to Home Assistant.
    """

    def __init__(
        self,
        lock_id: str,
        status: "Callable[[bool], dict]",
        numbers: "Numbers",
        now: "Callable[[], int | None]",
    ) -> None:
        self._lock_id, self._root = lock_id, "menshen/v1/" + lock_id + "/"
        self.discovery = False
        self._status, self._now = status, now
        self.signal: Callable[[], str] | None = None
        self._boxes = [Outbox(numbers, name, places) for name, places in _QUEUES]
        self._refusals: list[bytes] = []
        self._wake = asyncio.Event()
        self._due = ticks_add(ticks_ms(), _PERIOD_MS)

    def alarm(self, kind: str) -> None:
        """One of ALARMS; never who. ValueError for anything else."""
        self._put(_ALARM, alarm(kind))

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: the digest it is listed under, and its kind (1 PIN, 2 card, 3 remote).

        For staff only: a tenant's credential must never be passed to anything in reports/.
        """
        self._put(_STAFF, staff(digest, kind))

    def adopt(self, box: Outbox) -> None:
        """Go on with this queue, in which something was put before."""
        self._boxes = [box if each.name == box.name else each for each in self._boxes]

    def acknowledge(self, fields: dict) -> None:
        """For acks.py alone, which says what they may be: this waits in NVS until the broker has it."""
        self._put(_ACK, fields)

    def refuse(self, fields: dict) -> None:
        """For acks.py alone: this is sent if there is a connection before long."""
        if len(self._refusals) >= _REFUSALS:
            self._refusals.pop(0)
        self._refusals.append(json.dumps(fields).encode())
        self._wake.set()

    def will(self, client: "MQTTClient") -> None:
        """Have the broker publish that the lock is offline when the connection is lost.

        After this, messages that were made before this connection echo no challenge that counts.
        """
        with Loan():
            from reports.state import last_will

            client.set_last_will(self._root + "state", last_will(self._status), True, 1)

    async def run(self, client: "MQTTClient") -> None:
        """Publish the state, then all that comes up, for as long as the connection lasts."""
        await self._publish_state(client)
        if self.discovery:
            await self._announce(client)
        while True:
            self._wake.clear()
            await self._empty(client)
            left = ticks_diff(self._due, ticks_ms())
            if left <= 0 or left > _PERIOD_MS:  # beyond the period: ticks went round while offline
                await self._publish_state(client)
                continue
            await comes(self._wake, left)

    async def _announce(self, client: "MQTTClient") -> None:
        async with Loan():
            from reports.homeassistant import announce

            await announce(client.publish, self._lock_id, ALARMS)

    async def _publish_state(self, client: "MQTTClient") -> None:
        """Publish the state, and move the timetable on by whole periods."""
        late = ticks_diff(ticks_ms(), self._due)
        if late >= 0:
            self._due = ticks_add(self._due, (late // _PERIOD_MS + 1) * _PERIOD_MS)
        elif late < -_PERIOD_MS:
            self._due = ticks_add(ticks_ms(), _PERIOD_MS)
        async with Loan():
            from reports.state import pieces

            await asyncio.sleep_ms(0)
            said = self._status(True)
            if self.signal is not None:
                said["signal"] = self.signal()
            await asyncio.sleep_ms(0)
            said = pieces(said)
            await asyncio.sleep_ms(0)
            await client.publish(self._root + "state", said, True)

    async def _empty(self, client: "MQTTClient") -> None:
        """Send all that waits, the oldest of each queue first; each is removed when the broker has it."""
        for box in self._boxes:
            while True:
                item = box.first()
                if item is None:
                    break
                number, missed, time, fields = item
                head = '{"n":%d,"missed":%d,"time":%s,' % (number, missed, time or "null")
                await client.publish(self._root + box.name, (head.encode(), memoryview(fields)[1:]))
                box.done(number)
        while self._refusals:
            said = self._refusals[0]
            await client.publish(self._root + ACK_QUEUE, said)
            if self._refusals and self._refusals[0] is said:
                self._refusals.pop(0)

    def _put(self, box: int, fields: dict) -> None:
        self._boxes[box].put(json.dumps(fields).encode(), self._now() or 0)
        self._wake.set()
