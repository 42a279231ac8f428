"""The operator's list in flash: a sorted snapshot searched in place, and the few changes made since.

Which files these are is decided in head.py, at the start and when a list comes; the format and what is
guaranteed of it are described in access/README.md.
"""

from micropython import const

from loader import Loan
from roll.record import CHANGE, DIGEST, FRONT, RECORD, Credential

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

_HEAD = const(92)  # bytes in front of the changes
_LOOK = const(2)  # records read first: the place of a uniform digest is known to about 50 in 10,000
_WINDOW = const(16)  # records read then: it is known to about 7
_GUESSES = const(4)  # then halves: an operator could make a list that is not uniform


class ListError(Exception):
    """A list that cannot be taken; `reason` is one of reports/results.py.

    It stands here since it stays: what raises it is loaded for its time only.
    """

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Credentials:
    """The list in use, empty until roll/head.py has chosen one.

    `whole` says that it is the one last taken, `slot` which of the two files holds its snapshot, `head` in
    which file its changes lie; `version` and `base` are those of the list and of the snapshot.
    """

    def __init__(self) -> None:
        self._window = memoryview(bytearray(_WINDOW * RECORD))
        self.file: "BinaryIO | None" = None
        self.close()

    def close(self) -> None:
        """Let go of the list: there is none now."""
        if self.file is not None:
            self.file.close()
            self.file = None
        self.version = self.base = self.count = 0
        self.slot, self.whole, self.head = 1, False, ""
        self.firsts = b""  # the first byte of the digest of each change

    def find(self, digest: bytes) -> "Credential | None":
        """The credential of this digest (16 bytes); two or three short reads as a rule, never more than 20.

        A look at where the digest should be tells by how much that was wrong; then a window there holds it.
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
        """All credentials with their digests, in order; others may search the list meanwhile."""
        if self.file is None:
            return iter(())
        with Loan():
            from roll.layout import each

            return each(self.file, self.changes())

    def changes(self) -> bytes:
        """What lies over the snapshot. It was whole when the list was opened."""
        if not self.firsts:
            return b""
        with open(self.head, "rb") as file:
            file.seek(_HEAD)
            return file.read(len(self.firsts) * CHANGE)

    def _change(self, digest: bytes, place: int) -> "bytes | None":
        """The record put in by a change, from number `place` on; empty if taken out, None if untouched."""
        try:
            with open(self.head, "rb") as file:
                file.seek(_HEAD + place * CHANGE)
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
