"""Stores a small file in two copies, each with a sequence number and a MAC; the newest whole one counts.

File: sequence number u32 little-endian, body, HMAC-SHA256 of both.
"""

import struct

import console
from loader import Loan
from storage import files
from storage.hmac import Mac


class Sealed:
    """`key` is the lock's; `purpose` (storage/purposes.py) tells one file from another."""

    def __init__(self, key: bytes, purpose: bytes, path: str) -> None:
        self._key = Mac(key).digest(purpose)
        self._path, self._copy = path, path + ".old"
        self._sequence = self._copied = 0
        self.unread = False  # whether there is a file, but no copy of it is whole

    def load(self, record: int) -> bytearray:
        """The body: records of `record` bytes each; empty where no copy is whole."""
        with Loan():
            from storage.unsealing import read

            mac = Mac(self._key)
            (first, body), (second, copy) = (read(p, record, mac) for p in (self._path, self._copy))
        if second > first:
            body = copy
            if files.exists(self._path):
                console.error("storage", "using the copy of " + self._path)
        self._sequence, self._copied = max(first, second), second
        self.unread = not self._sequence and (files.exists(self._path) or files.exists(self._copy))
        return body

    def save(self, body: "bytes | bytearray") -> None:
        """Replace the file. After an OSError the old one is still there."""
        self._write(self._path, self._sequence + 1, body)
        self._sequence += 1

    def ensure_copy(self, body: "bytes | bytearray") -> None:
        """Bring the second copy up to date. To be called when nobody is at the door."""
        if self._copied != self._sequence:
            try:
                self._write(self._copy, self._sequence, body)
                self._copied = self._sequence
            except OSError:
                console.warning("storage", "no space for a copy of " + self._path)

    def _write(self, path: str, sequence: int, body: "bytes | bytearray") -> None:
        head = struct.pack("<I", sequence)
        files.write(path, (head, body, Mac(self._key).digest(head, body)))
