"""Looks after counts, leases and logs, step by step: when the list has changed, and each hour.

What has ended is removed, so that no table grows for ever. Each step's code is loaded for itself.
"""

import asyncio

import console
from loader import Loan
from people.entry import AGREES, CARDS_GO, NOTICE, OLD
from people.leases import AGREED, CONFIRMED, DUE, ENTRY, FLAGS, GIVEN_UP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.clock import Clock
    from people.register import Register
    from storage.nvs import Numbers

    Tell = Callable[[int, str, int], bool]


async def tend(
    register: "Register",
    numbers: "Numbers",
    clock: "Clock",
    decided: "Tell",
    on_trial: bool,
    hour_over: bool,
) -> None:
    """`decided` is that of reports/reports.py; `on_trial` says whether the release may still go back."""
    await _forget_uses(numbers, register)
    try:
        await carry_out(register, decided, on_trial)
        await clear(register, await _settle(register, clock))
    except (OSError, ValueError):  # or the list is replaced meanwhile: the next hour tries again
        console.error("housekeeping", "leases are not tidied")
    if hour_over:
        await _move_logs_on(register)


async def _forget_uses(numbers: "Numbers", register: "Register") -> None:
    async with Loan():
        from access.uses import forget

        await forget(numbers, register.credentials)


async def _settle(register: "Register", clock: "Clock") -> "list[int]":
    async with Loan():
        from people.ledger import settle

        return await settle(register, clock.now(), clock.trust == "signed")


async def _move_logs_on(register: "Register") -> None:
    """The logs of residents move on with the hour, whether there are any or not."""
    async with Loan():
        from people.logs import move_on

        move_on(register)


async def carry_out(register: "Register", tell: "Tell", on_trial: bool = False) -> None:
    """Have what residents have decided take effect where that is due; before that, take over 0.1.0's table.

    tell(lease, what, end) tells the operator, and returns whether it has. `on_trial`: the release before may
    still come back. OSError: the flash is full.
    """
    residents = register.residents
    if residents.paths[OLD] and register.credentials.whole and not on_trial:
        await _migrate(register)
    if not residents.paths[OLD] and _is_decided(register):
        await _decide(register, tell)


async def clear(register: "Register", over: "list[int]") -> None:
    """Remove what belonged to leases that are over, as ledger.settle() says. OSError: the flash is full."""
    if any(register.residents.firsts) and not register.residents.paths[OLD]:
        await _clear(register, over)
    if over and register.credentials.whole:  # once nothing of theirs is left
        await _forget(register)


def _is_decided(register: "Register") -> bool:
    """Whether residents have decided something."""
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
