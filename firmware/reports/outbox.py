"""What must not be lost until the broker has it: kept in NVS, in order, bounded, each with its number.

A queue `x` of n places has the blobs x0 … x(n-1), little-endian: number u32, time u32 (0 where it was not
known), text; and the number `x_sent`, that of the last one the broker has. A message costs one blob when it
comes and one number when it is gone. Who receives a number twice, after a power cut, has the message already.
"""

import struct

from micropython import const

import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_HEAD = const(8)
_TEXT_MAX = const(320)  # bytes


class Outbox:
    """A queue of at most `places` texts; when it is full the oldest is dropped, and counted.

    Nothing is kept in RAM but what NVS has no room for.
    """

    def __init__(self, numbers: "Numbers", name: str, places: int) -> None:
        self._numbers, self.name, self._places = numbers, name, places
        self._unsaved: dict[int, bytes] = {}
        self._sent = self._last = numbers.get(name + "_sent")
        while True:  # places are filled one after the other: where the numbers fall, the queue ends
            number = self._number(self._entry(self._last + 1))
            if number <= self._last:
                break
            self._last = number

    def put(self, text: bytes, time: int) -> None:
        """Add a text of at most 320 bytes, of this time (seconds since 1970, or 0)."""
        if len(text) > _TEXT_MAX:
            raise ValueError("too long")
        self._last += 1
        entry = struct.pack("<II", self._last, time) + text
        self._unsaved.pop(self._last - self._places, None)
        try:
            self._numbers.set_blob(self.name + str(self._last % self._places), entry)
        except OSError:  # it can still be sent before the power goes
            self._unsaved[self._last] = entry
            console.error("link", "no room in NVS for what is to be sent")

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
        """The broker has all up to this one."""
        if number <= self._sent:
            return
        self._sent = number
        self._unsaved.pop(number, None)
        try:
            self._numbers.set(self.name + "_sent", number)
        except OSError:
            pass

    def _entry(self, number: int) -> bytes:
        """What lies in the place of a number."""
        try:
            return self._numbers.blob(self.name + str(number % self._places), _HEAD + _TEXT_MAX)
        except OSError:
            return b""

    def _number(self, entry: bytes) -> int:
        return struct.unpack_from("<I", entry)[0] if len(entry) >= _HEAD else 0
