"""The list of credentials: a sorted file of fixed-size records, searched in place, never loaded into RAM.

File: magic "MNL1", version, count and a zero (each u32), the records, HMAC-SHA256 of all that.
Record (32 bytes, little-endian): digest 16, role u8, kind u8, lease u16, schedule u8, uses u8,
not-before u32, not-after u32, key reference u16. Times are seconds
since 1970; of times and uses 0 is no limit.
"""

import os
import struct

from micropython import const

import log
from storage import files
from storage.hmac import Mac, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator
    from typing import BinaryIO

PATH = "/access/list"
_ARRIVING = "/access/list.new"
_OLD = "/access/list.old"
_MAGIC = b"MNL1"
_HEAD = const(16)
_RECORD = const(32)
_MAC = const(32)
_DIGEST = const(16)
_LOOK = const(2)  # records read first: the place of a uniform digest is known to about 50 in 10,000
_WINDOW = const(16)  # records read then: it is known to about 7
_PIECE = const(16)  # records
_GUESSES = const(4)  # then halves: an operator could make a list that is not uniform
COUNT_MAX = const(20_000)


class ListError(Exception):
    """A list that cannot be taken; `reason` is "bad records", "flash full" or one of the lease guard's."""

    def __init__(self, reason: str) -> None:
        super().__init__(reason)
        self.reason = reason


class Credential:
    """One record without its digest."""

    def __init__(self, record: "bytes | memoryview") -> None:
        (self.role, self.kind, self.lease, self.schedule, self.uses, self.not_before, self.not_after,
         self.key_ref) = struct.unpack_from("<BBHBBIIH", record, _DIGEST)  # fmt: skip


class Credentials:
    """The list in use; `key` is the lock's key. Without a whole list it is empty, and says so in the log."""

    def __init__(self, key: bytes) -> None:
        self._mac = Mac(Mac(key).digest(b"menshen store v1"))
        self._window = memoryview(bytearray(_WINDOW * _RECORD))
        self._file: BinaryIO | None = None
        self.version = self.count = 0
        self.whole = self._open()

    def find(self, digest: bytes) -> "Credential | None":
        """The credential of this digest (16 bytes); two or three short reads as a rule, never more than 20.

        A look at where the digest should be tells by how much that was wrong; then a window there holds it.
        """
        file = self._file
        if file is None:
            return None
        low, high, size, tries = 0, self.count, _LOOK, 0
        sought = _leading(digest)
        middle = sought * high >> 24
        while low < high:
            start = max(low, min(middle - size // 2, high - size))
            window = self._read(file, start, min(size, high - start))
            end = start + len(window) // _RECORD
            if digest < window[:_DIGEST]:
                edge, found, high = start, _leading(window), start
            elif digest > window[-_RECORD : _DIGEST - _RECORD]:
                edge, found, low = end - 1, _leading(window[-_RECORD:]), end
            else:
                place = self._search(window, digest)
                return None if place < 0 else Credential(window[place : place + _RECORD])
            size = _WINDOW
            tries += 1
            # digests are uniform: so many records lie between that edge and the one sought
            middle = edge + ((sought - found) * self.count >> 24) if tries < _GUESSES else (low + high) // 2
        return None

    def each(self) -> "Iterator[tuple[bytes, Credential]]":
        """All credentials with their digests, in order; others may search the list meanwhile."""
        for start in range(0, self.count, _PIECE):
            if self._file is None:
                return
            self._file.seek(_HEAD + start * _RECORD)
            yield from each(self._file.read(min(_PIECE, self.count - start) * _RECORD))

    def ensure_copy(self) -> None:
        """See that there is a second whole list to fall back on. To be called when nobody is at the door."""
        file = self._file
        if file is None or self._check(_OLD) is not None:
            return
        file.seek(0)
        try:
            files.write(_OLD, _pieces(file))
        except OSError:
            log.warning("access", "no room for a copy of the list")

    def install(self, version: int, records: "bytes | bytearray | memoryview") -> None:
        """Take a new list in place of this one, at one rename. ListError leaves the old one in use."""
        check_records(records)
        head = _MAGIC + struct.pack("<III", version, len(records) // _RECORD, 0)
        try:
            files.remove(_OLD)
            files.write(_ARRIVING, (head, records, self._mac.digest(head, records)))
        except OSError:
            raise ListError("flash full")
        if self._check(_ARRIVING) is None:
            files.remove(_ARRIVING)
            raise ListError("flash full")
        self._close()
        if files.exists(PATH):
            os.rename(PATH, _OLD)
        os.rename(_ARRIVING, PATH)
        self.whole = self._open()

    def _open(self) -> bool:
        """Choose the first whole list: the one in use, the one that was about to be, the one before."""
        for path in PATH, _ARRIVING, _OLD:
            found = self._check(path)
            if found is None:
                if path == PATH and files.exists(path):
                    log.error("access", "the list of credentials is broken")
                continue
            if path != PATH:
                log.warning("access", "using the list in " + path)
            self.version, self.count = found
            self._file = open(path, "rb")
            return True
        log.error("access", "there is no whole list of credentials")
        return False

    def _close(self) -> None:
        if self._file is not None:
            self._file.close()
            self._file = None

    def _check(self, path: str) -> "tuple[int, int] | None":
        """Version and count of the list in a file; None where it is not there or not whole."""
        try:
            with open(path, "rb") as file:
                head = file.read(_HEAD)
                if len(head) != _HEAD or head[:4] != _MAGIC:
                    return None
                version, count = struct.unpack_from("<II", head, 4)
                if count > COUNT_MAX or os.stat(path)[6] != _HEAD + count * _RECORD + _MAC:
                    return None
                mac = self._mac.digest_of(self._pieces(file, head, count * _RECORD))
                return (version, count) if equal(mac, file.read(_MAC)) else None
        except OSError:
            return None

    def _pieces(self, file: "BinaryIO", head: bytes, left: int) -> "Iterator[bytes | memoryview]":
        yield head
        window = self._window
        while left > 0:
            size = file.readinto(window[: min(left, len(window))])
            if not size:
                raise OSError
            left -= size
            yield window[:size]

    def _read(self, file: "BinaryIO", start: int, count: int) -> memoryview:
        """`count` records from number `start` on."""
        window = self._window[: count * _RECORD]
        file.seek(_HEAD + start * _RECORD)
        file.readinto(window)
        return window

    @staticmethod
    def _search(window: memoryview, digest: bytes) -> int:
        """Where in the window the record of this digest begins; -1 where there is none."""
        low, high = 0, len(window) // _RECORD
        while low < high:
            middle = (low + high) // 2
            place = middle * _RECORD
            found = window[place : place + _DIGEST]
            if found == digest:
                return place
            if digest > found:
                low = middle + 1
            else:
                high = middle
        return -1


def each(records: "bytes | bytearray | memoryview") -> "Iterator[tuple[bytes, Credential]]":
    """The credentials in a string of records, with their digests."""
    view = memoryview(records)
    for place in range(0, len(view) - _RECORD + 1, _RECORD):
        yield bytes(view[place : place + _DIGEST]), Credential(view[place : place + _RECORD])


def _leading(digest: "bytes | memoryview") -> int:
    """The first 24 bits."""
    return digest[0] << 16 | digest[1] << 8 | digest[2]


def _pieces(file: "BinaryIO") -> "Iterator[bytes]":
    while True:
        piece = file.read(512)
        if not piece:
            return
        yield piece


def check_records(records: "bytes | bytearray | memoryview") -> None:
    """Raise ListError unless these are whole records in strictly rising order, of known roles and kinds."""
    view = memoryview(records)
    if len(view) % _RECORD or len(view) // _RECORD > COUNT_MAX:
        raise ListError("bad records")
    last = b""
    for place in range(0, len(view), _RECORD):
        digest = bytes(view[place : place + _DIGEST])
        if digest <= last or view[place + 16] not in (1, 2, 3, 4) or view[place + 17] > 2:
            raise ListError("bad records")
        last = digest
