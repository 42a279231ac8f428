"""Judges a message by which a resident opens from afar; access/README.md has the format. Lent for each."""

import asyncio

from micropython import const

import console
from storage.hmac import Mac, equal, hashed
from storage.names import OPENED_FROM_AFAR, OPENED_FROM_AFAR_MAX
from storage.purposes import GUEST_KEY_CHECK, REMOTE_OPENING

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterable

    from storage.nvs import Numbers

SIZE = const(24)  # number of the key 4, time u32, MAC 16
_LATE_S = const(60)
_EARLY_S = const(30)  # by so much may the phone's clock be ahead
_NUMBER = const(4)  # bytes, and of a time as many
_MARK = const(8)
_PLACES = const(32)


async def whose(
    lock: str,
    message: "bytes | bytearray",
    keys: "Iterable[tuple[int, bytes]]",
    numbers: "Numbers",
    now: "int | None",
) -> "int | None":
    """The lease whose guest key has signed this, once and within a minute; None where nobody's has.

    `keys` are (lease, guest key), `now` is seconds since 1970. When this returns a lease, the message's time
    is stored, and no message by that key of that time or before is obeyed any more. All keys are tried,
    whatever came; a house door may have 256 of them: other tasks have a turn between two.
    """
    if now is None or len(message) != SIZE:
        return None
    number, lease, found, all_numbers = bytes(message[:_NUMBER]), 0, b"", bytearray()
    try:
        for owner, key in keys:
            of_key = hashed(GUEST_KEY_CHECK + key)[:_NUMBER]
            if equal(of_key, number):
                lease, found = owner, key
            all_numbers.extend(of_key)
            await asyncio.sleep_ms(0)
        time = int.from_bytes(message[_NUMBER:_MARK], "little")
        mac = Mac(found).digest(REMOTE_OPENING, lock.encode(), message[:_MARK])
        is_right = equal(mac[:16], bytes(message[_MARK:])) and found
        if not is_right or not now - _LATE_S <= time <= now + _EARLY_S:
            return None
        return lease if _spend(numbers, all_numbers, number, time) else None
    except OSError:
        console.error("tenant", "no flash or NVS")
        return None


def _spend(numbers: "Numbers", all_numbers: bytearray, number: bytes, time: int) -> bool:
    """Store the time of this message; False where it is not newer than the last by its key.

    Each key has a time of its own: a message dated ahead, at a lock whose clock was ahead, too, keeps nobody
    else out. If there is no place, times of keys that no longer exist are dropped; if there still is none,
    the earliest time is dropped and becomes that of all keys without one. OSError: NVS is full.
    """
    table = numbers.blob(OPENED_FROM_AFAR, OPENED_FROM_AFAR_MAX) or bytes(_NUMBER)
    last = floor = int.from_bytes(table[:_NUMBER], "little")
    marks = []
    for mark in numbers.split(table, _MARK, _NUMBER):
        of_key, at = mark[:_NUMBER], int.from_bytes(mark[_NUMBER:], "little")
        if of_key == number:
            last = at
        else:
            marks.append((at, of_key))
    if time <= last:
        return False
    if len(marks) == _PLACES:
        marks = [mark for mark in marks if _has(all_numbers, mark[1])]
    if len(marks) == _PLACES:
        first = min(marks)
        marks.remove(first)
        floor = max(floor, first[0])
    marks.append((time, number))
    table = b"".join([of_key + at.to_bytes(4, "little") for at, of_key in marks])
    numbers.put_blob(OPENED_FROM_AFAR, floor.to_bytes(4, "little") + table)
    return True


def _has(all_numbers: bytearray, number: bytes) -> bool:
    """Whether a key has this number."""
    place = all_numbers.find(number)
    while place >= 0 and place % _NUMBER:
        place = all_numbers.find(number, place + 1)
    return place >= 0
