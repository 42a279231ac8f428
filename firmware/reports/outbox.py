"""Queues messages in NVS until the broker has them: in order, bounded, each with its number.

For the layout see storage/names.py; the time of a message is 0 where it was not known. A message costs one
blob when it comes and one number when it is sent. After a power cut it may be sent once more, with the same
number.
"""

import struct

from micropython import const

import console
from door.faults import ALARMS
from storage.names import QUEUED_MAX, SENT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_HEAD = const(8)
KINDS = {1: "pin", 2: "card", 3: "remote"}


def alarm(kind: str) -> dict:
    """What is said of an alarm: one of ALARMS, never who. ValueError for anything else."""
    if kind not in ALARMS:
        raise ValueError("no such alarm")
    return {"alarm": kind}


def staff(digest: bytes, kind: int) -> dict:
    """What is said of staff: the digest of their credential, and its kind (1 PIN, 2 card, 3 remote)."""
    return {"credential": bytes(digest).hex(), "kind": KINDS[kind]}


class Outbox:
    """A queue of at most `places` texts; when it is full the oldest is dropped, and counted.

    Only what NVS has no space for is in RAM.
    """

    def __init__(self, numbers: "Numbers", name: str, places: int) -> None:
        self._numbers, self.name, self._places = numbers, name, places
        self._unsaved: dict[int, bytes] = {}
        self._sent = self._last = numbers.get(name + SENT)
        while True:  # places are filled in turn: the queue ends where the numbers fall
            number = self._number(self._entry(self._last + 1))
            if number <= self._last:
                break
            self._last = number

    def put(self, text: bytes, time: int) -> None:
        """Add a text of at most 320 bytes, of this time (seconds since 1970, or 0)."""
        if len(text) > QUEUED_MAX - _HEAD:
            raise ValueError("too long")
        self._last += 1
        self._unsaved.pop(self._last - self._places, None)
        self._unsaved[self._last] = struct.pack("<II", self._last, time) + text
        try:
            for number in sorted(self._unsaved):  # none behind a gap: a start would look no further
                self._numbers.put_blob(self.name + str(number % self._places), self._unsaved[number])
                del self._unsaved[number]
        except OSError:  # it can still be sent before the power goes
            console.error("reports", "NVS is full: a message is in RAM only")

    def first(self) -> "tuple[int, int, int, bytes] | None":
        """(number, how many were lost before it, time, text) of the oldest that waits."""
        number = max(self._sent, self._last - self._places)
        while number < self._last:
            number += 1
            entry = self._unsaved.get(number) or self._entry(number)
            if self._number(entry) == number:
                return number, number - self._sent - 1, struct.unpack_from("<I", entry, 4)[0], entry[_HEAD:]
        return None

    def done(self, number: int) -> None:
        """Note that the broker has all messages up to this one."""
        if number <= self._sent:
            return
        self._sent = number
        self._unsaved.pop(number, None)
        try:
            self._numbers.set(self.name + SENT, number)
        except OSError:
            pass

    def _entry(self, number: int) -> bytes:
        """What is stored in the place of a number."""
        try:
            return self._numbers.blob(self.name + str(number % self._places), QUEUED_MAX)
        except OSError:
            return b""

    def _number(self, entry: bytes) -> int:
        return struct.unpack_from("<I", entry)[0] if len(entry) >= _HEAD else 0
