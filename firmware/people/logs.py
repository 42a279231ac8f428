"""Knows whose logs there are, and which of the notes are for whom; firmware/log keeps them. Lent."""

import struct
from os import urandom

from micropython import const

import console
from log.entry import (
    BY_GUEST,
    CONTENT,
    CONTENT_SIZE,
    DAYS,
    ENTRIES,
    LOGS,
    NOTE,
    NOTE_SIZE,
    NOTES_MAX,
    STAFF_IN,
    UNTOLD,
    WRONG_CODE,
)
from log.rings import KEY, Rings
from people.entry import LOG, NoPlace
from people.keys import Keys
from people.leases import ENTRY_FORMAT
from roll.record import CARD, STAFF, STAFF_PASSAGE, TENANT
from storage.hmac import hashed
from version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who
    from people.register import Register

_FORMAT = const(1)
_NAME = const(15)  # random bytes of a log's name; the last says for how many days it keeps an entry
# So many entries are made good later: what is pushed in at once need not be pushed in hour by hour.
_SPARE = const(6)


def move_on(register: "Register") -> None:
    """An hour of the lock's life is over: note in each log what there is for it, if the flash takes it.

    So many entries come in, empty ones if need be, that each is gone after the days for which it is kept.
    """
    rings, new, pushed = Rings(), {}, bytearray(register.pushed)
    for whose, name in register.residents.keys(LOG):
        place = _place(rings, name)
        if place >= 0:
            contents = _for(register, whose)
            rate, hours = ENTRIES + _SPARE, 24 * (name[_NAME] or DAYS)
            due = (rings.steps + 1) * rate // hours - rings.steps * rate // hours
            credit = pushed[place] + len(contents)
            if credit < due:
                contents += [bytes(CONTENT_SIZE)] * (due - credit)
            pushed[place] = min(max(credit - due, 0), _SPARE)
            new[place] = contents
    try:
        rings.move_on(new)
    except OSError:
        console.error("people", "no space for logs")
        return
    register.noted, register.pushed = b"", bytes(pushed)


def hand_over(register: "Register", who: "Who", days: int, key: bytes) -> bytes:
    """What the resident's phone is to read: README.md has the format. NoPlace, OSError as in Keys.

    A log begins if there is none, under this new key. `days`: for how long it keeps an entry, 0: as before.
    """
    keys = Keys(register, who.lease)
    name = keys.key(who, LOG)
    if name is None or (days and name[_NAME] != days):
        name = (name or urandom(KEY))[:_NAME] + bytes((days or DAYS,))
        keys.set_key(who, LOG, name)
    rings = Rings()
    place, taken = _place(rings, name), _taken(register, rings)
    if place < 0:
        free = [n for n in range(LOGS) if n not in taken]
        if not free:
            raise NoPlace("full")
        place = free[0]
        rings.begin(place, name, key)
        rings = Rings()
    slot, noted = rings.read(place), b"".join(_for(register, who.lease | who.number << 16))
    told = _about(register, who.lease) + struct.pack(
        "<BBI", name[_NAME], len(noted) // CONTENT_SIZE, rings.steps
    )
    told += slot[KEY : 2 * KEY] + noted + slot[2 * KEY :]
    return told + hashed(told)[:4]


def close(register: "Register", who: "Who | None" = None) -> None:
    """Erase a resident's log, and logs of people who no longer live here. OSError: the flash is full."""
    if who is not None:
        Keys(register, who.lease).set_key(who, LOG, b"")
    rings = Rings()
    rings.erase(_taken(register, rings))


def _about(register: "Register", lease: int) -> bytes:
    """Format, firmware, lease, its start and end, and the time, as the lock knows them."""
    place, start, end = register.leases.place(lease), 0, 0
    if place >= 0:
        _, start, _, _, _, _, _, end, _ = struct.unpack_from(ENTRY_FORMAT, register.leases.table, place)
    version = bytes([int(part) for part in VERSION.split(".")])
    return bytes((_FORMAT,)) + version + struct.pack("<HIII", lease, start, end, register.now() or 0)


def _place(rings: Rings, name: bytes) -> int:
    """The place of the log with this name, -1 where there is none."""
    names = [other[:_NAME] for other in rings.names]
    return names.index(name[:_NAME]) if name[:_NAME] in names else -1


def _taken(register: "Register", rings: Rings) -> "list[int]":
    """The places that have somebody's log."""
    return [_place(rings, name) for _, name in register.residents.keys(LOG)]


def _for(register: "Register", whose: int) -> "list[bytes]":
    """What was noted for a resident, the newest first. What is nobody's alone is for who lives alone."""
    lease, number, found, wrong = whose & 0xFFFF, whose >> 16, [], 0
    time = 0
    alone, noted = len(Keys(register, lease).people()) < 2, register.noted
    for place in range(0, len(noted), NOTE_SIZE):
        time, what, more, detail, of, by = struct.unpack_from(NOTE, noted, place)
        role, kind = what >> 4, what & 15
        if what == WRONG_CODE:
            wrong += 1
            continue
        if role in (STAFF, STAFF_PASSAGE):
            what, more = STAFF_IN, role | kind << 4
        elif role:
            if of != lease or not (by == number or (not by and alone)):
                continue
            what = kind if role == TENANT else BY_GUEST
            detail = detail if what == CARD else 0
        elif of not in (0, lease):
            continue
        found.insert(0, struct.pack(CONTENT, time, what, more, detail))
    if wrong:  # one for all: a stranger drives nothing out
        found.insert(0, struct.pack(CONTENT, time, WRONG_CODE, wrong, 0))
    if len(noted) == NOTES_MAX * NOTE_SIZE:
        found.insert(0, struct.pack(CONTENT, time, UNTOLD, 1, 0))
    return found
