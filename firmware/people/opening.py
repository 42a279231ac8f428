"""Finds the whole files of the residents' table at a start, and checks them. See shelves.py."""

import os

from micropython import const

import console
from people.entry import ENTRY, FRONT, OLD, SHELVES
from people.own_key import own_key
from people.shelves import COPY, PATH, behind, seal_of
from roll.record import DIGEST
from storage import files
from storage.hmac import Mac, equal
from storage.purposes import PEOPLE_FILE, RESIDENTS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from people.shelves import Residents
    from storage.nvs import Numbers

OLD_PATH = "/access/residents"
_MAC = const(32)


def open_all(residents: "Residents", key: bytes, numbers: "Numbers") -> "tuple[bytes | None, bytes]":
    """Find the whole files of all shelves, and the table of version 0.1.0 if there is one.

    The lock's own key, None where it has none, and the seal. `key` is the lock's.
    """
    own = own_key(key, numbers)
    residents.seal = Mac(key).digest(PEOPLE_FILE)
    try:  # one look at the folder, and not one for each file that might be in it
        there = os.listdir(PATH[: PATH.rindex("/")])
    except OSError:
        there = []
    for shelf in range(SHELVES):
        path = PATH + str(shelf)
        if _may_be(path, there):
            _open(residents, shelf, path, seal_of(residents, shelf))
    if _may_be(OLD_PATH, there):
        _open(residents, OLD, OLD_PATH, Mac(Mac(key).digest(RESIDENTS_FILE)))
    return own, residents.seal


def _may_be(path: str, there: "list[str]") -> bool:
    """Whether to look for a file or its copy; where nothing could be listed, each is looked for."""
    name = path[path.rindex("/") + 1 :]
    return not there or name in there or name + COPY in there


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
        with open(path, "rb") as file:
            size = file.seek(0, 2) - FRONT - _MAC
            if size >= 0 and size % ENTRY == 0:
                firsts, whats = bytearray(size // ENTRY), bytearray(size // ENTRY)
                file.seek(0)
                head = file.read(FRONT)

                def entries() -> "Iterator[bytes]":
                    for n in range(len(firsts)):
                        entry = file.read(ENTRY)
                        firsts[n], whats[n] = entry[0], entry[DIGEST]
                        yield entry

                found = mac.digest_of(behind(head, entries()))
                if equal(found, file.read(_MAC)):
                    return int.from_bytes(head, "little"), bytes(firsts), bytes(whats)
    except OSError:
        pass
    return 0, b"", b""
