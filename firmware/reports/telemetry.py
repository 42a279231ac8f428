"""Everything the lock ever says: this is the one place that publishes.

There is a function for each thing that may be said, and none takes free text. Nobody calls this room
when a tenant comes or goes, and what it sends then does not depend on it: the state goes out upon
connecting and on a timetable that nothing moves.
"""

import asyncio
import json
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from loader import Loan
from reports.outbox import Outbox

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from link.mqtt import MQTTClient
    from storage.nvs import Numbers

_PERIOD_MS = const(900_000)
_ALARM, _STAFF, _ACK = const(0), const(1), const(2)
_PLACES = (("alarm", 8), ("staff", 32), ("ack", 8))  # how many of each wait for the broker, in NVS
_REFUSALS = const(4)  # kept in RAM only: anybody can send what is refused, and NVS wears
_WILL = b'{"online":false}'

ALARMS = ("forced", "held open", "tamper", "throttled")
KINDS = {1: "pin", 2: "card", 3: "remote"}


class Telemetry:
    """`status` gives a dict of firmware, list, clock, slot and faults for the state message.

    `numbers` keeps what the broker does not have yet; now() is the time in seconds since 1970, or None.
    `signal`, if the link has set it, says how good the reception is, in one of three words. `discovery`
    has Home Assistant told of what there is to see.
    """

    def __init__(
        self, lock_id: str, status: "Callable[[], dict]", numbers: "Numbers", now: "Callable[[], int | None]"
    ) -> None:
        self._lock_id, self._root = lock_id, "menshen/v1/" + lock_id + "/"
        self.discovery = False
        self._status, self._now = status, now
        self.signal: Callable[[], str] | None = None
        self._boxes = [Outbox(numbers, name, places) for name, places in _PLACES]
        self._refusals: list[bytes] = []
        self._wake = asyncio.Event()
        self._due = ticks_add(ticks_ms(), _PERIOD_MS)

    def alarm(self, kind: str) -> None:
        """One of ALARMS; never who. ValueError for anything else."""
        if kind not in ALARMS:
            raise ValueError("no such alarm")
        self._put(_ALARM, {"alarm": kind})

    def staff(self, digest: bytes, kind: int) -> None:
        """A staff credential was used: the digest it is listed under, and its kind (1 PIN, 2 card, 3 remote).

        For staff only: a tenant's credential must never be passed to anything in this room.
        """
        self._put(_STAFF, {"credential": bytes(digest).hex(), "kind": KINDS[kind]})

    def accepted(self, version: int, base: int, digest: str) -> None:
        """The list of this version is in use now, over the snapshot of version `base` with this SHA-256."""
        self._put(_ACK, {"list": version, "base": base, "hash": digest, "result": "accepted"})

    def refused(self, version: "int | None", reason: str) -> None:
        """A list was not taken; version is None where it could not be read. One of words.REASONS."""
        _check(reason, "REASONS")
        self._refuse({"list": version, "result": "refused", "reason": reason})

    def done(self, command: str, nonce: str, found: "dict | None" = None) -> None:
        """One of words.COMMANDS was carried out; `found` are the faults and the list of a self-test."""
        _check(command, "COMMANDS")
        said = {"command": command, "nonce": nonce, "result": "done"}
        if found:
            said.update({"faults": found["faults"], "list": found["list"]})
        self._put(_ACK, said)

    def declined(self, nonce: "str | None", reason: str) -> None:
        """A command was not carried out; nonce is None where it could not be read. One of words.REFUSALS."""
        _check(reason, "REFUSALS")
        self._refuse({"nonce": nonce, "result": "refused", "reason": reason})

    def update(self, version: "str | None", step: str, reason: str = "") -> None:
        """How far an update is: one of words.STEPS, or "refused" and one of words.UPDATE_REFUSALS.

        version is None where it could not be read; the operator signed it, so it is no free text.
        """
        said = {"update": version, "result": step}
        if step == "refused":
            _check(reason, "UPDATE_REFUSALS")
            said["reason"] = reason
            self._refuse(said)
        else:
            _check(step, "STEPS")
            self._put(_ACK, said)

    def will(self, client: "MQTTClient") -> None:
        """Have the broker say that the lock is offline when it loses it."""
        client.set_last_will(self._root + "state", _WILL, True, 1)

    async def run(self, client: "MQTTClient") -> None:
        """Say the state, then all that comes up, for as long as the connection lasts."""
        await self._say_state(client)
        if self.discovery:
            await self._announce(client)
        while True:
            self._wake.clear()
            await self._empty(client)
            left = ticks_diff(self._due, ticks_ms())
            if left <= 0 or left > _PERIOD_MS:  # beyond the period: ticks went round while offline
                await self._say_state(client)
                continue
            try:
                await asyncio.wait_for_ms(self._wake.wait(), left)
            except asyncio.TimeoutError:
                pass

    async def _announce(self, client: "MQTTClient") -> None:
        async with Loan():
            from reports.homeassistant import announce

            await announce(client.publish, self._lock_id, ALARMS)

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
        if self.signal is not None:
            said["signal"] = self.signal()
        await client.publish(self._root + "state", json.dumps(said).encode(), True)

    async def _empty(self, client: "MQTTClient") -> None:
        """Send all that waits, the oldest of each first; each is kept until the broker has it."""
        for box in self._boxes:
            while True:
                item = box.first()
                if item is None:
                    break
                number, missed, time, fields = item
                head = '{"n":%d,"missed":%d,"time":%s,' % (number, missed, time or "null")
                await client.publish(self._root + box.name, head.encode() + fields[1:])
                box.done(number)
        while self._refusals:
            said = self._refusals[0]
            await client.publish(self._root + _PLACES[_ACK][0], said)
            if self._refusals and self._refusals[0] is said:
                self._refusals.pop(0)

    def _put(self, box: int, fields: dict) -> None:
        self._boxes[box].put(json.dumps(fields).encode(), self._now() or 0)
        self._wake.set()

    def _refuse(self, fields: dict) -> None:
        if len(self._refusals) >= _REFUSALS:
            self._refusals.pop(0)
        self._refusals.append(json.dumps(fields).encode())
        self._wake.set()


def _check(word: str, kind: str) -> None:
    """ValueError for what is none of the words of its kind in results.py."""
    with Loan():
        from reports import results

        if word not in getattr(results, kind):
            raise ValueError("no such word")
