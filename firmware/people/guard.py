"""The lease guard: until a lease ends a list may add to it and extend it, and may take nothing from it.

What residents do changes none of its answers, so the answers tell nothing about them. The exception is an
earlier end to which all of them agree, and of that the operator is told.
"""

import asyncio

from micropython import const

from people.entry import WITHDRAWN_MAX
from people.leases import ENTRIES_MAX, ENTRY
from people.terms import each, lease_digest
from roll.record import CARD, DIGEST, HOUSE_KEY, LEASE, MOVE_IN, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from people.leases import Leases
    from roll.record import Credential

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

LOCKED_OUT, SHORTENED, TOO_MANY = "lease locked out", "lease shortened", "too many leases"
LEASES_MAX = const(32)
_SLICE = const(4)  # credentials looked at before others get their turn
_END = (b"\xff" * (DIGEST + 1), None)  # behind every digest
_NO_RECORD = const(-1)


class Guard:
    """Judges one list; `news` are the leases to which it lets somebody new in.

    `late` has some leases, and collects what is new for their tenants, up to one more than there are places.
    """

    def __init__(self, leases: "Leases", late: "dict[int, list[bytes]] | None" = None) -> None:
        self._leases, self._now, self._late = leases, None, late or {}
        self._ends = {}  # lease: its end by the new list, or _NO_RECORD
        self._held, self._given = set(), set()  # leases with a move-in code before, and now
        self._used, self._lost = set(), set()  # references of house keys: of tenants' cards, and changed
        self.news: set[int] = set()

    async def check(self, listed: "Listed", in_force: "Listed", now: "int | None") -> "str | None":
        """Why the list is refused, None if it is not; both give their (digest, credential) in order."""
        self._now, held = now, in_force()
        await asyncio.sleep_ms(0)  # each of the two loads code
        for count, (digest, old, new) in enumerate(_pairs(held, listed())):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            reason = (new and self._see(digest, old, new)) or self._miss(old, new)
            if reason is not None:
                return reason
        await asyncio.sleep_ms(0)
        return self._result()

    def _see(self, digest: bytes, old: "Credential | None", new: "Credential") -> "str | None":
        """Why the list is refused for what it has at one digest."""
        if new.role not in (TENANT, MOVE_IN, LEASE):
            return None
        stated = new.role == LEASE and digest == lease_digest(new.lease)
        if new.role == LEASE and not stated:
            return SHORTENED  # the ledger would take its end, of which nothing was judged
        if stated or new.lease not in self._ends:
            self._ends[new.lease] = new.not_after if stated else _NO_RECORD
            if self._too_many():
                return TOO_MANY
        if new.role == MOVE_IN:
            self._given.add(new.lease)
        if not _is_as(old, new):
            self.news.add(new.lease)
            late = self._late.get(new.lease) if new.role == TENANT else None
            if late is not None and len(late) <= WITHDRAWN_MAX:
                late.append(bytes(digest))
        return None

    def _miss(self, old: "Credential | None", new: "Credential | None") -> "str | None":
        """Why the list is refused for what it has no longer at one digest."""
        if old is not None and old.role == HOUSE_KEY and not (new and _is_half(old, new)):
            self._lost.add(old.key_ref)
        if old is None or old.role not in (TENANT, MOVE_IN) or self._leases.over(old.lease, self._now):
            return None
        if old.role == MOVE_IN:
            self._held.add(old.lease)
            return None
        if old.kind == CARD:
            self._used.add(old.key_ref)
        return None if new is not None and _is_as_strong(old, new) else LOCKED_OUT

    def _result(self) -> "str | None":
        """Why the list is refused for what only the whole of it shows."""
        for _, _, _, agreed, _, lease, _, end, _ in each(self._leases):
            stated = self._ends.get(lease, _NO_RECORD)
            shorter = stated > 0 and (not end or stated < end) and not 0 < agreed <= stated
            if (shorter or (end and stated == _NO_RECORD)) and not self._leases.over(lease, self._now):
                return SHORTENED
        return LOCKED_OUT if self._held - self._given or self._used & self._lost else None

    def _too_many(self) -> bool:
        """Whether there would be too many leases that are not over, or no place for one in the table.

        A lease that is not in the table would have no end that a later list could not move.
        """
        if len(self._ends) + len(self._leases.table) // ENTRY <= LEASES_MAX:
            return False
        leases = {entry[5] for entry in each(self._leases)}
        leases.update(self._ends)
        if len(leases) > ENTRIES_MAX:
            return True
        return len([one for one in leases if not self._leases.over(one, self._now)]) > LEASES_MAX


def _pairs(
    in_force: "Iterator[tuple[bytes, Credential]]", listed: "Iterator[tuple[bytes, Credential]]"
) -> "Iterator[tuple[bytes, Credential | None, Credential | None]]":
    """Of each digest, in order: what the list in force has there, and what the new one has."""
    (held, old), (digest, new) = next(in_force, _END), next(listed, _END)
    while old is not None or new is not None:
        if held < digest:
            yield held, old, None
            held, old = next(in_force, _END)
        elif digest < held:
            yield digest, None, new
            digest, new = next(listed, _END)
        else:
            yield digest, old, new
            (held, old), (digest, new) = next(in_force, _END), next(listed, _END)


def _is_as(old: "Credential | None", new: "Credential") -> bool:
    """Whether a record is for the same as the one before."""
    return old is not None and (old.role, old.kind, old.lease) == (new.role, new.kind, new.lease)


def _is_half(old: "Credential", new: "Credential") -> bool:
    """Whether a half of a wrapped house key is the same as before."""
    return (old.role, old.not_before, old.not_after) == (new.role, new.not_before, new.not_after)


def _is_as_strong(old: "Credential", new: "Credential") -> bool:
    """Whether a tenant's credential differs in nothing but a later end, or an earlier beginning."""
    if not _is_as(old, new) or (old.schedule, old.uses, old.key_ref) != (new.schedule, new.uses, new.key_ref):
        return False
    if new.not_before > old.not_before:
        return False
    return not new.not_after or 0 < old.not_after <= new.not_after
