"""Finds the whole files of the residents' table at a start, and checks them. See shelves.py."""

import os
import struct

from micropython import const

import console
from people.entry import ENTRY, FRONT, OLD, SHELVES
from people.shelves import COPY, PATH, behind, seal_of
from roll.record import DIGEST
from storage import files
from storage.hmac import Mac, equal
from storage.purposes import PEOPLE_FILE, RESIDENTS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from people.shelves import Residents

OLD_PATH = "/access/residents"
_MAC = const(32)


def open_all(residents: "Residents", key: bytes) -> bytes:
    """Find the whole files of all shelves, and the table of version 0.1.0 if there is one; the seal."""
    residents.seal = Mac(key).digest(PEOPLE_FILE)
    for shelf in range(SHELVES):
        _open(residents, shelf, PATH + str(shelf), seal_of(residents, shelf))
    if files.exists(OLD_PATH) or files.exists(OLD_PATH + COPY):
        _open(residents, OLD, OLD_PATH, Mac(Mac(key).digest(RESIDENTS_FILE)))
    return residents.seal


def _open(residents: "Residents", shelf: int, path: str, mac: Mac) -> None:
    first, second = _read(path, mac), _read(path + COPY, mac)
    copied = second[0]
    if copied > first[0]:
        if files.exists(path):
            console.error("people", "using the copy of " + path)
        first, path = second, path + COPY
    elif copied < first[0] and shelf != OLD:
        residents.stale |= 1 << shelf
    if first[0]:
        residents.paths[shelf], residents.firsts[shelf], residents.whats[shelf] = path, first[1], first[2]
    elif files.exists(path) or files.exists(path + COPY):
        residents.unread = True


def _read(path: str, mac: Mac) -> "tuple[int, bytes, bytes]":
    """Sequence number, first bytes and kinds of the entries; 0 and nothing where the file is not whole."""
    try:
        size = os.stat(path)[6] - FRONT - _MAC
        if size >= 0 and size % ENTRY == 0:
            firsts, whats = bytearray(size // ENTRY), bytearray(size // ENTRY)
            with open(path, "rb") as file:
                head = file.read(FRONT)

                def entries() -> "Iterator[bytes]":
                    for n in range(len(firsts)):
                        entry = file.read(ENTRY)
                        firsts[n], whats[n] = entry[0], entry[DIGEST]
                        yield entry

                found = mac.digest_of(behind(head, entries()))
                if equal(found, file.read(_MAC)):
                    return struct.unpack("<I", head)[0], bytes(firsts), bytes(whats)
    except OSError:
        pass
    return 0, b"", b""
