"""The whole application of house_lock.py with its own code for cards, down to the commands for the PN532.

Who asks has cards and radio (models/helpers/radio.py): each command becomes a line {"asks": name, "data":
hex}, and its answer is a line {"data": hex} or {"cut": true}: the power goes in it.
"""

# isort: off
from chip_time import asyncio, time  # before all others: they take the time from there
from virtual_chip import chip

from readers.card_reader import CardReader  # before another is put in its place

# isort: on
import json
import sys
from binascii import hexlify, unhexlify

import house_lock
from house_lock import House, main  # noqa: F401 (it is who asks that calls it)
from knife_flash import PowerCut

_SEARCH_MS, _LIVENESS_MS = 100, 800
_FIELD_OFF_MS = 6
_LIES_MS, _GONE_MS = 1500, 10_000  # a card lies there; it is gone, and the bolt is held again


class _Chip:
    """As readers/pn532.py; `lies`: whether it is worth while to ask for a card."""

    lies = speaks_apdus = False

    def __init__(self, *parts):
        self.line = self

    async def start(self):
        _Chip.lies = bool(_asked("start")[0])

    async def wait_target(self, goes_on=None):
        waited = 0
        while True:
            if _Chip.lies:
                uid = await self.search()
                if uid:
                    return uid
            await asyncio.sleep_ms(_SEARCH_MS)
            waited += _SEARCH_MS
            if waited >= _LIVENESS_MS:
                waited = 0
                if not goes_on():
                    return None

    async def search(self):
        await asyncio.sleep_ms(0)
        answer = _asked("search")
        if not answer[0]:
            return None
        self.speaks_apdus = bool(answer[4] & 0x20)
        return answer[6 : 6 + answer[5]]

    async def another(self):
        _asked("release")
        return await self.search()

    async def field_off(self):
        _asked("off")
        await asyncio.sleep_ms(_FIELD_OFF_MS)

    async def ask(self, code, wait_ms, parameters, apdu=b""):
        await asyncio.sleep_ms(0)  # others have their turn, as while the card answers
        return _asked("apdu", apdu)


def _asked(name, data=b""):
    if chip.knife.dead:
        raise PowerCut
    sys.stdout.write(json.dumps({"asks": name, "data": hexlify(data).decode()}) + "\n")
    answer = json.loads(sys.stdin.readline())
    if "cut" in answer:
        chip.knife.dead = True
        raise PowerCut
    return unhexlify(answer["data"])


class _Carded(House):
    """The steps that are others at the reader; a lock may be taken back to where it was kept."""

    kept, reorders = {}, False
    next_cut, has_fallen = (0, 0), False

    def __init__(self):
        House.__init__(self)
        self._chip_starts, chip.start = chip.start, self._chip_start
        house_lock.readers.card_reader.CardReader, house_lock.readers.pn532.PN532 = CardReader, _Chip

    def _chip_start(self, cold=True):
        self._chip_starts(self.reorders, cold)
        chip.knife.set(*self.next_cut)
        self.next_cut = 0, 0

    def start(self, cold=True):
        """As a house's; the power may go in it once more."""
        try:
            House.start(self, cold)
        except PowerCut:
            self.has_fallen = True
            House.start(self, cold)

    def cut_start(self, operation, seed):
        """In this write of the next start the power goes; whether it has gone in the one before."""
        self.told.append(["fallen", self.has_fallen])
        self.next_cut, self.has_fallen = (operation, seed), False

    def card(self, uid):
        """A number, as one that the reader has found."""
        self.lock._doorkeeper.card(unhexlify(uid))
        self.wait(_SEARCH_MS)

    def lay(self, lies):
        """Who asks has laid cards down, or taken them away; how often something was written."""
        _Chip.lies = lies
        self.wait(_LIES_MS if lies else _GONE_MS)
        self.told.append(["writes", chip.knife.count])

    def keep_all(self, name):
        """Keep this state of flash and NVS."""
        self.kept[name] = bytes(chip.data), dict(chip.kept), self.now()

    def take_back(self, name, reorders=False):
        """Put that back; the lock starts, and knows the time. `reorders`: its flash does, until a sync."""
        chip.knife.dead = True
        self.drop_tasks()
        data, numbers, now = self.kept[name]
        chip.data[:] = data
        chip.kept.clear()
        chip.kept.update(numbers)
        self.truth, self._from, self.reorders = now, time.now_ms, reorders
        self.start()
        self.sntp(now)


house_lock._house = _Carded()
