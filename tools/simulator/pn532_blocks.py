"""The reader's side of the block protocol as the PN532 has it, ISO/IEC 14443-4, 7: numbers, chains, WTX.

Status bytes are those of NXP's UM0701-02, 7.1; rules are those of 14443-4, 7.5.
"""

from collections.abc import Awaitable, Callable

from .cards.blocks import waiting_time_s
from .cards.card import Reply, frame_size
from .radio import CARRIER_HZ

MORE = 0x40  # in a target's number and in a status: 7.3.8
TIME_OUT, CRC_WRONG, PROTOCOL_WRONG = 0x01, 0x02, 0x0B
LONGEST = 262  # bytes of data in one response: 7.3.8
_I_BLOCK, _R_ACK, _R_NAK, _WTX, _CHAINED = 0x02, 0xA2, 0xB2, 0xF2, 0x10
_MARGIN_S = 49152 / CARRIER_HZ  # delta FWT: 14443-4, 7.2
Send = Callable[[bytes, float], Awaitable[Reply | None]]


class RadioFault(Exception):
    """The exchange has failed; `status` says how."""

    def __init__(self, status: int) -> None:
        super().__init__(f"status {status:#04x}")
        self.status = status


class ReaderSide:
    """One activated card. `repeats`: how often a block that got no good answer is asked for again."""

    def __init__(self, send: Send, ats: bytes, repeats: int) -> None:
        self._send, self._repeats = send, repeats
        self._inf_size = frame_size(ats) - 3
        self._wait_s = waiting_time_s(ats) + _MARGIN_S
        self._number = 0  # rule A
        self._waits: bytes | None = None  # a block of an answer for which the response had no room

    async def exchange(self, data: bytes, more: bool) -> bytes:
        """InDataExchange: status and data. `more`: what comes next belongs to the same command.

        No data asks for what the card still has (7.3.8).
        """
        block, self._waits = self._waits, None
        if block is None or data:
            block = await self._ask(data, more)
        answer = b""
        while not more:
            if len(answer) + len(block) - 1 > LONGEST:
                self._waits = block
                return bytes((MORE,)) + answer
            answer += block[1:]
            if not block[0] & _CHAINED:
                break
            block = await self._acknowledge()
        return b"\x00" + answer

    async def is_there(self) -> bool:
        """Diagnose 6 (7.2.1): R(NAK), to which a card that is there says R(ACK)."""
        reply = await self._send(bytes((_R_NAK | self._number,)), self._wait_s)
        return reply is not None and not reply.broken and reply.frame[:1] != b""

    async def _ask(self, data: bytes, more: bool) -> bytes:
        parts = [data[at : at + self._inf_size] for at in range(0, len(data), self._inf_size)] or [b""]
        reply = b""
        for place, part in enumerate(parts, 1):
            chained = _CHAINED if more or place < len(parts) else 0
            reply = await self._block(bytes((_I_BLOCK | chained | self._number,)) + part)
            wanted = _R_ACK if chained else _I_BLOCK
            if reply[0] & 0xE6 != wanted & 0xE6 or reply[0] & 1 != self._number:
                raise RadioFault(PROTOCOL_WRONG)
            self._number ^= 1  # rule B
        return reply

    async def _acknowledge(self) -> bytes:
        reply = await self._block(bytes((_R_ACK | self._number,)))
        if reply[0] & 0xE6 != _I_BLOCK or reply[0] & 1 != self._number:
            raise RadioFault(PROTOCOL_WRONG)
        self._number ^= 1
        return reply

    async def _block(self, block: bytes) -> bytes:
        """Send a block until there is a good answer (rules 4 to 6), and grant what time the card asks for."""
        frame, wait_s, left = block, self._wait_s, self._repeats
        while True:
            reply = await self._send(frame, wait_s)
            wait_s = self._wait_s
            if reply is None or reply.broken or not reply.frame:
                if not left:
                    raise RadioFault(TIME_OUT if reply is None else CRC_WRONG)
                left -= 1
                frame = bytes((_R_NAK | self._number,))
            elif reply.frame[0] & 0xF7 == _WTX and len(reply.frame) == 2:
                extension = max(1, min(59, reply.frame[1] & 0x3F))
                frame, wait_s = bytes((_WTX, extension)), self._wait_s * extension  # rule 3, and 7.3
            elif reply.frame[0] & 0xF6 == _R_ACK and reply.frame[0] & 1 != self._number:
                if not left:
                    raise RadioFault(PROTOCOL_WRONG)
                left -= 1
                frame = block  # rule 6: the card has not had it
            else:
                return reply.frame
