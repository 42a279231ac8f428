"""Counts the uses of credentials that open a number of times, in NVS, before the door opens.

In NVS (storage/names.py) is an entry for each: the first six bytes of its digest, and the count.
"""

import asyncio

from micropython import const

import console
from storage.names import USES, USES_MAX

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials
    from storage.nvs import Numbers

_KEY = const(6)
_ENTRY = const(8)
_CROWDED = const(48)  # entries: from so many on those that are needed no more are removed
_SLICE = const(16)  # credentials looked at before others get their turn


def count(numbers: "Numbers", digest: bytes, most: int) -> bool:
    """Count a use. False: there were `most` already, or it cannot be stored; it opens nothing then.

    A count stays while its credential is in the list, and longer where there is space.
    """
    try:
        table, place = numbers.blob(USES, USES_MAX), 0
        while place < len(table) and table[place : place + _KEY] != digest[:_KEY]:
            place += _ENTRY
        used = int.from_bytes(table[place + _KEY : place + _ENTRY], "little")
        if used >= most:
            return False
        if place >= USES_MAX:
            raise OSError
        entry = digest[:_KEY] + (used + 1).to_bytes(2, "little")
        numbers.put_blob(USES, table[:place] + entry + table[place + _ENTRY :])
    except OSError:
        console.error("access", "NVS is full: a use is not counted")
        return False
    return True


async def forget(numbers: "Numbers", credentials: "Credentials") -> None:
    """Where space is scarce, remove the counts of credentials that are no longer in the list."""
    try:
        await _forget(numbers, credentials, credentials.version)
    except OSError:
        console.warning("access", "uses are not tidied")


async def _forget(numbers: "Numbers", credentials: "Credentials", version: int) -> None:
    table = numbers.blob(USES, USES_MAX)
    if len(table) < _CROWDED * _ENTRY or not credentials.whole:
        return
    gone = {entry[:_KEY] for entry in numbers.split(table, _ENTRY)}
    for number, (digest, _) in enumerate(credentials.each()):
        if number % _SLICE == 0:
            await asyncio.sleep_ms(0)
        if credentials.version != version:
            return  # this is called again for the new list
        gone.discard(digest[:_KEY])
    entries = numbers.split(numbers.blob(USES, USES_MAX), _ENTRY)  # somebody may have come in meanwhile
    left = b"".join([entry for entry in entries if entry[:_KEY] not in gone])
    numbers.put_blob(USES, left or bytes(_ENTRY))  # esp-idf keeps no empty string
