"""Reads and writes the shelves of the residents' table: each is a file in two copies.

File: sequence number u32 little-endian, entries of 20 bytes, HMAC-SHA256 of both. A shelf is never in RAM
whole: it is gone through entry by entry. A change is written to the first copy, and later the second follows;
of two whole copies that with the higher number counts.
"""

import os
import struct

from micropython import const

import console
from people.entry import CREDENTIAL, ENTRY, FRONT, OLD, SHELVES, WITHDRAWN, Resident, ResidentsError
from roll.record import DIGEST
from storage import files
from storage.hmac import Mac, equal
from storage.purposes import PEOPLE_FILE, RESIDENTS_FILE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    from roll.record import Credential

    class Residents(Protocol):
        """What residents.py holds of the shelves."""

        paths: list[str]
        firsts: list[bytes]
        whats: list[bytes]
        stale: int
        unread: bool
        seal: bytes
        renewals: list[tuple[bytes, bytes]]

        def each(self, shelf: int) -> Iterator[bytes]: ...

    Edit = Callable[[bytes, Resident], bytes]


PATH = "/access/people"  # and the number of the shelf
OLD_PATH = "/access/residents"
COPY = ".old"
_MAC = const(32)
_PIECE = const(512)  # bytes


def open_all(residents: "Residents", key: bytes) -> bytes:
    """Find the whole files of all shelves, and the table of version 0.1.0 if there is one; the seal."""
    residents.seal = Mac(key).digest(PEOPLE_FILE)
    for shelf in range(SHELVES):
        _open(residents, shelf, PATH + str(shelf), _mac(residents, shelf))
    if files.exists(OLD_PATH) or files.exists(OLD_PATH + COPY):
        _open(residents, OLD, OLD_PATH, Mac(Mac(key).digest(RESIDENTS_FILE)))
    return residents.seal


def write(residents: "Residents", shelf: int, entries: "Callable[[], Iterator[bytes]]") -> None:
    """Replace a shelf by entries(), which is called twice. OSError: the flash is full; it is as before."""
    sequence = 0
    if residents.paths[shelf]:
        with open(residents.paths[shelf], "rb") as file:
            sequence = struct.unpack("<I", file.read(FRONT))[0]
    path, head = PATH + str(shelf), struct.pack("<I", sequence + 1)
    mac = _mac(residents, shelf).digest_of(_behind(head, entries()))
    firsts, whats = bytearray(), bytearray()

    def parts() -> "Iterator[bytes]":
        for entry in _behind(head, entries()):
            yield entry
            if entry is not head:
                firsts.append(entry[0])
                whats.append(entry[DIGEST])
        yield mac

    files.write(path, parts())
    residents.paths[shelf], residents.firsts[shelf], residents.whats[shelf] = (
        path,
        bytes(firsts),
        bytes(whats),
    )
    residents.stale |= 1 << shelf


def rewrite(residents: "Residents", shelf: int, edit: "Edit", added: bytes = b"") -> None:
    """Put what edit() makes of each entry of a shelf in its place, and add some."""
    if residents.paths[OLD]:
        raise ResidentsError("the table of the release before is not taken over yet")

    def entries() -> "Iterator[bytes]":
        for entry in residents.each(shelf):
            edited = edit(entry, Resident(entry))
            if edited:
                yield edited
        for place in range(0, len(added), ENTRY):
            yield added[place : place + ENTRY]

    if added or any(edit(entry, Resident(entry)) != entry for entry in residents.each(shelf)):
        write(residents, shelf, entries)


def renew(residents: "Residents") -> None:
    """Put the credentials of `renewals`, which lie under the lock's key, under the lock's own key."""
    while residents.renewals:
        old, new = residents.renewals.pop()
        try:
            for shelf in range(SHELVES):
                rewrite(
                    residents,
                    shelf,
                    lambda entry, one: (
                        new + entry[DIGEST:]  # noqa: B023 (it is done with when this turn ends)
                        if entry[:DIGEST] == old and one.what == CREDENTIAL  # noqa: B023
                        else entry
                    ),
                )
        except OSError:  # it opens as it is, and is tried again at its next use
            console.warning("people", "no space to renew a credential")


def forget_withdrawn(residents: "Residents", find: "Callable[[bytes], Credential | None]") -> None:
    """Free space: remove what was withdrawn and is no longer in the operator's list."""
    for shelf in range(SHELVES):
        rewrite(
            residents,
            shelf,
            lambda entry, one: b"" if one.what == WITHDRAWN and find(entry[:DIGEST]) is None else entry,
        )


def ensure_copy(residents: "Residents") -> None:
    """Bring the second copy of one shelf up to date."""
    shelf = 0
    while not residents.stale >> shelf & 1:
        shelf += 1
    residents.stale &= ~(1 << shelf)
    path = PATH + str(shelf)
    try:
        files.write(path + COPY, _pieces(path))
    except OSError:
        console.warning("people", "no space for a copy of " + path)


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

                found = mac.digest_of(_behind(head, entries()))
                if equal(found, file.read(_MAC)):
                    return struct.unpack("<I", head)[0], bytes(firsts), bytes(whats)
    except OSError:
        pass
    return 0, b"", b""


def _mac(residents: "Residents", shelf: int) -> Mac:
    return Mac(Mac(residents.seal).digest(bytes((shelf,))))


def _behind(head: bytes, entries: "Iterator[bytes]") -> "Iterator[bytes]":
    yield head
    yield from entries


def _pieces(path: str) -> "Iterator[bytes]":
    with open(path, "rb") as file:
        piece = file.read(_PIECE)
        while piece:
            yield piece
            piece = file.read(_PIECE)
