"""Brings the table of version 0.1.0 to the shelves, once the release that does it is confirmed.

Until then the old file stays as it is: the release before may have to open the door by it again.
"""

import asyncio

from micropython import const

from people.changes import PEOPLE_MAX
from people.entry import CREDENTIAL, OLD, OWNER, SHELVES, WITHDRAWN, Resident
from people.opening import OLD_PATH
from people.shelves import COPY, make, write
from roll.record import DIGEST, PIN, TENANT
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from people.register import Register
    from people.residents import Residents

_SLICE = const(16)  # credentials looked at before others get their turn
_NUMBER_MAX = const(15)


async def migrate(register: "Register") -> None:
    """Give each PIN a number. All else is the resident's if the lease has only one, else nobody's alone.

    PINs of the list get one, too: otherwise a flatmate who has only such a PIN would not count as a resident.
    After a power cut between two writes it begins again. OSError: the flash is full.
    """
    residents = register.residents
    alone, claims = await _claims(register)
    for shelf in range(SHELVES):
        write(residents, shelf, lambda: _moved(residents, shelf, alone, claims[shelf]))  # noqa: B023
        await asyncio.sleep_ms(0)
    used = residents.paths[OLD]
    # The other may be older, so it goes first; nothing can be set until both are gone.
    for path in (OLD_PATH + COPY if used == OLD_PATH else OLD_PATH, used):
        files.remove(path)
    residents.paths[OLD], residents.firsts[OLD], residents.whats[OLD] = "", b"", b""


async def _claims(register: "Register") -> "tuple[set[int], list[list[bytes]]]":
    """The leases with one resident, and by shelf the entries for PINs of the list."""
    known = set()
    pins: dict[int, int] = {}
    claims: "list[list[bytes]]" = [[] for _ in range(SHELVES)]
    for entry in register.residents.each(OLD):
        one = Resident(entry)
        known.add(entry[:DIGEST])
        if one.what == CREDENTIAL and one.kind == PIN:
            _count(pins, one.lease)
    for count, (digest, credential) in enumerate(register.credentials.each()):
        if count % _SLICE == 0:
            await asyncio.sleep_ms(0)
        if (credential.role, credential.kind) == (TENANT, PIN) and bytes(digest) not in known:
            lease, number = credential.lease, _count(pins, credential.lease)
            if number <= PEOPLE_MAX:
                claims[lease % SHELVES].append(make(bytes(digest), OWNER, lease, PIN, number))
    return {lease for lease, count in pins.items() if count == 1}, claims


def _moved(residents: "Residents", shelf: int, alone: "set[int]", claims: "list[bytes]") -> "Iterator[bytes]":
    """The entries that are to lie on a shelf: the old ones with a number, then claims to PINs of the list."""
    counts: dict[int, int] = {}
    for entry in residents.each(OLD):
        one = Resident(entry)
        if one.lease % SHELVES != shelf:
            continue
        number = int(one.lease in alone)
        if one.what == CREDENTIAL and one.kind == PIN:
            number = min(_count(counts, one.lease), _NUMBER_MAX)
        elif one.what == WITHDRAWN:
            number = 0
        yield make(entry[:DIGEST], one.what, one.lease, one.kind, number)
    yield from claims


def _count(counts: "dict[int, int]", lease: int) -> int:
    """One more of a lease: how many there are now."""
    counts[lease] = counts.get(lease, 0) + 1
    return counts[lease]
