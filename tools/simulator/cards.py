"""Virtual cards: what the reader's radio field finds, and what each card answers."""

from dataclasses import dataclass

_SW_WRONG_INSTRUCTION = b"\x6d\x00"  # ISO/IEC 7816-4, 5.6
_SW_NOT_FOUND = b"\x6a\x82"
_INS_SELECT = 0xA4

# ISO/IEC 14443-3, 6.1 and 6.2.1.1: elementary time unit and the shortest frame delay times, seconds.
_CARRIER_HZ = 13_560_000
_ETU_S = 128 / _CARRIER_HZ
_DELAYS_S = (1236 + 1172) / _CARRIER_HZ


@dataclass(frozen=True)
class Card:
    """An ISO/IEC 14443-4 type A card; the defaults are an NTAG 424 DNA's (data sheet, 8.2 and 9.1)."""

    name: str
    uid: bytes
    sens_res: bytes = b"\x03\x44"
    sel_res: int = 0x20
    ats: bytes = bytes.fromhex("067777710280")

    @property
    def speaks_apdus(self) -> bool:
        """SEL_RES bit 6: the card goes on to ISO/IEC 14443-4 (14443-3, table 9)."""
        return bool(self.sel_res & 0x20)

    def exchange(self, apdu: bytes) -> bytes:
        """Answer one APDU with data and status word; this plain card holds no application."""
        found = len(apdu) > 1 and apdu[1] == _INS_SELECT
        return _SW_NOT_FOUND if found else _SW_WRONG_INSTRUCTION

    def activation_s(self) -> float:
        """Seconds on the air from REQA to the answer to RATS, at 106 kbit/s: about 5 ms for 7 bytes of UID.

        ISO/IEC 14443-3, 6.3 to 6.5: REQA and ATQA, then anticollision and SELECT for each cascade
        level (one for a UID of 4 bytes, two for 7); 14443-4, 5.1: RATS and ATS.
        """
        levels = 1 if len(self.uid) == 4 else 2
        total = 9 * _ETU_S + _DELAYS_S + air_s(2)
        total += levels * (air_s(2) + air_s(5) + air_s(9) + air_s(3) + 2 * _DELAYS_S)
        if self.speaks_apdus:
            total += air_s(4) + _DELAYS_S + air_s(len(self.ats) + 2)
        return total


def air_s(size: int) -> float:
    """Seconds that a frame of `size` bytes takes at 106 kbit/s: 9 bits a byte, one to start, one to end."""
    return (9 * size + 2) * _ETU_S


def exchange_s(request: int, response: int) -> float:
    """Seconds on the air of one ISO/IEC 14443-4 block each way: prologue and CRC take 3 bytes each."""
    return air_s(request + 3) + _DELAYS_S + air_s(response + 3)


def demo_cards() -> dict[str, Card]:
    """The cards that lie beside the demo lock, by name."""
    uids = {"tenant": "04A1B2C3D4E5F6", "cleaner": "04112233445566", "stranger": "049988776655AA"}
    return {name: Card(name, bytes.fromhex(uid)) for name, uid in uids.items()}
