"""Looks after counts, leases and logs, step by step: when the list has changed, and each hour.

While the longest step goes through the list, the code of no other step is loaded.
"""

import console
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from people.register import Register
    from people.upkeep import Tell
    from storage.nvs import Numbers


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
        await _carry_out(register, decided, on_trial)
        await _clear(register, await _settle(register, clock))
    except (OSError, ValueError):  # or the list is replaced meanwhile: the next hour tries again
        console.error("housekeeping", "leases not tidied: again in an hour")
    if hour_over:
        await _move_logs_on(register)


async def _forget_uses(numbers: "Numbers", register: "Register") -> None:
    async with Loan():
        from access.uses import Uses

        await Uses(numbers).forget(register.credentials)


async def _carry_out(register: "Register", decided: "Tell", on_trial: bool) -> None:
    async with Loan():
        from people.upkeep import carry_out

        await carry_out(register, decided, on_trial)


async def _settle(register: "Register", clock: "Clock") -> "list[int]":
    async with Loan():
        from people.ledger import settle

        return await settle(register, clock.now(), clock.trust == "signed")


async def _clear(register: "Register", over: "list[int]") -> None:
    async with Loan():
        from people.upkeep import clear

        await clear(register, over)


async def _move_logs_on(register: "Register") -> None:
    """The logs of residents move on with the hour, whether there are any or not."""
    async with Loan():
        from people.logs import move_on

        move_on(register)
