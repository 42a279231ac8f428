"""Checks guest codes: twelve digits computed from a resident's guest key. README.md has the format.

In NVS (storage/names.py) are the used codes for one entry, and the chance, in parts of 10**9, that a guess
was right since a resident last armed guest codes. Nothing is stored of any other code.
"""

import asyncio

from micropython import const

from access.decide import EXPIRED, GRANTED, TOO_EARLY, UNKNOWN, USED_UP
from access.guest_key import is_complete
from storage.hmac import Mac, equal
from storage.names import GUEST_RISK, ONCE_CODES, ONCE_CODES_MAX
from storage.purposes import GUEST_CODE, GUEST_CODE_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from storage.nvs import Numbers

    Keys = Callable[[], Iterable[tuple[int, bytes]]]

_HOURS = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720, 8, 24, 168, 720)  # by class
_ONCE = const(12)  # from this class on a code is for one entry
_CLASSES = const(16)
_STARTS = const(1500)  # half hours: 48 before a code, 1440 of the longest, and 12 after it
_AHEAD = const(48)
_FIELDS = const(24000)  # _STARTS * _CLASSES
_VALUES = const(41666666)  # 10**12 // _FIELDS; of so many one is right, so a guess gains 24 in 10**9
_GAIN = const(24)
_KEYS = const(8)  # beyond so many the sum below is for each eight of them
_RISK_MAX = const(1000)  # in parts of 10**9: one in a million
_HALF_HOUR = const(1800)
_ENTRY = const(12)
_KEY = const(6)  # so many bytes of an entry are of the key
_END = const(8)


async def judge(
    numbers: "Numbers", mac: Mac, keys: "Keys", digits: bytes, now: int
) -> "tuple[str, int, bool]":
    """(verdict, lease, whether it was stored); keys() gives (lease, guest key). OSError: NVS is full.

    How long this takes depends on what the lock holds, and not on how near the digits are to a good code.
    """
    gain = await _gain(keys)
    risk = numbers.get(GUEST_RISK)
    counted = risk + gain
    if not 0 <= risk < counted < _RISK_MAX:
        return UNKNOWN, 0, False
    numbers.set(GUEST_RISK, counted)
    value, field = divmod(int(digits), _FIELDS)
    first, kind = divmod(field, _CLASSES)
    latest = now // _HALF_HOUR + _AHEAD
    start = latest - (latest - first) % _STARTS
    lease, key = await _whose(keys, start, kind, value)
    if not key:
        return UNKNOWN, 0, False
    if numbers.get(GUEST_RISK) == counted:  # or another code was counted meanwhile, and stays so
        numbers.set(GUEST_RISK, risk)
    end = start * _HALF_HOUR + _HOURS[kind] * 3600
    if now < start * _HALF_HOUR:
        return TOO_EARLY, lease, False
    if now >= end:
        return EXPIRED, lease, False
    if kind < _ONCE:
        return GRANTED, lease, False
    entry = mac.digest(GUEST_CODE_VALUE, key)[:_KEY] + field.to_bytes(2, "little") + end.to_bytes(4, "little")
    return _use_up(numbers, entry, now), lease, True


async def _gain(keys: "Keys") -> int:
    """By how much a guess is likelier to be right, in parts of 10**9."""
    gain = 0
    for _, key in keys():
        if is_complete(key):
            gain += _GAIN
        if gain == _GAIN * _KEYS:
            break
        await asyncio.sleep_ms(0)
    return gain


async def _whose(keys: "Keys", start: int, kind: int, value: int) -> "tuple[int, bytes]":
    """Lease and key that give this value for a start, in half hours, and a class; (0, b"") if none does."""
    found, wanted, message = (
        (0, b""),
        value.to_bytes(4, "little"),
        start.to_bytes(4, "little") + bytes((kind,)),
    )
    for pair in keys():
        made = Mac(pair[1]).digest(GUEST_CODE, message)
        made = (int.from_bytes(made[:8], "big") % _VALUES).to_bytes(4, "little")
        if equal(made, wanted) & is_complete(pair[1]):
            found = pair
        await asyncio.sleep_ms(0)
    return found


def _use_up(numbers: "Numbers", entry: bytes, now: int) -> str:
    """GRANTED the first time; UNKNOWN if there is no place. Nobody gets more than half of what is free."""
    table, running, own = numbers.blob(ONCE_CODES, ONCE_CODES_MAX), b"", _ENTRY
    for other in numbers.split(table, _ENTRY):
        if other == entry:
            return USED_UP
        if int.from_bytes(other[_END:], "little") > now:
            running += other
            if other[:_KEY] == entry[:_KEY]:
                own += _ENTRY
    if len(running) + own > ONCE_CODES_MAX:
        return UNKNOWN
    # what has ended stays while it can: the clock may be wrong, and the code come to life again
    numbers.put_blob(ONCE_CODES, (table if len(table) < ONCE_CODES_MAX else running) + entry)
    return GRANTED
