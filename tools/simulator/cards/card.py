"""A type A card as the radio field sees it: wake-up, anticollision, and frames in and out (ISO/IEC 14443-3).

A frame is given and taken without its two check bytes. Silence is None, as in the air.
"""

from dataclasses import dataclass

from menshen.simulator.radio import DELAYS_S, ETU_S, air_s

from .blocks import BlockSide

_HALT = b"\x50\x00"  # 14443-3, 6.4.3
_RATS = 0xE0  # 14443-4, 5.1
_FRAME_SIZES = (16, 24, 32, 40, 48, 64, 96, 128, 256)  # FSDI and FSCI: 14443-4, 5.1 and 5.2.3
OFF, IDLE, ACTIVE, HALT, PROTOCOL = "off", "idle", "active", "halt", "protocol"


@dataclass(frozen=True)
class Reply:
    """What a card sends: a frame, seconds after the earliest moment; broken: its check bytes do not match."""

    frame: bytes
    after_s: float = 0.0
    broken: bool = False


class Card:
    """An ISO/IEC 14443 type A card; the defaults are an NTAG 424 DNA's (NT4H2421Gx, 8.2 and 9.1).

    It keeps its state (14443-3, 6.3): a card in HALT hears WUPA alone, one in PROTOCOL neither, and one that
    is asked while it is selected falls back without a word.
    """

    def __init__(
        self,
        name: str,
        uid: bytes,
        sens_res: bytes = b"\x03\x44",
        sel_res: int = 0x20,
        ats: bytes = bytes.fromhex("067777710280"),
    ) -> None:
        if len(uid) not in (4, 7, 10):
            raise ValueError(f"a UID has 4, 7 or 10 bytes (14443-3, 6.5.4): {uid.hex()}")
        self.name, self.uid = name, uid
        self._sens_res, self.sel_res, self.ats = sens_res, sel_res, ats
        self.state, self.starts = OFF, 0
        self._was_halted = False
        self._blocks: BlockSide | None = None

    # -- what kinds of cards differ in

    def exchange(self, apdu: bytes) -> bytes:
        """Answer one APDU with data and status word (ISO/IEC 7816-4, 5.6); this one holds no application."""
        found = len(apdu) > 1 and apdu[1] == 0xA4
        return b"\x6a\x82" if found else b"\x6d\x00"

    def thinks_s(self, apdu: bytes) -> float:
        """Seconds that the card itself takes over an APDU; nothing where nobody has measured it."""
        return 0.0

    def woken(self) -> None:
        """The field is there: forget what lived in volatile memory."""

    def raw(self, frame: bytes) -> Reply | None:
        """Answer a frame before ISO/IEC 14443-4 is on, other than RATS and HLTA."""
        return None

    # -- the field

    def power(self, on: bool) -> None:
        """The field comes, or goes."""
        if on == (self.state == OFF):
            self.state, self._was_halted, self._blocks = IDLE if on else OFF, False, None
            if on:
                self.starts += 1
                self.woken()

    @property
    def shown_uid(self) -> bytes:
        """The UID that anticollision finds; not the card's own where that is random."""
        return self.uid

    @property
    def sens_res(self) -> bytes:
        """The answer to REQA, the upper byte first; it says how long the UID is (14443-3, 6.5.2)."""
        size = (4, 7, 10).index(len(self.shown_uid))
        return bytes((self._sens_res[0], self._sens_res[1] & 0x3F | size << 6))

    @property
    def speaks_apdus(self) -> bool:
        """SEL_RES bit 6: the card goes on to ISO/IEC 14443-4 (14443-3, table 9)."""
        return bool(self.sel_res & 0x20)

    def request(self, halted_too: bool = False) -> bool:
        """REQA, or WUPA for halted cards too: whether it answers."""
        if self.state == ACTIVE:
            self.state = HALT if self._was_halted else IDLE
            return False
        return self.state == IDLE or (self.state == HALT and halted_too)

    def select(self) -> None:
        """Anticollision has found it."""
        self._was_halted = self.state == HALT
        self.state = ACTIVE

    def frame(self, frame: bytes, rate: int = 106) -> Reply | None:
        """Answer a frame that came at `rate` kbit/s."""
        if not frame or self.state not in (ACTIVE, PROTOCOL):
            return None
        if self.state == ACTIVE:
            return self._first(frame)
        assert self._blocks is not None
        answer = self._blocks.frame(frame, rate)
        if self._blocks.ended:
            self.state = HALT
        return Reply(*answer) if answer else None

    def _first(self, frame: bytes) -> Reply | None:
        if frame == _HALT:
            self.state = HALT
            return None
        if frame[0] == _RATS and len(frame) == 2 and self.speaks_apdus:
            self.state = PROTOCOL
            size = _FRAME_SIZES[min(frame[1] >> 4, 8)]
            self._blocks = BlockSide(self.exchange, self.thinks_s, self.ats, size)
            return Reply(self.ats)
        answer = self.raw(frame)
        if answer is None:
            self.state = HALT if self._was_halted else IDLE
        return answer

    # -- what it takes

    def selection_s(self) -> float:
        """Seconds on the air from REQA to the last SAK, at 106 kbit/s.

        14443-3, 6.3 to 6.5: REQA and ATQA, then anticollision and SELECT for each cascade level, of which a
        UID of 4 bytes has one, of 7 two and of 10 three.
        """
        levels = (4, 7, 10).index(len(self.shown_uid)) + 1
        level = air_s(2) + air_s(5) + air_s(9) + air_s(3) + 2 * DELAYS_S
        return 9 * ETU_S + DELAYS_S + air_s(2) + levels * level

    def activation_s(self) -> float:
        """The same, with RATS and ATS where it has them (14443-4, 5.1): about 5 ms for 7 bytes of UID."""
        rats = air_s(4) + DELAYS_S + air_s(len(self.ats) + 2) if self.speaks_apdus else 0.0
        return self.selection_s() + rats


def frame_size(ats: bytes) -> int:
    """FSC: how many bytes of a frame, check bytes among them, a card with this ATS takes (14443-4, 5.2.3)."""
    return _FRAME_SIZES[min(ats[1] & 0x0F, 8)] if len(ats) > 1 else 32
