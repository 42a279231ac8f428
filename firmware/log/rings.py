"""Keeps the logs in the flash: rings of sealed entries, under keys that move on by a one-way step each hour.

Whoever takes the flash finds the keys of hours to come, and cannot go back to those that sealed what is
there. Each ring is sealed anew as a whole with every step, so that no place in it tells how many entries
there are. Rings that are nobody's are random, and written at the same times. README.md has the format.
"""

from os import urandom

from cryptolib import aes
from micropython import const

from log.entry import ENTRIES, LOGS
from storage import files
from storage.hmac import Mac
from storage.purposes import LOG_STEP, LOG_STREAM, LOG_TAG

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable, Iterator

PATH = "/access/log"
KEY = const(16)
_HEAD = const(4)
BLOCK = const(16)  # an entry and its tag, which is a block of AES
RING = ENTRIES * BLOCK
_SLOT = 2 * KEY + RING  # the log's name, its key, its ring
_ECB = const(1)


def push(key: bytes, ring: "bytes | bytearray", contents: "list[bytes]") -> bytes:
    """The ring with new entries, the newest first, in front of the older ones, and all of it sealed."""
    mac, new = Mac(key), b""
    for place, content in enumerate(contents[:ENTRIES]):
        new += content + mac.digest(LOG_TAG, bytes((place,)), content)[: BLOCK - len(content)]
    blocks = bytearray(RING)
    for place in range(ENTRIES):
        blocks[place * BLOCK + BLOCK - 1] = place
    stream = aes(mac.digest(LOG_STREAM)[:KEY], _ECB).encrypt(blocks)
    whole = int.from_bytes(new + ring[: RING - len(new)], "big") ^ int.from_bytes(stream, "big")
    return whole.to_bytes(RING, "big")


def step(key: bytes) -> bytes:
    """The key of the next hour; there is no way back."""
    return Mac(key).digest(LOG_STEP)[:KEY]


class Rings:
    """`steps` is how often all keys have moved on; `names` are those of the logs, 16 bytes each."""

    def __init__(self) -> None:
        self.steps, self.names = 0, [b""] * LOGS
        try:
            with open(PATH, "rb") as file:
                if file.seek(0, 2) == _HEAD + LOGS * _SLOT:
                    file.seek(0)
                    self.steps = int.from_bytes(file.read(_HEAD), "little")
                    self.names = [file.read(_SLOT)[:KEY] for _ in range(LOGS)]
        except OSError:
            pass  # before the first hour is over there is none

    def read(self, place: int) -> bytes:
        """The name, key and ring in a place: random where there is no log yet."""
        if not self.names[place]:
            return urandom(_SLOT)
        with open(PATH, "rb") as file:
            file.seek(_HEAD + place * _SLOT)
            return file.read(_SLOT)

    def begin(self, place: int, name: bytes, key: bytes) -> None:
        """Put an empty log in a place. Here and below, OSError: the flash is full, and it is as it was."""
        self._write(self.steps, lambda n: name + key + urandom(RING) if n == place else self.read(n))

    def erase(self, kept: "Iterable[int]") -> None:
        """Put what is random in all places but these."""
        self._write(self.steps, lambda n: self.read(n) if n in kept else urandom(_SLOT))

    def move_on(self, new: "dict[int, list[bytes]]") -> None:
        """Move all keys on by a step, with what is new in each place; where nothing is named is no log."""

        def moved(place: int) -> bytes:
            if place not in new:
                return urandom(_SLOT)
            slot = self.read(place)
            key = slot[KEY : 2 * KEY]
            return slot[:KEY] + step(key) + push(key, slot[2 * KEY :], new[place])

        self._write(self.steps + 1, moved)

    def _write(self, steps: int, slot: "Callable[[int], bytes]") -> None:
        def parts() -> "Iterator[bytes]":
            yield steps.to_bytes(_HEAD, "little")
            for place in range(LOGS):
                yield slot(place)

        files.write(PATH, parts())
