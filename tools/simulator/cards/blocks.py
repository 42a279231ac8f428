"""The card's side of the block protocol, ISO/IEC 14443-4, 7: numbers, chains, repeats, time to compute.

Rules by their letters and numbers are those of 7.5.4 and 7.5.5. No CID, no NAD: the reader asks for neither.
"""

from collections.abc import Callable

from menshen.simulator.radio import RATES, waiting_s

_I_BLOCK, _R_BLOCK = 0x02, 0xA2
_MORE, _NAK = 0x10, 0x10
_DESELECT, _WTX, _PPS = 0xC2, 0xF2, 0xD0
_MOST_EXTENSIONS = 59  # WTXM: 7.3
_IN_TIME = 0.9  # of the time it has, a card takes no more
Answer = tuple[bytes, float]
"""A frame, and the seconds that the card took over it."""


class BlockSide:
    """One activation. `exchange` answers an APDU, `thinks_s` says how long the card computes for it.

    A card that thinks longer than its frame waiting time asks for more with S(WTX), as long as it takes.
    """

    def __init__(
        self,
        exchange: Callable[[bytes], bytes],
        thinks_s: Callable[[bytes], float],
        ats: bytes,
        reader_size: int,
    ) -> None:
        self._exchange, self._thinks_s = exchange, thinks_s
        self._inf_size = reader_size - 3  # PCB and two check bytes
        self._fwt_s = waiting_s(_waiting_number(ats))
        self._rates = ats[2] if len(ats) > 2 and ats[1] & 0x10 else 0
        self._hears = 0  # of RATES
        self._number = 1  # rule C
        self._asked = b""  # a command that comes in a chain
        self._left = b""  # of an answer that goes in a chain
        self._owed_s = 0.0  # time that the answer still takes
        self._last = b""
        self._fresh, self.ended = True, False

    def frame(self, frame: bytes, rate: int) -> Answer | None:
        """The answer to a block; None where the card says nothing, since the block was none."""
        if rate != RATES[self._hears]:
            return None
        fresh, self._fresh = self._fresh, False
        head = frame[0]
        if fresh and head & 0xF0 == _PPS:
            return self._change_rates(frame)
        if head & 0xE6 == _R_BLOCK and len(frame) == 1:
            return self._acknowledged(head)
        if head & 0xE6 == _I_BLOCK and not head & 0x0C:
            return self._data(head, frame[1:])
        if head == _WTX and len(frame) == 2:
            return self._go_on_thinking()
        if head == _DESELECT and len(frame) == 1:
            self.ended = True
            return self._say(frame)
        return None

    def _change_rates(self, frame: bytes) -> Answer | None:
        """PPS (5.3): only rates that TA(1) has, the same both ways where its bit 8 says so (5.2.4)."""
        if len(frame) != 3 or frame[0] & 0x0F or frame[1] != 0x11:
            return None
        to_reader, to_card = frame[2] >> 2 & 3, frame[2] & 3
        asked = ((to_reader, self._rates >> 4), (to_card, self._rates))
        known = all(rate < len(RATES) and (not rate or has >> rate - 1 & 1) for rate, has in asked)
        if not known or (self._rates & 0x80 and to_reader != to_card):
            return None
        self._hears = to_card
        return frame[:1], 0.0

    def _data(self, head: int, inf: bytes) -> Answer:
        """An I-block, whatever its number (rule D)."""
        self._number ^= 1
        self._asked += inf
        self._left = b""
        if head & _MORE:
            return self._say(bytes((_R_BLOCK | self._number,)))
        apdu, self._asked = self._asked, b""
        self._left = self._exchange(apdu)
        self._owed_s = self._thinks_s(apdu)
        return self._answer_or_wait(self._fwt_s)

    def _answer_or_wait(self, granted_s: float) -> Answer:
        """The answer, where it is ready well within the time granted, or S(WTX) for what it still takes."""
        if self._owed_s <= granted_s * _IN_TIME:
            took_s, self._owed_s = self._owed_s, 0.0
            return self._send(took_s)
        took_s = granted_s * _IN_TIME
        self._owed_s -= took_s
        extension = min(_MOST_EXTENSIONS, int(self._owed_s / (self._fwt_s * _IN_TIME)) + 1)
        return self._say(bytes((_WTX, extension)), took_s)

    def _go_on_thinking(self) -> Answer | None:
        """The reader has granted S(WTX)."""
        if not self._last or self._last[0] != _WTX:
            return None
        return self._answer_or_wait(self._last[1] * self._fwt_s)

    def _send(self, after_s: float = 0.0) -> Answer:
        """The next part of the answer."""
        part, self._left = self._left[: self._inf_size], self._left[self._inf_size :]
        more = _MORE if self._left else 0
        return self._say(bytes((_I_BLOCK | more | self._number,)) + part, after_s)

    def _acknowledged(self, head: int) -> Answer | None:
        if head & 1 == self._number:  # rule 11
            return self._say(self._last) if self._last else None
        if head & _NAK:  # rule 12
            return bytes((_R_BLOCK | self._number,)), 0.0
        if self._left:  # rules E and 13
            self._number ^= 1
            return self._send()
        return None

    def _say(self, frame: bytes, after_s: float = 0.0) -> Answer:
        self._last = frame
        return frame, after_s


def _times(ats: bytes) -> int:
    """TB(1), which stands after TA(1): FWI, and SFGI; 4 and 0 where it is absent, or either is 15 (5.2.5)."""
    place = 2 + bool(ats[1:2] and ats[1] & 0x10)
    said = ats[place] if len(ats) > place and ats[1] & 0x20 else 0xFF
    wait, guard = said >> 4, said & 0x0F
    return (4 if wait == 15 else wait) << 4 | (0 if guard == 15 else guard)


def _waiting_number(ats: bytes) -> int:
    return _times(ats) >> 4


def waiting_time_s(ats: bytes) -> float:
    """How long a reader waits for the answer to a block of a card with this ATS."""
    return waiting_s(_waiting_number(ats))


def guard_time_s(ats: bytes) -> float:
    """How long a reader waits after the ATS before its first block (5.2.5)."""
    number = _times(ats) & 0x0F
    return waiting_s(number) if number else 0.0
