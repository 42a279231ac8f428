"""Counts the uses of credentials that open a number of times, in NVS, before the door opens.

NVS blob "uses": entries of 8 bytes, the first six of the credential's digest and a count u16, little-endian.
"""

import asyncio
import struct

from micropython import const

import console

TYPE_CHECKING = False
if TYPE_CHECKING:
    from roll.credentials import Credentials
    from storage.nvs import Numbers

_NAME = "uses"
_KEY = const(6)
_ENTRY = const(8)
_MOST = const(64)  # entries
_CROWDED = const(48)  # from so many on counts that are needed no more are forgotten
_SLICE = const(16)  # credentials looked at before others get their turn


class Uses:
    """A count stays while its credential is in the list, and longer where there is room."""

    def __init__(self, numbers: "Numbers") -> None:
        self._numbers = numbers

    def count(self, digest: bytes, most: int) -> bool:
        """Count a use. False where there were `most`, or this one cannot be kept: it opens nothing."""
        try:
            table, place = self._table(), 0
            while place < len(table) and table[place : place + _KEY] != digest[:_KEY]:
                place += _ENTRY
            used = struct.unpack_from("<H", table, place + _KEY)[0] if place < len(table) else 0
            if used >= most:
                return False
            if place >= _MOST * _ENTRY:
                raise OSError
            entry = digest[:_KEY] + struct.pack("<H", used + 1)
            self._numbers.set_blob(_NAME, table[:place] + entry + table[place + _ENTRY :])
        except OSError:
            console.error("access", "no room for the count of uses")
            return False
        return True

    async def forget(self, credentials: "Credentials") -> None:
        """Make room, where it is scarce, by dropping counts of what is in the list no more."""
        try:
            await self._forget(credentials, credentials.version)
        except OSError:
            console.warning("access", "the counts of uses cannot be tidied")

    async def _forget(self, credentials: "Credentials", version: int) -> None:
        table = self._table()
        if len(table) < _CROWDED * _ENTRY or not credentials.whole:
            return
        gone = {table[place : place + _KEY] for place in range(0, len(table), _ENTRY)}
        for number, (digest, _) in enumerate(credentials.each()):
            if number % _SLICE == 0:
                await asyncio.sleep_ms(0)
            if credentials.version != version:
                return  # it is called again for the new list
            gone.discard(digest[:_KEY])
        table = self._table()  # meanwhile somebody may have come in
        entries = [table[place : place + _ENTRY] for place in range(0, len(table), _ENTRY)]
        left = b"".join([entry for entry in entries if entry[:_KEY] not in gone])
        self._numbers.set_blob(_NAME, left or bytes(_ENTRY))  # esp-idf keeps no empty string

    def _table(self) -> bytes:
        return self._numbers.blob(_NAME, _MOST * _ENTRY)
