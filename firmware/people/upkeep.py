"""Looks after what the lock knows of its people: what has ended goes, and no table grows with the years."""

import asyncio

from loader import Loan
from people.entry import AGREES, CARDS_GO, NOTICE, OLD
from people.leases import AGREED, CONFIRMED, DUE, ENTRY, FLAGS, GIVEN_UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from people.register import Register

    Tell = Callable[[int, str, int], bool]


async def tend(register: "Register", now: "int | None", tell: "Tell", on_trial: bool = False) -> None:
    """Learn the leases of the list in force, store which are over, and remove what belonged to those.

    To be called after a start, after a new list, and every hour. tell(lease, what, end) tells the operator
    what residents have decided, once that is due, and says whether it has. `on_trial`: the release before may
    come back. OSError: the flash is full.
    """
    residents = register.residents
    if residents.paths[OLD] and register.credentials.whole and not on_trial:
        await _migrate(register)
    if not residents.paths[OLD] and _is_decided(register):
        await _decide(register, tell)
    over = await _settle(register, now)
    if any(residents.firsts) and not residents.paths[OLD]:
        await _clear(register, over)
    if over and register.credentials.whole:  # once nothing of theirs is left
        await _forget(register)


def _is_decided(register: "Register") -> bool:
    """Whether there is something that residents have decided."""
    table = register.leases.table
    for place in range(0, len(table), ENTRY):
        if any(table[place + AGREED : place + DUE + 2]) or table[place + FLAGS] & (GIVEN_UP | CONFIRMED):
            return True
    return any(AGREES in whats or CARDS_GO in whats or NOTICE in whats for whats in register.residents.whats)


async def _migrate(register: "Register") -> None:
    async with Loan():
        from people.migration import migrate

        await migrate(register)


async def _decide(register: "Register", tell: "Tell") -> None:
    async with Loan():
        from people.decisions import settle

        await settle(register, tell)


async def _settle(register: "Register", now: "int | None") -> "list[int]":
    """Learn the leases of the list in force; those that are over."""
    async with Loan():
        from people.ledger import Ledger

        ledger = Ledger(register.leases)
        await ledger.note(register.credentials.each, now or 0)
        return ledger.settle(now)


async def _clear(register: "Register", over: "list[int]") -> None:
    """Remove what belonged to leases that are over, and credentials withdrawn that the list no longer has."""
    async with Loan():
        from people.changes import Changes
        from people.tidying import forget_withdrawn

        for lease in over:
            Changes(register, lease).clear()
            await asyncio.sleep_ms(0)
        if register.credentials.whole:  # an older list that stands in says nothing of what may be forgotten
            forget_withdrawn(register.residents, register.credentials.find)


async def _forget(register: "Register") -> None:
    """Drop the leases that are over and of which the list says nothing."""
    async with Loan():
        from people.ledger import Ledger

        await Ledger(register.leases).forget(register.credentials.each)
