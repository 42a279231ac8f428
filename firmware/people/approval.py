"""Approves a list that comes: judged by the lease guard, shown to who lives here, and its leases stored.

The code for each of these is loaded for itself.
"""

from loader import Loan
from log.entry import LIST_REFUSED, NOTE_SIZE, NOTED_WHAT
from people.entry import NOTICE
from roll.credentials import BadList

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.guard import Listed
    from people.leases import Leases
    from people.register import Register


async def approve(listed: "Listed", now: "int | None", signed: int, register: "Register") -> None:
    """Raise BadList where a list would take something from a running lease; else store its leases.

    `signed` is the time at which the list was signed, 0 where it could be wrong: a lock's clock that is ahead
    of it must not make a lease shorter. OSError: the flash is full.
    """
    late = _noticed(register)
    news = await _judge(listed, now, register, late)
    if news:  # before it is in force: nobody comes in unseen
        _announce(register, news)
        _spare(register, late)
    await _note(listed, min(signed, now or signed), register.leases)


def _noticed(register: "Register") -> "dict[int, list[bytes]]":
    """Leases where there is notice to what the list has, each with an empty list for what is new there."""
    if not any(NOTICE in whats for whats in register.residents.whats):
        return {}
    with Loan():
        from people.voids import noticed

        return noticed(register.residents)


def _spare(register: "Register", late: "dict[int, list[bytes]]") -> None:
    """Note what came after notice was given: it is not void with the rest."""
    if any(late.values()):
        with Loan():
            from people.voids import spare

            spare(register, late)


async def _judge(
    listed: "Listed", now: "int | None", register: "Register", late: "dict[int, list[bytes]]"
) -> "set[int]":
    """The leases to which a list lets somebody new in. What these get goes into `late`, if they are in it.

    Raises BadList.
    """
    async with Loan():
        from people.guard import TOO_MANY, Guard

        guard = Guard(register.leases, late)
        reason = await guard.check(listed, register.credentials.each, now)
        if reason is None:
            return guard.news
        noted = register.noted  # in this hour
        before = [noted[place] for place in range(NOTED_WHAT, len(noted), NOTE_SIZE)]
        if reason != TOO_MANY and LIST_REFUSED not in before:
            register.note(LIST_REFUSED)
        raise BadList(reason)


def _announce(register: "Register", leases: "set[int]") -> None:
    """Have everybody shown that something new opens."""
    with Loan():
        from people.notices import renew

        renew(register, leases)


async def _note(listed: "Listed", heard: int, leases: "Leases") -> None:
    async with Loan():
        from people.ledger import Ledger

        await Ledger(leases).note(listed, heard)
