"""Shows those who live here that something new opens this door as they do: each at their next entry, once.

In NVS (storage/names.py): of each scope (a lease where the door is a house's, else the lock) in which there
was something new, a mark that says so, and one for everybody who has been shown it. A mark is the scope u16
and four bytes: zeros, or who it is.
"""

from micropython import const

import console
from loader import Loan
from log.entry import NEW_WAY
from people.entry import NOTICE, SHELVES, TOLD, NoPlace
from storage.names import NEW_WAYS, NEW_WAYS_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable
    from typing import Protocol

    from people.register import Register

    class Comer(Protocol):
        """Who comes in by a PIN or card of their own, or by a phone: a verdict of access/gate.py."""

        lease: int
        number: int
        digest: bytes


GRANTED = "granted"  # signals
NEW_WAY_IN = "new way in"
NOTICED = "notice"
_MARK = const(6)


def renew(register: "Register", leases: "Iterable[int]") -> None:
    """Something was added to these leases that opens this door. OSError: NVS is full."""
    numbers, scopes = register.leases.numbers, {_scope(register, lease) for lease in leases}
    if scopes:
        old = numbers.blob(NEW_WAYS, NEW_WAYS_MAX)
        kept = [
            mark for mark in numbers.split(old, _MARK) if int.from_bytes(mark[:2], "little") not in scopes
        ]
        new = _fitting(
            kept + [scope.to_bytes(2, "little") + bytes(4) for scope in sorted(scopes)], scopes, register
        )
        if new != old:
            numbers.put_blob(NEW_WAYS, new)
        for lease in leases:
            register.note(NEW_WAY, 1, lease, _scope(register, lease))
        register.residents.greeted.clear()


def at_entry(register: "Register", who: "Comer") -> str:
    """The signal for somebody who lives here: NOTICED, NEW_WAY_IN or GRANTED.

    One at a time, and the next at the next entry. If NVS is full it is shown again.
    """
    numbers, scope = register.leases.numbers, _scope(register, who.lease)
    whats = register.residents.whats[who.lease % SHELVES]
    noticed = NOTICE in whats or TOLD in whats
    if noticed and _is_noticed(register, who):
        return NOTICED
    if not who.digest:
        return GRANTED
    try:
        marks = numbers.split(numbers.blob(NEW_WAYS, NEW_WAYS_MAX), _MARK)
    except OSError:
        marks = []
    own = scope.to_bytes(2, "little")
    mine = before = own + who.digest[:4]  # before they had a number
    if who.number:
        mine = own + who.lease.to_bytes(2, "little") + bytes((who.number, 255))
    if own + bytes(4) not in marks or mine in marks or before in marks:
        if not noticed:
            register.residents.greet(who.digest)
        return GRANTED
    try:
        numbers.put_blob(NEW_WAYS, _fitting(marks + [mine], {scope}, register))
    except OSError:
        console.error("people", "no space to note what was shown")
    return NEW_WAY_IN


def _is_noticed(register: "Register", who: "Comer") -> bool:
    """Whether there is something to tell about notice that was given: see voids.py."""
    with Loan():
        from people.voids import Voids

        try:
            return Voids(register, who.lease).used(who)
        except (OSError, NoPlace):
            console.error("people", "no space to note what stays")
            return False


def _fitting(marks: "list[bytes]", scopes: "set[int]", register: "Register") -> bytes:
    """As many marks as there are places for. Those of leases that are gone are dropped first, except of these
    scopes; then the oldest: whoever saw it first sees it again.
    """
    surplus, leases = len(marks) - NEW_WAYS_MAX // _MARK, register.leases
    for is_shown in (False, True):
        for mark in marks[:] if surplus > 0 else ():
            scope = int.from_bytes(mark[:2], "little")
            is_gone = scope not in scopes and (leases.place(scope) < 0 or leases.over(scope, None))
            if surplus > 0 and (mark[2:] != bytes(4) if is_shown else is_gone):
                marks.remove(mark)
                surplus -= 1
    return b"".join(marks)


def _scope(register: "Register", lease: int) -> int:
    return lease if register.shared else 0
