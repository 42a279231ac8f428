"""The lease guard: nobody is locked out of their home by a list, however well it is signed.

A list is refused if, of a running lease, it would remove the last credential by which somebody has opened
the door, or any credential while none has been used yet.
"""

import asyncio
import struct
from hashlib import sha256

from micropython import const

from people.leases import (
    ANCHORS_MAX,
    END,
    ENTRIES_MAX,
    ENTRY,
    ENTRY_FORMAT,
    IS_LEASE,
    KNOWN,
    MOVED_OUT,
    PROVED,
    SEEN,
    WHAT,
)
from people.residents import CREDENTIAL, ENTRY_FIELDS
from people.residents import ENTRY as RESIDENT
from roll.credentials import ListError
from roll.record import CARD, DIGEST, LEASE, TENANT
from storage.purposes import LEASE_DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from people.leases import Leases
    from people.register import Register
    from people.residents import Residents
    from roll.record import Credential

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

LOCKED_OUT, SHORTENED, TOO_MANY = "lease locked out", "lease shortened", "too many leases"
_SLICE = const(16)  # credentials looked at before others get their turn


def lease_digest(lease: int) -> bytes:
    """The digest under which the record that states a lease stands in a list."""
    return sha256(LEASE_DIGEST + struct.pack("<H", lease)).digest()[:DIGEST]


def has_way_in(residents: bytes, lease: int, cards: bool) -> bool:
    """Whether somebody of this lease opens by the table of residents; `cards` says whether cards do."""
    for place in range(DIGEST, len(residents), RESIDENT):
        what, kind, found = struct.unpack_from(ENTRY_FIELDS, residents, place)
        if what == CREDENTIAL and found == lease and (cards or kind != CARD):
            return True
    return False


class Guard:
    """`plain_uid` says whether cards open by their number alone, and so count as a way in."""

    def __init__(self, leases: "Leases", residents: "Residents", plain_uid: bool) -> None:
        self._leases, self._residents, self._plain_uid = leases, residents, plain_uid

    async def check(self, listed: "Listed", now: "int | None") -> "str | None":
        """Why a list is refused, None if it is not; listed() iterates over its (digest, credential)."""
        wanted = {}  # digest: what the list has there
        leases = set()
        for _, digest, lease, what, _, _ in self._each():
            wanted[digest if what in (KNOWN, PROVED) else lease_digest(lease)] = None
            leases.add(lease)
        for count, (digest, credential) in enumerate(listed()):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if digest in wanted:
                wanted[digest] = credential
            if credential.role in (TENANT, LEASE):
                leases.add(credential.lease)
                if len(leases) * 3 > ENTRIES_MAX:
                    return TOO_MANY
        residents = self._residents.table
        for _, _, lease, what, end, _ in self._each():
            if what != IS_LEASE or self._leases.over(lease, now):
                continue
            stated = wanted.get(lease_digest(lease))
            if end and (stated is None or stated.role != LEASE or stated.lease != lease):
                return SHORTENED
            if end and stated is not None and 0 < stated.not_after < end:
                return SHORTENED
            is_in = has_way_in(residents, lease, self._plain_uid)
            if not is_in and not self._still_gets_in(lease, wanted, now, end):
                return LOCKED_OUT
        return None

    async def note(self, listed: "Listed", now: "int | None") -> None:
        """Store the leases of a list, their ends, and who gets in. Nothing goes, and no end moves earlier.

        To be called before the list is installed. OSError: the flash is full.
        """
        for role in (LEASE, TENANT):  # a tenant's credential works if it lasts until the lease's end
            for count, (digest, credential) in enumerate(listed()):
                if count % _SLICE == 0:
                    await asyncio.sleep_ms(0)
                if credential.role == role:
                    self._note(digest, credential, now)
        self._leases.write()

    def move_out(self, lease: int) -> None:
        """Record that the people of a lease have moved out. OSError: the flash is full."""
        place = self._leases.place(lease)
        if place < 0:
            self._leases.add(bytes(DIGEST), lease, MOVED_OUT)
        else:
            self._leases.table[place + WHAT] = MOVED_OUT
        self._leases.changed = True
        self._leases.write()

    def _note(self, digest: bytes, credential: "Credential", now: "int | None") -> None:
        lease, leases = credential.lease, self._leases
        place = leases.place(lease)
        if place < 0:
            if not leases.add(self._lived(), lease, IS_LEASE, 0, now or 0):
                return
            place = leases.place(lease)
        end, seen = struct.unpack_from("<II", leases.table, place + END)
        if not seen and now is not None:  # from now on the hours count
            leases.table[place : place + DIGEST] = self._lived()
            struct.pack_into("<I", leases.table, place + SEEN, now)
            leases.changed = True
        if credential.role == LEASE:
            if credential.not_after > end:
                struct.pack_into("<I", leases.table, place + END, credential.not_after)
                leases.changed = True
            return
        anchors = leases.anchors(lease)
        if len(anchors) >= ANCHORS_MAX or not self._works(credential, now, end):
            return
        if not any(
            leases.table[p : p + DIGEST] == digest or leases.table[p + WHAT] == PROVED for p in anchors
        ):
            leases.add(digest, lease, KNOWN)

    def _lived(self) -> bytes:
        return struct.pack("<I", self._leases.lived()) + bytes(DIGEST - 4)

    def _each(self) -> "Iterator[tuple[int, bytes, int, int, int, int]]":
        """Place, digest, lease, what, end and first seen of all entries."""
        table = self._leases.table
        for place in range(0, len(table), ENTRY):
            digest, lease, what, end, seen = struct.unpack_from(ENTRY_FORMAT, table, place)
            yield place, digest, lease, what, end, seen

    def _still_gets_in(self, lease: int, wanted: dict, now: "int | None", end: int) -> bool:
        """Of the credentials that were used one must still work; where none was used, all must."""
        left = {KNOWN: [], PROVED: []}
        for place in self._leases.anchors(lease):
            table = self._leases.table
            found = wanted.get(bytes(table[place : place + DIGEST]))
            works = found is not None and found.lease == lease and self._works(found, now, end)
            left[table[place + WHAT]].append(works)
        return any(left[PROVED]) if left[PROVED] else all(left[KNOWN])

    def _works(self, credential: "Credential", now: "int | None", end: int) -> bool:
        if credential.role != TENANT or credential.schedule or credential.uses:
            return False
        if credential.kind == CARD and not self._plain_uid:
            return False
        if credential.not_before and (now is None or credential.not_before > now):
            return False
        return not credential.not_after or 0 < end <= credential.not_after


async def approve(listed: "Listed", now: "int | None", register: "Register", plain_uid: bool) -> None:
    """Raise ListError where a list would lock somebody out of their home; else store who it lets in."""
    guard = Guard(register.leases, register.residents, plain_uid)
    reason = await guard.check(listed, now)
    if reason is not None:
        raise ListError(reason)
    await guard.note(listed, now)
