"""A small file in two whole copies, each with its sequence number and its MAC; the newest whole one counts.

File: sequence number u32 little-endian, body, HMAC-SHA256 of both.
"""

import struct

from micropython import const

import log
from storage import files
from storage.hmac import Mac, equal

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import BinaryIO

_HEAD = const(4)
_MAC = const(32)


class Sealed:
    """`key` is the lock's; `purpose` keeps one file from being taken for another."""

    def __init__(self, key: bytes, purpose: bytes, path: str) -> None:
        self._mac = Mac(Mac(key).digest(purpose))
        self._path, self._copy = path, path + ".old"
        self._sequence = self._copied = 0
        self.unread = False  # there is a file, and no copy of it is whole

    def load(self, record: int) -> bytearray:
        """The body, whole records of that size; empty where no copy is whole."""
        first, second = self._read(self._path, record), self._read(self._copy, record)
        self._copied = second[0]
        best = first if first[0] >= second[0] else second
        if best is not first and files.exists(self._path):
            log.error("storage", "using the copy of " + self._path)
        self._sequence = best[0]
        self.unread = not best[0] and (files.exists(self._path) or files.exists(self._copy))
        return best[1]

    def save(self, body: "bytes | bytearray") -> None:
        """Replace the file; OSError leaves the old one."""
        self._write(self._path, self._sequence + 1, body)
        self._sequence += 1

    def ensure_copy(self, body: "bytes | bytearray") -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        if self._copied != self._sequence:
            try:
                self._write(self._copy, self._sequence, body)
                self._copied = self._sequence
            except OSError:
                log.warning("storage", "no room for a copy of " + self._path)

    def _write(self, path: str, sequence: int, body: "bytes | bytearray") -> None:
        head = struct.pack("<I", sequence)
        files.write(path, (head, body, self._mac.digest(head, body)))

    def _read(self, path: str, record: int) -> "tuple[int, bytearray]":
        """Sequence number and body; 0 and nothing where the file is not there or not whole."""
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2) - _HEAD - _MAC
                if size >= 0 and size % record == 0:
                    return self._checked(file, bytearray(size))
        except OSError:
            pass
        return 0, bytearray()

    def _checked(self, file: "BinaryIO", body: bytearray) -> "tuple[int, bytearray]":
        file.seek(0)
        head = file.read(_HEAD)
        file.readinto(body)
        if equal(self._mac.digest(head, body), file.read(_MAC)):
            return struct.unpack("<I", head)[0], body
        return 0, bytearray()
