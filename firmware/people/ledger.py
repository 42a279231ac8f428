"""Keeps the table of leases: what a list says of them, which have begun, are over, and may go."""

import asyncio
import struct

from micropython import const

from people.leases import (
    BEGUN,
    ENTRIES_MAX,
    ENTRY,
    ENTRY_FORMAT,
    FIRST,
    FLAGS,
    GIVEN_UP,
    OVER,
    RUNNING,
    STATED,
    WHAT,
)
from people.terms import each
from roll.record import LEASE, MOVE_IN, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterator

    from people.leases import Leases
    from people.register import Register
    from roll.record import Credential

    Listed = Callable[[], Iterator[tuple[bytes, Credential]]]

_HOUR = const(3600)
_SLICE = const(16)  # credentials looked at before others get their turn


class Ledger:
    """The table of leases, while it is brought up to date."""

    def __init__(self, leases: "Leases") -> None:
        self._leases = leases

    async def note(self, listed: "Listed", heard: int) -> None:
        """Store the leases of a list, and their ends. Nothing goes, and no end moves earlier than was agreed.

        `heard` is when the list came, seconds since 1970, 0 where nobody is sure. OSError: the flash is full.
        """
        await asyncio.sleep_ms(0)  # what has loaded this is a step
        for count, (_, credential) in enumerate(listed()):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if credential.role in (LEASE, TENANT, MOVE_IN):
                self._note(credential, heard)
        await asyncio.sleep_ms(0)
        self._leases.save()

    async def forget(self, listed: "Listed") -> None:
        """Drop the leases that are over and of which a list says nothing. OSError: the flash is full."""
        named = set()
        for count, (_, credential) in enumerate(listed()):
            if count % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if credential.role in (LEASE, TENANT, MOVE_IN):
                named.add(credential.lease)
        table = self._leases.table
        kept = bytearray()
        for place, entry in enumerate(each(self._leases)):
            if entry[5] in named or entry[6] != OVER or entry[2] & GIVEN_UP:
                kept.extend(table[place * ENTRY : (place + 1) * ENTRY])
        if len(kept) != len(table):
            self._leases.table, self._leases.changed = kept, True
            self._leases.save()

    def settle(self, now: "int | None", heard: int = 0) -> "list[int]":
        """Store which leases have begun, and which are over by now; the result is all of these.

        `heard` is the time where two sources agree on it, else 0. From it, and from the hours since, follows
        when the lock first heard of a lease, if nobody was sure then, or if that time would still be to come.
        OSError: the flash is full.
        """
        leases, over = self._leases, []
        for place, (lived, start, flags, _, _, lease, _, _, first) in enumerate(each(self._leases)):
            if leases.over(lease, now):
                over.append(lease)
                self._set(place * ENTRY + WHAT, OVER)
            elif flags & STATED and now is not None and now >= start:
                self._set(place * ENTRY + FLAGS, flags | BEGUN)
            if heard and not 0 < first <= heard:
                since = heard - (leases.lived() - lived) * _HOUR
                struct.pack_into("<I", leases.table, place * ENTRY + FIRST, max(since, 1))
                leases.changed = True
        leases.save()
        return over

    def _note(self, credential: "Credential", heard: int) -> None:
        lease, leases = credential.lease, self._leases
        place = leases.place(lease)
        if place < 0:
            place = self._add(lease, heard)
            if place < 0:
                return
        lived, start, flags, agreed, due, _, what, end, first = struct.unpack_from(
            ENTRY_FORMAT, leases.table, place
        )
        if credential.role == LEASE and flags & STATED and not 0 < agreed <= credential.not_after:
            end = end and credential.not_after and max(end, credential.not_after)
        elif credential.role == LEASE:
            start = start if flags & STATED else credential.not_before
            end, flags = credential.not_after, flags | STATED
        if not first and not start and heard:
            first, lived = heard, leases.lived()  # from now on the hours count
        entry = struct.pack(ENTRY_FORMAT, lived, start, flags, agreed, due, lease, what, end, first)
        if entry != leases.table[place : place + ENTRY]:
            leases.table[place : place + ENTRY] = entry
            leases.changed = True

    def _add(self, lease: int, heard: int) -> int:
        """The place of a new entry; -1 where the table is full."""
        leases = self._leases
        place = len(leases.table)
        if place >= ENTRIES_MAX * ENTRY:
            return -1
        leases.table.extend(struct.pack(ENTRY_FORMAT, leases.lived(), 0, 0, 0, 0, lease, RUNNING, 0, heard))
        leases.changed = True
        return place

    def _set(self, place: int, value: int) -> None:
        if self._leases.table[place] != value:
            self._leases.table[place] = value
            self._leases.changed = True


async def settle(register: "Register", now: "int | None", is_sure: bool = True) -> "list[int]":
    """Learn the leases of the list in force, and store which are over by now: these. OSError: flash full.

    `is_sure`: two sources agree on the time.
    """
    heard = now or 0 if is_sure else 0
    ledger = Ledger(register.leases)
    await ledger.note(register.credentials.each, heard)
    return ledger.settle(now, heard)
