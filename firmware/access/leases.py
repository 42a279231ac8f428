"""The lease guard: nobody is locked out of their home by a list, however well it is signed.

Kept of every lease: when it ends, and by which credentials its people get in. A list is refused that would
take from a running lease the last of those by which a door was opened, or any while none was used yet.
"""

import asyncio
import struct
from hashlib import sha256

from micropython import const

from access.decide import TENANT
from access.residents import Sealed

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from access.credentials import Credential
    from access.residents import Residents
    from storage.nvs import Numbers

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

PATH = "/access/leases"
LEASE = const(4)  # the role of the record that states a lease: not_after is its end
LOCKED_OUT, SHORTENED, TOO_MANY = "lease locked out", "lease shortened", "too many leases"
_CARD = const(2)
_ENTRY = const(
    28
)  # "<16sHHII": digest, lease, what, end, first seen; of a lease: hours lived before, in front
_IS_LEASE = const(0)
_KNOWN = const(1)
_PROVED = const(2)
_LEFT = const(3)
# places in an entry
_WHAT = const(18)
_END = const(20)
_SEEN = const(24)
_ENTRIES_MAX = const(96)
_ANCHORS_MAX = const(4)
_HOUR = const(3600)
_SLICE = const(16)  # credentials looked at before others get their turn


def lease_digest(lease: int) -> bytes:
    """Where the record that states a lease stands in a list."""
    return sha256(b"menshen lease v1" + struct.pack("<H", lease)).digest()[:16]


class Leases:
    """`numbers` keeps how many hours the lock has lived: a clock that was set forward ends no lease."""

    def __init__(self, key: bytes, numbers: "Numbers", plain_uid: bool) -> None:
        self._file = Sealed(key, b"menshen leases v1", PATH)
        self._numbers, self._plain_uid = numbers, plain_uid
        self._table = self._file.load(_ENTRY)
        self._changed = False

    def over(self, lease: int, now: "int | None") -> bool:
        """Whether its people have moved out, or it has ended by the clock and by the hours the lock lived."""
        entry = self._lease(lease)
        if entry is None:
            return False
        _, digest, _, what, end, seen = entry
        if what == _LEFT:
            return True
        if not end or not seen or now is None or now < end:
            return False
        lived = self._numbers.get("lived") - struct.unpack("<I", digest[:4])[0]
        return lived * _HOUR * 8 >= (end - seen) * 7

    async def check(self, listed: "Listed", now: "int | None", residents: "Residents") -> "str | None":
        """Why a list cannot be taken, None if it can; listed() goes through its (digest, credential)."""
        wanted = {}  # digest: what the list has there
        leases = set()
        for _, digest, lease, what, _, _ in self._each():
            wanted[digest if what in (_KNOWN, _PROVED) else lease_digest(lease)] = None
            leases.add(lease)
        for count, (digest, credential) in enumerate(listed()):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if digest in wanted:
                wanted[digest] = credential
            if credential.role in (TENANT, LEASE):
                leases.add(credential.lease)
                if len(leases) * 3 > _ENTRIES_MAX:
                    return TOO_MANY
        for _, _, lease, what, end, _ in self._each():
            if what != _IS_LEASE or self.over(lease, now):
                continue
            stated = wanted.get(lease_digest(lease))
            if end and (stated is None or stated.role != LEASE or stated.lease != lease):
                return SHORTENED
            if end and stated is not None and 0 < stated.not_after < end:
                return SHORTENED
            if not residents.has(lease, self._plain_uid) and not self._keeps_one(lease, wanted, now, end):
                return LOCKED_OUT
        return None

    async def note(self, listed: "Listed", now: "int | None") -> None:
        """Remember the leases of a list, their ends, and who gets in. It adds and extends, never less.

        To be called before the list is taken; OSError: it could not be kept.
        """
        for role in (LEASE, TENANT):  # a tenant's credential works if it lasts until the lease's end
            for count, (digest, credential) in enumerate(listed()):
                if count % _SLICE == 0:
                    await asyncio.sleep_ms(0)
                if credential.role == role:
                    self._note(digest, credential, now)
        self._save()

    def proved(self, lease: int, digest: bytes, now: "int | None") -> None:
        """Somebody of this lease has got in by a credential of the list; save() keeps that."""
        anchors = self._anchors(lease)
        for place, known, _, what, _, _ in anchors:
            if known == digest:
                self._changed = self._changed or what != _PROVED
                self._table[place + _WHAT] = _PROVED
                return
        if self._lease(lease) is None:
            return
        if len(anchors) >= _ANCHORS_MAX:
            place = anchors[0][0]
            self._table[place : place + _WHAT] = digest + struct.pack("<H", lease)
            self._table[place + _WHAT] = _PROVED
            self._changed = True
        else:
            self._add(digest, lease, _PROVED)

    def move_out(self, lease: int) -> None:
        """The people of a lease have confirmed at the keypad that they leave. OSError: it is not kept."""
        entry = self._lease(lease)
        if entry is None:
            self._add(bytes(_WHAT - 2), lease, _LEFT)
        else:
            self._table[entry[0] + _WHAT] = _LEFT
        self._changed = True
        self._save()

    def save(self) -> None:
        """Keep what proved() has learned, and bring the second copy up to date. For when nobody is there."""
        try:
            self._save()
        except OSError:
            return  # it is tried again
        self._file.ensure_copy(self._table)

    def _note(self, digest: bytes, credential: "Credential", now: "int | None") -> None:
        lease, table = credential.lease, self._table
        entry = self._lease(lease)
        if entry is None:
            if not self._add(self._lived(), lease, _IS_LEASE, 0, now or 0):
                return
        elif not entry[5] and now is not None:  # from now on the hours count
            table[entry[0] : entry[0] + _WHAT - 2] = self._lived()
            struct.pack_into("<I", table, entry[0] + _SEEN, now)
            self._changed = True
        place, _, _, _, end, _ = self._lease(lease)  # pyright: ignore[reportGeneralTypeIssues]
        if credential.role == LEASE:
            if credential.not_after > end:
                struct.pack_into("<I", table, place + _END, credential.not_after)
                self._changed = True
            return
        anchors = self._anchors(lease)
        if len(anchors) >= _ANCHORS_MAX or not self._works(credential, now, end):
            return
        if not any(known == digest or what == _PROVED for _, known, _, what, _, _ in anchors):
            self._add(digest, lease, _KNOWN)

    def _lived(self) -> bytes:
        return struct.pack("<I", self._numbers.get("lived")) + bytes(12)

    def _add(self, digest: bytes, lease: int, what: int, end: int = 0, seen: int = 0) -> bool:
        """Add an entry; False where the table is full."""
        if len(self._table) >= _ENTRIES_MAX * _ENTRY:
            return False
        self._table.extend(struct.pack("<16sHHII", digest, lease, what, end, seen))
        self._changed = True
        return True

    def _each(self) -> "Iterator[tuple[int, bytes, int, int, int, int]]":
        """Place, digest, lease, what, end and first seen of all entries."""
        for place in range(0, len(self._table), _ENTRY):
            digest, lease, what, end, seen = struct.unpack_from("<16sHHII", self._table, place)
            yield place, digest, lease, what, end, seen

    def _anchors(self, lease: int) -> "list[tuple]":
        return [entry for entry in self._each() if entry[2] == lease and entry[3] in (_KNOWN, _PROVED)]

    def _keeps_one(self, lease: int, wanted: dict, now: "int | None", end: int) -> bool:
        """Of those by which somebody came in one must stay; where none was used, all that are known."""
        left = {_KNOWN: [], _PROVED: []}
        for _, digest, _, what, _, _ in self._anchors(lease):
            found = wanted.get(digest)
            works = found is not None and found.lease == lease and self._works(found, now, end)
            left[what].append(works)
        return any(left[_PROVED]) if left[_PROVED] else all(left[_KNOWN])

    def _works(self, credential: "Credential", now: "int | None", end: int) -> bool:
        if credential.role != TENANT or credential.schedule:
            return False
        if credential.kind == _CARD and not self._plain_uid:
            return False
        if credential.not_before and (now is None or credential.not_before > now):
            return False
        return not credential.not_after or 0 < end <= credential.not_after

    def _lease(self, lease: int) -> "tuple | None":
        for entry in self._each():
            if entry[2] == lease and entry[3] in (_IS_LEASE, _LEFT):
                return entry
        return None

    def _save(self) -> None:
        if self._changed:
            self._file.save(self._table)
            self._changed = False
