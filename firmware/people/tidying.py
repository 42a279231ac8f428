"""Brings the residents' table up to date while nobody waits: copies, new digests, void entries removed."""

from micropython import const

import console
from people.entry import CREDENTIAL, SHELVES, WITHDRAWN
from people.shelves import COPY, PATH, rewrite
from roll.record import DIGEST, MOVE_IN, TENANT
from storage import files

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from people.entry import Resident
    from people.shelves import Residents
    from roll.record import Credential

_PIECE = const(128)  # bytes: there may be no longer piece of memory


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
    """Free space: remove what was withdrawn and is no longer in the operator's list for that lease.

    A fob that a tenant has given up may be the next one's, or staff's. What release 0.1.0 wrote has no lease.
    """

    def edit(entry: bytes, one: "Resident") -> bytes:
        listed = find(entry[:DIGEST]) if one.what == WITHDRAWN else None
        is_theirs = listed is not None and (
            not one.lease or (listed.role in (TENANT, MOVE_IN) and listed.lease == one.lease)
        )
        return entry if is_theirs or one.what != WITHDRAWN else b""

    for shelf in range(SHELVES):
        rewrite(residents, shelf, edit)


def ensure_copy(residents: "Residents") -> None:
    """Bring the second copy of one shelf up to date. OSError: the flash is full, and it stays stale."""
    shelf = 0
    while not residents.stale >> shelf & 1:
        shelf += 1
    path = PATH + str(shelf)
    files.write(path + COPY, _pieces(path))
    residents.stale &= ~(1 << shelf)


def _pieces(path: str) -> "Iterator[bytes]":
    with open(path, "rb") as file:
        piece = file.read(_PIECE)
        while piece:
            yield piece
            piece = file.read(_PIECE)
