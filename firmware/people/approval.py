"""Approves a list that comes: judged by the lease guard, shown to who lives here, and its leases stored.

The code of each of the three is loaded for itself.
"""

from loader import Loan
from log.entry import LIST_REFUSED, NOTE_SIZE, NOTED_WHAT
from roll.credentials import ListError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.guard import Listed
    from people.leases import Leases
    from people.register import Register


async def approve(listed: "Listed", now: "int | None", signed: int, register: "Register") -> None:
    """Raise ListError where a list would take something from a running lease; else store its leases.

    `signed` is the time at which the list was signed, 0 where it could be wrong: a clock that is ahead of
    that must not make a lease shorter. OSError: the flash is full.
    """
    news = await _judge(listed, now, register)
    if news:  # before it is in force: nobody comes in unseen
        _announce(register, news)
    await _note(listed, min(signed, now or signed), register.leases)


async def _judge(listed: "Listed", now: "int | None", register: "Register") -> "set[int]":
    """The leases to which a list lets somebody new in. Raises ListError."""
    async with Loan():
        from people.guard import TOO_MANY, Guard

        guard = Guard(register.leases)
        reason = await guard.check(listed, register.credentials.each, now)
        if reason is None:
            return guard.news
        noted = register.noted  # in this hour
        before = [noted[place] for place in range(NOTED_WHAT, len(noted), NOTE_SIZE)]
        if reason != TOO_MANY and LIST_REFUSED not in before:
            register.note(LIST_REFUSED)
        raise ListError(reason)


def _announce(register: "Register", leases: "set[int]") -> None:
    """Have everybody shown that something new opens."""
    with Loan():
        from people.notices import renew

        renew(register, leases)


async def _note(listed: "Listed", heard: int, leases: "Leases") -> None:
    async with Loan():
        from people.ledger import Ledger

        await Ledger(leases).note(listed, heard)
