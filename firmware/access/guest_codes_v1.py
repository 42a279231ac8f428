"""Checks guest codes of the old format, nine digits, which the keys of 0.1.0 give. README.md has the format.

A key of today gives no such code: see guest_key.py.

In NVS (storage/names.py) are the codes that were entered, and the chance, in parts of 10**9, that a guess was
right since a resident last armed guest codes.
"""

import asyncio

from micropython import const

from access.decide import EXPIRED, GRANTED, UNKNOWN, USED_UP
from access.guest_key import is_complete
from storage.hmac import Mac, equal
from storage.names import GUEST_CODES, GUEST_CODES_MAX, GUEST_RISK
from storage.purposes import GUEST_CODE_V1, GUEST_CODE_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable, Iterable

    from storage.nvs import Numbers

    Keys = Callable[[], Iterable[tuple[int, bytes]]]

_DURATIONS_H = (1, 2, 4, 8, 12, 24, 48, 72, 120, 168, 336, 720, 8)  # the last is for one entry
_ONCE = const(12)
_CLASSES = const(13)
_STARTS = const(8)  # in each of so many hours from its start a code may first be entered
_CODES = const(104)  # _STARTS * _CLASSES
_VALUES = const(9615384)  # 10**9 // _CODES; of so many one is right, so a guess gains 104 in 10**9
_HOUR = const(3600)
_RISK_MAX = const(1000)  # in parts of 10**9: one in a million
_MARK = const(8)
_ENTRY = const(12)
_PLACES = const(24)  # GUEST_CODES_MAX // _ENTRY


async def judge(
    numbers: "Numbers", mac: Mac, keys: "Keys", digits: bytes, now: int
) -> "tuple[str, int, bool]":
    """(verdict, lease, whether it is the first entry); keys() gives (lease, guest key). OSError: NVS is full.

    How long this takes depends on what the lock holds, and not on how near the digits are to a good code.
    """
    count = await _count(keys)
    code, low = divmod(int(digits), _CODES)
    start, kind = divmod(low, _CLASSES)
    hours = _DURATIONS_H[kind]
    mark = bytes((kind,)) + mac.digest(GUEST_CODE_VALUE, digits)[: _MARK - 1]
    entries = numbers.split(numbers.blob(GUEST_CODES, GUEST_CODES_MAX), _ENTRY)
    end, alike = _entered(entries, mark, now, start)
    risk = numbers.get(GUEST_RISK)
    counted = risk + _CODES * (count + alike)
    if not 0 <= risk < counted < _RISK_MAX:
        return UNKNOWN, 0, False
    numbers.set(GUEST_RISK, counted)
    first = not end
    if first:
        hour = now // _HOUR
        end = (hour - (hour - start) % _STARTS + hours) * _HOUR
    found = await _whose(keys, end // _HOUR - hours, kind, code)
    if found < 0 or (first and now >= end) or numbers.get(GUEST_RISK) != counted:
        return UNKNOWN, 0, False  # or another code was counted meanwhile
    numbers.set(GUEST_RISK, risk)
    if first:
        # with one more of this kind no code of it could be checked any more: guests would be locked out
        fits = _CODES * (count + alike + 1) < _RISK_MAX
        stored = fits and _store(numbers, entries, mark + end.to_bytes(4, "little"), now)
        return (GRANTED, found, True) if stored else (UNKNOWN, 0, False)
    return (EXPIRED if now >= end else USED_UP if kind == _ONCE else GRANTED), found, False


async def _count(keys: "Keys") -> int:
    """How many keys give such codes."""
    count = 0
    for _, key in keys():
        count += not is_complete(key)
        await asyncio.sleep_ms(0)
    return count


async def _whose(keys: "Keys", start: int, kind: int, code: int) -> int:
    """The lease whose key gives this code, -1 if none does."""
    found = -1
    for lease, key in keys():
        if _is(key, start, kind, code) & (not is_complete(key)):
            found = lease
        await asyncio.sleep_ms(0)
    return found


def _entered(entries: "list[bytes]", mark: bytes, now: int, start: int) -> "tuple[int, int]":
    """When the code of this mark ends, 0: it is new; and how many in force are of its kind and start."""
    end = alike = 0
    for entry in entries:
        until = int.from_bytes(entry[_MARK:], "little")
        if equal(entry[:_MARK], mark):
            end = until
        hour = until // _HOUR - _DURATIONS_H[mark[0]]
        if entry[0] == mark[0] and until > now and hour % _STARTS == start:
            alike += 1
    return end, alike


def _store(numbers: "Numbers", entries: "list[bytes]", entry: bytes, now: int) -> bool:
    """Store an entry in place of those that have ended; False where none has. OSError: NVS is full."""
    if len(entries) >= _PLACES:
        entries = [e for e in entries if int.from_bytes(e[_MARK:], "little") > now]
    if len(entries) >= _PLACES:
        return False
    numbers.put_blob(GUEST_CODES, b"".join(entries + [entry]))
    return True


def _is(key: bytes, start: int, kind: int, code: int) -> bool:
    """Whether a code is that of this key, start (hours since 1970) and class of duration."""
    mac = Mac(key).digest(GUEST_CODE_V1, start.to_bytes(4, "little") + bytes((kind,)))
    return equal((int.from_bytes(mac[:8], "big") % _VALUES).to_bytes(4, "little"), code.to_bytes(4, "little"))
