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
_IS_LEASE, _KNOWN, _PROVED, _LEFT = const(0), const(1), const(2), const(3)
_ENTRIES_MAX, _ANCHORS_MAX = const(96), const(4)
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
        table = self._file.load(_ENTRY)
        self._entries = [
            list(struct.unpack_from("<16sHHII", table, place)) for place in range(0, len(table), _ENTRY)
        ]
        self._changed = False

    def over(self, lease: int, now: "int | None") -> bool:
        """Whether its people have moved out, or it has ended by the clock and by the hours the lock lived."""
        entry = self._lease(lease)
        if entry is None:
            return False
        if entry[2] == _LEFT:
            return True
        end, seen = entry[3], entry[4]
        if not end or not seen or now is None or now < end:
            return False
        lived = self._numbers.get("lived") - int.from_bytes(entry[0][:4], "little")
        return lived * _HOUR * 8 >= (end - seen) * 7

    async def check(self, listed: "Listed", now: "int | None", residents: "Residents") -> "str | None":
        """Why a list cannot be taken, None if it can; listed() goes through its (digest, credential)."""
        wanted = {}  # digest: whether the list has it and it works
        for entry in self._entries:
            wanted[lease_digest(entry[1]) if entry[2] in (_IS_LEASE, _LEFT) else entry[0]] = None
        leases = {entry[1] for entry in self._entries}
        for count, (digest, credential) in enumerate(listed()):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if digest in wanted:
                wanted[digest] = credential
            if credential.role in (TENANT, LEASE):
                leases.add(credential.lease)
        if len(leases) * 3 > _ENTRIES_MAX:
            return TOO_MANY
        for entry in self._entries:
            lease, end = entry[1], entry[3]
            if entry[2] != _IS_LEASE or self.over(lease, now):
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
        anchors = [entry for entry in self._entries if entry[1] == lease and entry[2] in (_KNOWN, _PROVED)]
        for entry in anchors:
            if entry[0] == digest:
                self._changed = self._changed or entry[2] != _PROVED
                entry[2] = _PROVED
                return
        if self._lease(lease) is None:
            return
        if len(anchors) >= _ANCHORS_MAX:
            anchors[0][0] = digest
            anchors[0][2] = _PROVED
        elif len(self._entries) < _ENTRIES_MAX:
            self._entries.append([digest, lease, _PROVED, 0, 0])
        self._changed = True

    def move_out(self, lease: int) -> None:
        """The people of a lease have confirmed at the keypad that they leave. OSError: it is not kept."""
        entry = self._lease(lease)
        if entry is None:
            entry = [bytes(16), lease, _LEFT, 0, 0]
            self._entries.append(entry)
        entry[2] = _LEFT
        self._changed = True
        self._save()

    def save(self) -> None:
        """Keep what proved() has learned, and bring the second copy up to date. For when nobody is there."""
        try:
            self._save()
        except OSError:
            return  # it is tried again
        self._file.ensure_copy(self._packed())

    def _note(self, digest: bytes, credential: "Credential", now: "int | None") -> None:
        lease = credential.lease
        entry = self._lease(lease)
        if entry is None:
            if len(self._entries) >= _ENTRIES_MAX:
                return
            lived = self._numbers.get("lived")
            entry = [lived.to_bytes(4, "little") + bytes(12), lease, _IS_LEASE, 0, now or 0]
            self._entries.append(entry)
            self._changed = True
        if not entry[4] and now is not None:
            entry[0], entry[4] = self._numbers.get("lived").to_bytes(4, "little") + bytes(12), now
            self._changed = True
        if credential.role == LEASE:
            if credential.not_after > entry[3]:
                entry[3] = credential.not_after
                self._changed = True
            return
        anchors = [e for e in self._entries if e[1] == lease and e[2] in (_KNOWN, _PROVED)]
        if len(anchors) >= _ANCHORS_MAX or len(self._entries) >= _ENTRIES_MAX:
            return
        if not self._works(credential, now, entry[3]) or any(e[0] == digest for e in anchors):
            return
        if not any(e[2] == _PROVED for e in anchors):
            self._entries.append([bytes(digest), lease, _KNOWN, 0, 0])
            self._changed = True

    def _keeps_one(self, lease: int, wanted: dict, now: "int | None", end: int) -> bool:
        """Of those by which somebody came in one must stay; where none was used, all that are known."""
        left = {_KNOWN: [], _PROVED: []}
        for entry in self._entries:
            if entry[1] == lease and entry[2] in left:
                found = wanted.get(entry[0])
                works = found is not None and found.lease == lease and self._works(found, now, end)
                left[entry[2]].append(works)
        return any(left[_PROVED]) if left[_PROVED] else all(left[_KNOWN])

    def _works(self, credential: "Credential", now: "int | None", end: int) -> bool:
        if credential.role != TENANT or credential.schedule:
            return False
        if credential.kind == _CARD and not self._plain_uid:
            return False
        if credential.not_before and (now is None or credential.not_before > now):
            return False
        return not credential.not_after or 0 < end <= credential.not_after

    def _lease(self, lease: int) -> "list | None":
        for entry in self._entries:
            if entry[1] == lease and entry[2] in (_IS_LEASE, _LEFT):
                return entry
        return None

    def _packed(self) -> bytes:
        return b"".join([struct.pack("<16sHHII", *entry) for entry in self._entries])

    def _save(self) -> None:
        if self._changed:
            self._file.save(self._packed())
            self._changed = False
