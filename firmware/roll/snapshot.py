"""Checks, hashes and merges snapshots of the list.

`pace` is awaited between any two steps, of at most 256 bytes each: the door comes first.
"""

import os
from hashlib import sha256

from micropython import const

from pace import hash_of
from roll.credentials import BadList
from roll.layout import COUNT_MAX, SNAPSHOTS, changes, front, is_known
from roll.record import CHANGE, DIGEST, FRONT, KIND, RECORD, ROLE
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from roll.credentials import Credentials
    from roll.install import Identity

    Pace = Callable[[], Awaitable[None]]
    Put = Callable[[bytes | memoryview], None]

_PIECE = const(256)  # bytes


async def examine(path: str, pace: "Pace") -> None:
    """Raise BadList unless the file is a snapshot: whole records, strictly rising, of known roles."""
    window = memoryview(bytearray(_PIECE))
    with open(path, "rb") as file:
        size = file.seek(0, 2)
        file.seek(0)
        count = size // RECORD
        if size % RECORD != FRONT or count > COUNT_MAX or file.read(FRONT) != front(count):
            raise BadList("bad records")
        last = b""
        while True:
            got = file.readinto(window)
            if not got:
                return
            for place in range(0, got, RECORD):
                digest = bytes(window[place : place + DIGEST])
                if digest <= last or not is_known(window[place + ROLE], window[place + KIND]):
                    raise BadList("bad records")
                last = digest
            await pace()


async def is_here(credentials: "Credentials", identity: "Identity", path: str, pace: "Pace") -> bool:
    """Whether the snapshot of this identity lies at `path` now; if not, it has to be fetched.

    It is merged there from the one in use, if it is that one with changes.
    """
    await pace()
    base, size, digest = identity
    if await hash_of(path, size, pace) == digest:
        return True
    files.remove(path)
    if not credentials.whole or base != credentials.version:
        return False
    files.tidy(path + ".new")
    laid = changes(credentials.head, len(credentials.firsts))
    merged = await merge(SNAPSHOTS[credentials.slot], laid, path, pace)
    if merged != digest:
        files.remove(path)
    return merged == digest


async def merge(source: str, laid: bytes, target: str, pace: "Pace") -> bytes:
    """Write a snapshot with changes laid over it to another file; its SHA-256. BadList: the flash is full.

    Only the pieces in which a change falls are read record by record; all others are copied as they are.
    """
    window = memoryview(bytearray(_PIECE))
    digest = sha256()
    at, end = 0, len(laid)
    count = await _count(source, laid, pace)
    try:
        with open(source, "rb") as file, open(target + ".new", "wb") as out:

            def put(data: "bytes | memoryview") -> None:
                out.write(data)
                digest.update(data)

            put(front(count))
            file.seek(FRONT)
            while True:
                got = file.readinto(window)
                if not got:
                    break
                if at == end or laid[at + 1 : at + 1 + DIGEST] > window[got - RECORD : got - DIGEST]:
                    put(window[:got])
                else:
                    at = _lay(laid, at, window[:got], put)
                await pace()
            _put(laid, at, b"", put)
    except OSError:
        files.remove(target + ".new")
        raise BadList("flash full")
    await pace()
    os.rename(target + ".new", target)
    return digest.digest()


def _lay(laid: bytes, at: int, records: memoryview, put: "Put") -> int:
    """Put records, with the changes from a place on applied to them; the place of the next change."""
    for place in range(0, len(records), RECORD):
        found = bytes(records[place : place + DIGEST])
        at = _put(laid, at, found, put)
        if laid[at + 1 : at + 1 + DIGEST] != found:
            put(records[place : place + RECORD])
    return at


def _put(laid: bytes, at: int, digest: bytes, put: "Put") -> int:
    """Put the changes from a place on that come before a digest, all if it has no bytes; the place behind."""
    while at < len(laid) and (not digest or laid[at + 1 : at + 1 + DIGEST] < digest):
        if laid[at]:
            put(laid[at + 1 : at + CHANGE])
        at += CHANGE
    return at


async def _count(source: str, laid: bytes, pace: "Pace") -> int:
    """How many records the merged snapshot has."""
    window = memoryview(bytearray(_PIECE))
    at, end = 0, len(laid)
    with open(source, "rb") as file:
        count = file.seek(0, 2) // RECORD + sum([laid[at] for at in range(0, end, CHANGE)])
        file.seek(FRONT)
        while at < end:
            got = file.readinto(window)
            if not got:
                break
            for place in range(0, got, RECORD):
                found = bytes(window[place : place + DIGEST])
                while at < end and laid[at + 1 : at + 1 + DIGEST] < found:
                    at += CHANGE
                if laid[at + 1 : at + 1 + DIGEST] == found:
                    count -= 1
            await pace()
    return count
