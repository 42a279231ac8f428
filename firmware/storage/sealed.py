"""Stores a small file in two copies, each with a sequence number and a MAC; the newest whole one counts.

File: sequence number u32 little-endian, body, HMAC-SHA256 of both.
"""

from micropython import const

import console
from storage import files
from storage.hmac import Mac, equal

_HEAD = const(4)
_MAC = const(32)


class Sealed:
    """`key` is the lock's; `purpose` (storage/purposes.py) tells one file from another.

    `written` has the newest sequence number, that of the copy, and that of the file, as load() finds them.
    This code is lent: whoever makes a new object for each change keeps that list.
    """

    def __init__(self, key: bytes, purpose: bytes, path: str, written: "list[int] | None" = None) -> None:
        self._mac = Mac(Mac(key).digest(purpose))
        self._path, self._copy = path, path + ".old"
        self._written = written or [0, 0, 0]

    def load(self, record: int) -> bytearray:
        """The body: records of `record` bytes each; empty where no copy is whole."""
        first, body = self._read(self._path, record)
        second, copy = self._read(self._copy, record)
        if second > first:
            body = copy
            if files.exists(self._path):
                console.error("storage", "using the copy of " + self._path)
        self._written[:] = max(first, second), second, first
        return body

    def save(self, body: "bytes | bytearray") -> None:
        """Replace the file. After an OSError the old one is still there."""
        sequence = self._written[0] + 1
        self._write(self._path, sequence, body)
        self._written[0] = self._written[2] = sequence

    def ensure_copy(self, body: "bytes | bytearray") -> None:
        """Bring the second copy up to date, or mend the file. To be called when nobody is at the door.

        OSError: the flash is full.
        """
        newest, copy, file = self._written
        path, which = (self._copy, 1) if copy != newest else (self._path, 2)
        if copy != newest or file != newest:
            self._write(path, newest, body)
            self._written[which] = newest

    def _read(self, path: str, record: int) -> "tuple[int, bytearray]":
        """Sequence number and body of one copy; 0 and no bytes if it is not whole."""
        try:
            with open(path, "rb") as file:
                size = file.seek(0, 2) - _HEAD - _MAC
                if size >= 0 and size % record == 0:
                    body = bytearray(size)
                    file.seek(0)
                    head = file.read(_HEAD)
                    file.readinto(body)
                    if equal(self._mac.digest(head, body), file.read(_MAC)):
                        return int.from_bytes(head, "little"), body
        except OSError:
            pass
        return 0, bytearray()

    def _write(self, path: str, sequence: int, body: "bytes | bytearray") -> None:
        head = sequence.to_bytes(_HEAD, "little")
        files.write(path, (head, body, self._mac.digest(head, body)))
