"""The PN532 as a target: it plays an ISO/IEC 14443-4 card to a phone, and forwards what the phone says.

Numbers of sections are those of NXP's UM0701-02. Of the three kinds of target only the PICC is modelled.
"""

import asyncio

from .field import Field
from .phone import Phone, TagFault, Visit
from .pn532_setup import Setup
from .radio import exchange_s

GET_DATA, INIT_AS_TARGET, SET_DATA = 0x86, 0x8C, 0x8E
EMULATES_PICC = 0x20  # SetParameters (7.2.9)
_PICC_ONLY, _SPEAKS_APDUS = 0x04, 0x20
_MIFARE_FELICA_NFCID3 = 6 + 18 + 10
_RATS = b"\xe0\x80"  # FSDI 8: the phone takes 256 bytes; no CID
_AS_PICC = b"\x08"  # 106 kbit/s, PICC (7.3.14)
_OK, _CONTEXT, _RELEASED = b"\x00", b"\x27", b"\x29"  # 7.1


class Target:
    """What of one chip has to do with being a target. A phone that is taken away leaves it in silence."""

    def __init__(self, air: Field, setup: Setup) -> None:
        self._air, self._setup = air, setup  # a field of the chip's own: then a phone cannot reach it
        self._phone: Phone | None = None
        self._held_at, self._moved = 0.0, asyncio.Event()
        self._release()
        self._had_enough: Phone | None = None

    def hold(self, phone: Phone | None) -> None:
        """A phone comes, or goes."""
        if phone is not self._phone:
            self._phone, self._had_enough = phone, None
            self._is_deserted = self._is_deserted or self._reading is not None
            self._reading = None
            if phone is not None:
                self._held_at = asyncio.get_running_loop().time()
            self._moved.set()

    async def execute(self, code: int, data: bytes) -> bytes | None:
        """The response to one of its commands; None where that is no such command, or a wrong one."""
        if code == INIT_AS_TARGET:
            return await self._init(data)
        if code == GET_DATA and not data:
            return await self._get_data()
        if code == SET_DATA and data:
            return await self._set_data(data)
        return None

    def _release(self) -> None:
        self._reading: Visit | None = None
        self._asks: bytes | None = b""
        self._is_deserted = False

    async def _init(self, data: bytes) -> bytes | None:
        """TgInitAsTarget (7.3.14): until a phone has activated the card, RATS and all."""
        fixed = 1 + _MIFARE_FELICA_NFCID3
        if len(data) < fixed + 2 or len(data) != fixed + 2 + data[fixed] + data[fixed + 1 + data[fixed]]:
            return None
        self._release()
        reachable = (
            data[0] & _PICC_ONLY and data[6] & _SPEAKS_APDUS and self._setup.parameters & EMULATES_PICC
        )
        loop = asyncio.get_running_loop()
        while True:
            phone = self._phone
            self._moved.clear()
            if phone is None or phone is self._had_enough or not reachable or self._air.on:
                await self._moved.wait()
                continue
            await asyncio.sleep(phone.next_poll(self._held_at, loop.time()) - loop.time())
            self._air.time.catch_up()
            await self._air.time.spend(phone.activation_s())
            if self._phone is phone:
                self._reading = phone.visit()
                self._asks = next(self._reading)
                return _AS_PICC + _RATS

    async def _get_data(self) -> bytes:
        """TgGetData (7.3.16): the phone's next command; it releases the card when it has all."""
        await self._there()
        if self._reading is None:
            return _CONTEXT
        if self._had_enough is not None:
            self._release()
            return _RELEASED
        if self._asks is None and not await self._hear_page():
            return _RELEASED
        await self._air.time.spend(exchange_s(len(self._asks or b""), 0))
        await self._there()
        return _OK + (self._asks or b"")

    async def _set_data(self, data: bytes) -> bytes:
        """TgSetData (7.3.18): the answer to it."""
        await self._there()
        phone, reading = self._phone, self._reading
        if reading is None or phone is None or self._had_enough is not None:
            return _CONTEXT
        await self._air.time.spend(exchange_s(0, len(data)))
        await self._there()
        try:
            self._asks = reading.send(data)
        except (StopIteration, TagFault):
            self._had_enough = phone
        return _OK

    async def _hear_page(self) -> bool:
        """Until a page on the phone has said what to write; False where this tag does not take it."""
        phone, reading = self._phone, self._reading
        if phone is None or reading is None:
            return False
        message = await phone.message()
        await self._there()
        self._air.time.catch_up()
        try:
            self._asks = reading.send(message)
        except TagFault:
            self._had_enough = phone
            self._release()
        return self._asks is not None and self._reading is not None

    async def _there(self) -> None:
        """For ever, where the phone has gone without a word: the chip does not notice."""
        if self._is_deserted:
            await asyncio.Event().wait()
