"""Writes the shelves of the residents' table: each is a file in two copies.

File: sequence number u32 little-endian, entries of 20 bytes, HMAC-SHA256 of both. A shelf is never in RAM as
a whole: it is read entry by entry. A change is written to the first copy, and later to the second; of two
whole copies the one with the higher number counts.
"""

import struct

from people.entry import ENTRY, ENTRY_FIELDS, FRONT, OLD, NoPlace, Resident
from roll.record import DIGEST
from storage import files
from storage.hmac import Mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator
    from typing import Protocol

    class Residents(Protocol):
        """What residents.py knows about the shelves."""

        paths: list[str]
        firsts: list[bytes]
        whats: list[bytes]
        stale: int
        unread: bool
        seal: bytes
        renewals: list[tuple[bytes, bytes]]
        greeted: list[bytes]

        def each(self, shelf: int) -> Iterator[bytes]: ...

    Edit = Callable[[bytes, Resident], bytes]


PATH = "/access/people"  # and the number of the shelf
COPY = ".old"


def make(digest: bytes, what: int, lease: int, kind: int = 0, number: int = 0) -> bytes:
    """An entry."""
    return digest + struct.pack(ENTRY_FIELDS, what, kind | number << 4, lease)


def write(residents: "Residents", shelf: int, entries: "Callable[[], Iterator[bytes]]") -> None:
    """Replace a shelf by entries(), which is called twice. OSError: the flash is full; it is as before."""
    sequence = 0
    if residents.paths[shelf]:
        with open(residents.paths[shelf], "rb") as file:
            sequence = int.from_bytes(file.read(FRONT), "little")
    path, head = PATH + str(shelf), (sequence + 1).to_bytes(FRONT, "little")
    mac = seal_of(residents, shelf).digest_of(behind(head, entries()))
    firsts, whats = bytearray(), bytearray()

    def parts() -> "Iterator[bytes]":
        for entry in behind(head, entries()):
            yield entry
            if entry is not head:
                firsts.append(entry[0])
                whats.append(entry[DIGEST])
        yield mac

    files.write(path, parts())
    residents.paths[shelf] = path
    residents.firsts[shelf], residents.whats[shelf] = bytes(firsts), bytes(whats)
    residents.stale |= 1 << shelf
    residents.greeted.clear()  # a PIN may be another's now, who has not been shown what is new


def rewrite(residents: "Residents", shelf: int, edit: "Edit", added: bytes = b"") -> None:
    """Replace each entry of a shelf by what edit() makes of it, and add some."""
    if residents.paths[OLD]:
        raise NoPlace("not taken over yet")

    def entries() -> "Iterator[bytes]":
        for entry in residents.each(shelf):
            edited = edit(entry, Resident(entry))
            if edited:
                yield edited
        for place in range(0, len(added), ENTRY):
            yield added[place : place + ENTRY]

    if added or any(edit(entry, Resident(entry)) != entry for entry in residents.each(shelf)):
        write(residents, shelf, entries)


def seal_of(residents: "Residents", shelf: int) -> Mac:
    """What the MAC of a shelf is made with."""
    return Mac(Mac(residents.seal).digest(bytes((shelf,))))


def behind(head: bytes, entries: "Iterator[bytes]") -> "Iterator[bytes]":
    """What the MAC of a shelf is of."""
    yield head
    yield from entries
