"""The PN532 as a reader: it finds up to two type A cards, activates them and carries data.

Numbers of sections are those of NXP's UM0701-02, "14443" are those of ISO/IEC 14443. What the manual leaves
open follows from cards as 14443-3 has them: a card that was released is halted, and REQA (which the chip
sends: nfcpy finds 0x26 in its FIFO) does not wake it until the field has been off.
"""

import asyncio
from dataclasses import dataclass, field

from .cards.blocks import guard_time_s
from .cards.card import IDLE, Card, Reply
from .field import Field
from .pn532_blocks import CRC_WRONG, MORE, TIME_OUT, RadioFault, ReaderSide
from .pn532_setup import FOR_EVER, SENS_REQ, Setup
from .radio import RATES, crc_a

_DATA_EXCHANGE, _COMMUNICATE_THRU, _DESELECT, _LIST = 0x40, 0x42, 0x44, 0x4A
_PSL, _RELEASE, _SELECT = 0x4E, 0x52, 0x54
_TRY_S = 0.006  # one attempt: 5 ms guard time (14443-3, 5), REQA and the silence
_RATS = b"\xe0\x50"  # 64 bytes, no CID
_RATS_S = 0.0048  # activation frame waiting time: 65536/fc, 14443-4, 5.6.1.2
_HALT, _BYE = b"\x50\x00", b"\xc2"
_NO_SUCH_TARGET, _NOT_ALLOWED = b"\x27", b"\x26"  # 7.1
_OK = b"\x00"


@dataclass
class _Target:
    """A card that was found, under the number it has in commands."""

    card: Card
    uid: bytes
    answers: bytes
    """SENS_RES, SEL_RES, length and UID, ATS: as they are told to the host (7.3.5)."""

    blocks: ReaderSide | None = None
    rates: tuple[int, int] = (0, 0)
    """To the card and back, numbers of RATES."""

    ready_at: float = field(default=0.0)


class Initiator:
    """What of one chip has to do with reading cards; `awaits_card` while it searches until one comes."""

    def __init__(self, air: Field, setup: Setup) -> None:
        self._air, self._setup = air, setup
        self.awaits_card = False
        self.reset()

    def reset(self) -> None:
        """As after power or RSTPD_N."""
        self._targets: dict[int, _Target] = {}
        self._active: _Target | None = None

    def status(self) -> bytes:
        """How many targets there are, and number, rates and kind of each (GetGeneralStatus: 7.2.3)."""
        each = (bytes((number, *t.rates[::-1], 0x10)) for number, t in self._targets.items())
        return bytes((len(self._targets),)) + b"".join(each)

    async def execute(self, code: int, data: bytes) -> bytes | None:
        """The response to one of its commands; None where that is no such command, or a wrong one."""
        try:
            if code == _LIST and len(data) > 1 and 1 <= data[0] <= 2 and data[1] <= 4:
                return await self._list_passive_target(data[0], data[1], data[2:])
            if code == _DATA_EXCHANGE and data:
                return await self._data_exchange(data[0], data[1:])
            if code == _COMMUNICATE_THRU and data:
                return await self._communicate_thru(data)
            if code == _PSL and len(data) == 3:
                return await self._change_rates(*data)
            if code in (_DESELECT, _RELEASE, _SELECT) and len(data) == 1:
                return await self._turn_to(code, data[0])
        except RadioFault as fault:
            return bytes((fault.status,))
        return None

    async def is_there(self) -> bool:
        """Whether the card in use still answers (Diagnose 6: 7.2.1)."""
        target = self._active
        return target is not None and target.blocks is not None and await target.blocks.is_there()

    # -- finding

    async def _list_passive_target(self, wanted: int, modulation: int, uid: bytes) -> bytes:
        """Wait for a card, as often as MxRtyPassiveActivation allows; look once for a second one."""
        self.reset()
        self._air.switch(True)
        tries = self._setup.tries
        end = float("inf") if tries == FOR_EVER else self._air.time.now + (tries + 1) * _TRY_S
        self.awaits_card = tries == FOR_EVER
        try:
            while not self._targets:
                self._air.moved.clear()
                wakes = modulation == 0 and await self._find(1, uid)
                if not wakes and not await self._pause(end, soon=modulation == 0 and not uid):
                    self._setup.in_fifo(SENS_REQ)
                    self._air.misses += 1
                    self._air.in_vain += 1
                    return b"\x00"
        finally:
            self.awaits_card = False
        self._air.misses = 0
        if wanted == 2:
            await self._put_aside()
            await self._find(2, b"")
        self._setup.with_crc()
        self._setup.in_fifo(0)
        found = b"".join(bytes((number,)) + target.answers for number, target in self._targets.items())
        return bytes((len(self._targets),)) + found

    async def _pause(self, end: float, soon: bool) -> bool:
        """Until another attempt may find more; False where it is over.

        That is `soon` where a card has fallen back to where it answers, and else after a move in the field.
        """
        if soon and any(card.state == IDLE for card in self._air.cards):
            await self._air.time.spend(_TRY_S)
            return self._air.time.now < end
        try:
            async with asyncio.timeout_at(None if end == float("inf") else end):
                await self._air.moved.wait()
        except TimeoutError:
            return False
        finally:
            self._air.time.catch_up()
        return True

    async def _find(self, number: int, uid: bytes) -> bool:
        """One attempt: REQA, anticollision, and RATS where the card speaks it and the chip may."""
        answering = [card for card in self._air.request() if not uid or _with_cascade(card) == uid]
        if not answering:
            return False
        card = max(answering, key=_collides)
        starts = card.starts
        await self._air.time.spend(card.selection_s())
        if not self._air.has(card) or card.starts != starts:
            return False
        card.select()
        shown = card.shown_uid
        answers = card.sens_res + bytes((card.sel_res, len(shown))) + shown
        target = _Target(card, shown, answers)
        if card.speaks_apdus and self._setup.sends_rats and not await self._activate(target):
            return False
        self._targets[number] = self._active = target
        return True

    async def _activate(self, target: _Target) -> bool:
        reply = await self._air.transceive(_RATS, _RATS_S)
        if reply is None or reply.broken or not reply.frame:
            return False
        if target.blocks is None:
            target.answers += reply.frame
        target.rates = (0, 0)
        target.ready_at = self._air.time.now + guard_time_s(reply.frame)
        target.blocks = ReaderSide(lambda frame, s: self._send(target, frame, s), reply.frame, self._repeats)
        return True

    @property
    def _repeats(self) -> int:
        return self._setup.repeats

    async def _send(self, target: _Target, frame: bytes, wait_s: float) -> Reply | None:
        await self._air.time.spend(max(0.0, target.ready_at - self._air.time.now))
        to_card, back = (RATES[rate] for rate in target.rates)
        return await self._air.transceive(frame, wait_s, to_card, back)

    # -- choosing

    async def _turn_to(self, code: int, number: int) -> bytes:
        """InSelect, InDeselect and InRelease (7.3.10 to 7.3.12); 0 are all targets, but for InSelect."""
        if code == _SELECT:
            target = self._targets.get(number)
            return _NO_SUCH_TARGET if target is None else await self._select(target)
        if number and number not in self._targets:
            return _NO_SUCH_TARGET
        if not number or self._targets[number] is self._active:
            await self._put_aside()
        if code == _RELEASE:
            for gone in [number] if number else list(self._targets):
                del self._targets[gone]
        return _OK

    async def _put_aside(self) -> None:
        """S(DESELECT), or HLTA, to the target in use: the card is halted (14443-4, 8; 14443-3, 6.4.3)."""
        target, self._active = self._active, None
        if target is not None and target.blocks is not None:
            await self._send(target, _BYE, _RATS_S)
        elif target is not None:
            await self._air.transceive(_HALT, 0.001)

    async def _select(self, target: _Target) -> bytes:
        """Use this target from now on: WUPA, SELECT by its UID, RATS."""
        if target is self._active:
            return _OK
        await self._put_aside()
        woken = [card for card in self._air.request(halted_too=True) if card.shown_uid == target.uid]
        if not woken:
            await self._air.time.spend(_TRY_S)
            raise RadioFault(TIME_OUT)
        await self._air.time.spend(woken[0].selection_s())
        woken[0].select()
        if target.blocks is not None and not await self._activate(target):
            raise RadioFault(TIME_OUT)
        self._active = target
        return _OK

    # -- talking

    async def _data_exchange(self, number: int, data: bytes) -> bytes:
        """To a card in use, or that is put to use for it (7.3.8)."""
        target = self._targets.get(number & 0x0F)
        if target is None:
            return _NO_SUCH_TARGET
        await self._select(target)
        if target.blocks is not None:
            return await target.blocks.exchange(data, bool(number & MORE))
        return await self._communicate_thru(data)

    async def _communicate_thru(self, data: bytes) -> bytes:
        """Whatever comes back, as it comes (7.3.9); where check bytes are not checked, the host gets them."""
        to_card, back = (RATES[rate] for rate in (self._active.rates if self._active else (0, 0)))
        reply = await self._air.transceive(data, self._setup.timeout_s, to_card, back)
        if reply is None:
            raise RadioFault(TIME_OUT)
        if not self._setup.checks_crc:
            return _OK + reply.frame + crc_a(reply.frame)
        if reply.broken:
            raise RadioFault(CRC_WRONG)
        return _OK + reply.frame

    async def _change_rates(self, number: int, to_card: int, back: int) -> bytes:
        """InPSL (7.3.7): PPS, right after the activation; the card says whether it can."""
        target = self._targets.get(number)
        if target is None:
            return _NO_SUCH_TARGET
        if target is not self._active or target.blocks is None or max(to_card, back) >= len(RATES):
            return _NOT_ALLOWED
        reply = await self._send(target, bytes((0xD0, 0x11, back << 2 | to_card)), _RATS_S)
        if reply is None or reply.broken or reply.frame != b"\xd0":
            raise RadioFault(TIME_OUT if reply is None else CRC_WRONG)
        target.rates = (to_card, back)
        return _OK


def _with_cascade(card: Card) -> bytes:
    """A UID as a host gives it to look for one card: with a cascade tag before each part but the last."""
    uid = card.shown_uid
    if len(uid) == 4:
        return uid
    return b"\x88" + uid[:3] + _rest(uid[3:])


def _rest(uid: bytes) -> bytes:
    return uid if len(uid) == 4 else b"\x88" + uid[:3] + uid[3:]


def _collides(card: Card) -> list[int]:
    """Of two that answer at once, the chip goes on with who sends a one first (14443-3, 6.5.3)."""
    return [byte >> bit & 1 for byte in _with_cascade(card) for bit in range(8)]
