"""Looks after what the lock knows of its people: what has ended goes, and no table grows with the years."""

import asyncio

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.register import Register


async def tend(register: "Register", now: "int | None") -> None:
    """Learn the leases of the list in force, store which are over, and remove what belonged to those.

    To be called after a start, after a new list, and every hour. OSError: the flash is full.
    """
    over = await _settle(register, now)
    if register.residents.table:
        await _clear(register, over)
    if over and register.credentials.whole:  # once nothing of theirs is left
        await _forget(register)


async def _settle(register: "Register", now: "int | None") -> "list[int]":
    """Learn the leases of the list in force; those that are over."""
    async with Loan():
        from people.guard import Guard

        guard = Guard(register.leases)
        await guard.note(register.credentials.each, now or 0)
        return guard.settle(now)


async def _clear(register: "Register", over: "list[int]") -> None:
    """Remove what belonged to leases that are over, and credentials withdrawn that the list no longer has."""
    async with Loan():
        from people.changes import Changes

        changes = Changes(register.residents)
        for lease in over:
            changes.clear(lease)
            await asyncio.sleep_ms(0)
        if register.credentials.whole:  # an older list that stands in says nothing of what may be forgotten
            changes.forget_withdrawn(register.credentials.find)


async def _forget(register: "Register") -> None:
    """Drop the leases that are over and of which the list says nothing."""
    async with Loan():
        from people.guard import Guard

        await Guard(register.leases).forget(register.credentials.each)
