"""Finds credentials in the operator's list: a sorted snapshot in flash, and the few changes made since.

roll/head.py chooses the files, at the start and when a list is installed. README.md has the format, and what
it guarantees.
"""

from micropython import const

from loader import Loan
from roll.record import CHANGE, DIGEST, FRONT, HEAD_FRONT, RECORD, Credential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_LOOK = const(2)  # records read first: of 10,000 uniform digests the place of one is known to about 50
_WINDOW = const(16)  # records read after that: its place is known to about 7
_GUESSES = const(
    4
)  # after so many the search goes by halves: an operator could make a list that is not uniform


class BadList(Exception):
    """A list is refused; `reason` is one of reports/acks.py.

    It is defined here since this module stays loaded, and those that raise it do not.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Credentials:
    """The list in use, empty until roll/head.py has chosen one.

    `whole` says whether it is the one that was installed last, and not an older one that stands in for it;
    `slot` which of the two files holds its snapshot; `head` which file holds its changes. `version` and
    `base` are the versions of the list and of the snapshot; `hash` says which list it is (roll/layout.py).
    """

    def __init__(self) -> None:
        self._window = memoryview(bytearray(_WINDOW * RECORD))
        self.file: "BinaryIO | None" = None
        self.close()

    def close(self) -> None:
        """Close the files; there is no list then."""
        if self.file is not None:
            self.file.close()
            self.file = None
        self.version = self.base = self.count = 0
        self.slot, self.whole, self.head = 1, False, ""
        self.firsts = self.hash = b""  # the first byte of the digest of each change

    def find(self, digest: bytes) -> "Credential | None":
        """The credential of this digest (16 bytes); two or three short reads as a rule, never more than 20.

        Digests are uniform: a read at the place where this one should be shows how far off it is, and a
        window that is read there contains it.
        """
        file = self.file
        if file is None:
            return None
        place = self.firsts.find(digest[:1])
        if place >= 0:
            change = self._change(digest, place)
            if change is not None:
                return Credential(change) if change else None
        low, high, size, tries = 0, self.count, _LOOK, 0
        sought = _leading(digest)
        middle = sought * high >> 24
        while low < high:
            start = max(low, min(middle - size // 2, high - size))
            window = self._read(file, start, min(size, high - start))
            end = start + len(window) // RECORD
            if digest < window[:DIGEST]:
                edge, found, high = start, _leading(window), start
            elif digest > window[-RECORD : DIGEST - RECORD]:
                edge, found, low = end - 1, _leading(window[-RECORD:]), end
            else:
                place = self._search(window, digest)
                return None if place < 0 else Credential(window[place : place + RECORD])
            size = _WINDOW
            tries += 1
            # digests are uniform: so many records lie between that edge and the one sought
            middle = edge + ((sought - found) * self.count >> 24) if tries < _GUESSES else (low + high) // 2
        return None

    def each(self) -> "Iterator[tuple[bytes, Credential]]":
        """All credentials with their digests, in order. The list may be searched meanwhile."""
        if self.file is None:
            return iter(())
        with Loan():
            from roll.layout import changes, each

            return each(self.file, changes(self.head, len(self.firsts)))

    def _change(self, digest: bytes, place: int) -> "bytes | None":
        """The record that a change at `place` or later gives a digest; empty: removed, None: unchanged."""
        try:
            with open(self.head, "rb") as file:
                file.seek(HEAD_FRONT + place * CHANGE)
                for _ in range(place, len(self.firsts)):
                    change = file.read(CHANGE)
                    if change[1 : 1 + DIGEST] >= digest:
                        if change[1 : 1 + DIGEST] != digest:
                            return None
                        return change[1:] if change[0] else b""
        except (OSError, IndexError):
            pass
        return None

    def _read(self, file: "BinaryIO", start: int, count: int) -> memoryview:
        """`count` records from number `start` on."""
        window = self._window[: count * RECORD]
        file.seek(FRONT + start * RECORD)
        file.readinto(window)
        return window

    @staticmethod
    def _search(window: memoryview, digest: bytes) -> int:
        """Where in the window the record of this digest begins; -1 where there is none."""
        low, high = 0, len(window) // RECORD
        while low < high:
            middle = (low + high) // 2
            place = middle * RECORD
            found = window[place : place + DIGEST]
            if found == digest:
                return place
            if digest > found:
                low = middle + 1
            else:
                high = middle
        return -1


def _leading(digest: "bytes | memoryview") -> int:
    """The first 24 bits."""
    return digest[0] << 16 | digest[1] << 8 | digest[2]
