"""Has what residents decided take effect: a lease that was given up ends, or may end earlier; cards go.

Nothing of it depends on the clock: days are those of the lock's own life, by its hours under power.
"""

import asyncio

from micropython import const

from loader import Loan
from people.cards import Cards
from people.entry import AGREES, CARDS_GO, NOTICE
from people.leases import CONFIRMED, DUE, ENTRY, FLAGS, GIVEN_UP, OVER, WHAT
from people.terms import each
from people.voids import Voids, deadline
from roll.record import PIN, TENANT

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Collection

    from people.leases import Leases
    from people.register import Register

    Tell = Callable[[int, str, int], bool]

_SLICE = const(16)  # credentials looked at before others get their turn
_DAY_H = const(24)
_MOST = const(32)  # credentials of a list that are looked at together


def day(leases: "Leases") -> int:
    """The day of the lock's life."""
    return leases.lived() // _DAY_H


def give_up(leases: "Leases", lease: int) -> None:
    """The last resident moves out: the lease ends a day later, as a day begins, unless somebody lives there.

    OSError: the flash is full.
    """
    _set_due(leases, lease, day(leases) + 2)


async def settle(register: "Register", tell: "Tell") -> None:
    """Do what is due. tell(lease, what, end) tells the operator, and says whether it has.

    OSError: the flash is full; ValueError: the list was replaced meanwhile.
    """
    leases, residents = register.leases, register.residents
    left = [entry[5] for entry in each(leases) if entry[4]]
    carded = [whose & 0xFFFF for whose, _ in residents.keys(CARDS_GO)]
    void = [one for one in residents.keys(NOTICE) if deadline(one[1]) <= leases.lived()]
    if register.credentials.whole:
        if left or carded or void:
            await _end_what_is_due(register, left, carded, void)
        if leases.lived() % _DAY_H == 0:
            await _count_consent(register)
    _tell(leases, tell)
    leases.save()


async def _end_what_is_due(
    register: "Register", left: "list[int]", carded: "list[int]", void: "list[tuple[int, bytes]]"
) -> None:
    """Leases that were left, leases whose cards go, and the notices that are over, as keys() gives them.

    Lease by lease, and of each no more than there is memory for: a list may have any number of cards for one.
    """
    for whose, notice in void:
        changes, number = Voids(register, whose & 0xFFFF), whose >> 16
        listed = [] if number else await _listed(register, changes.lease, changes.staying())
        if (whose, notice) in register.residents.keys(NOTICE):  # or it went with another's
            Cards(register, changes.lease).withdraw_all([digest for _, digest in listed])
            if len(listed) == _MOST:
                register.residents.to_do = True  # what is left of them: in a second
            elif changes.expire(number) and changes.lease in left:
                _set_due(register.leases, changes.lease, 0)  # somebody lives there by a card
                left.remove(changes.lease)
    for lease in carded:
        _withdraw_cards(register, lease, await _listed(register, lease))
    for lease in left:
        _end(register, lease, await _listed(register, lease))


async def _count_consent(register: "Register") -> None:
    """Note what all residents of a lease agree to, as a day begins, so that no hour of the day shows in it.

    Whoever has nothing but a PIN or card of the list could not be asked.
    """
    agreeing = {entry[5] for entry in each(register.leases) if entry[3]}
    agreeing.update([whose & 0xFFFF for whose, _ in register.residents.keys(AGREES)])
    for lease in agreeing:
        await _count(register, lease, bool(await _listed(register, lease)))


async def _count(register: "Register", lease: int, is_listed: bool) -> None:
    async with Loan():
        from people.consent import Consent

        Consent(register, lease).count(is_listed)


def _tell(leases: "Leases", tell: "Tell") -> None:
    """Tell the operator what they have not been told yet."""
    for place, entry in enumerate(each(leases)):
        for flag, what, end in ((GIVEN_UP, "given up", 0), (CONFIRMED, "end confirmed", entry[3])):
            if entry[2] & flag and tell(entry[5], what, end):
                leases.table[place * ENTRY + FLAGS] &= ~flag
                leases.changed = True


async def _listed(
    register: "Register", lease: int, staying: "Collection[bytes]" = ()
) -> "list[tuple[int, bytes]]":
    """Kind and digest of a tenant's credentials of this lease that open and are no known resident's.

    At most _MOST of them, a PIN among them if there is one. Without those that are `staying`.
    """
    found: "list[tuple[int, bytes]]" = []
    for count, (digest, credential) in enumerate(register.credentials.each()):
        if count % _SLICE == 0:
            await asyncio.sleep_ms(0)
        if (
            credential.role == TENANT
            and credential.lease == lease
            and register.residents.entry(digest) is None
        ):
            one = credential.kind, bytes(digest)
            if one[1] in staying:
                continue
            if len(found) < _MOST:
                found.append(one)
            elif one[0] == PIN:
                found[0] = one
    return found


def _withdraw_cards(register: "Register", lease: int, listed: "list[tuple[int, bytes]]") -> None:
    """Withdraw the list's cards, unless somebody else lives there."""
    changes = Cards(register, lease)
    if len(changes.people()) == 1 and not _has_pin(listed):
        changes.withdraw_all([digest for _, digest in listed])
        if len(listed) == _MOST:
            register.residents.to_do = True  # what is left of them: in a second
            return
    changes.cards_gone()


def _end(register: "Register", lease: int, listed: "list[tuple[int, bytes]]") -> None:
    """End a lease that was left, once that is due and nobody has a way in."""
    leases = register.leases
    if Cards(register, lease).people() or _has_pin(listed):
        _set_due(leases, lease, 0)
        return
    if listed:
        Voids(register, lease).give_to_cards(leases.lived())
        return
    place = leases.place(lease)
    if day(leases) >= int.from_bytes(leases.table[place + DUE : place + DUE + 2], "little"):
        leases.table[place + WHAT] = OVER
        leases.table[place + FLAGS] |= GIVEN_UP
        _set_due(leases, lease, 0)


def _has_pin(listed: "list[tuple[int, bytes]]") -> bool:
    return any(kind == PIN for kind, _ in listed)


def _set_due(leases: "Leases", lease: int, due: int) -> None:
    place = leases.place(lease)
    if place >= 0:
        leases.table[place + DUE : place + DUE + 2] = due.to_bytes(2, "little")
        leases.changed = True
        leases.save()
