"""What the air between the reader's antenna and a card takes: time for frames, and a check on them.

ISO/IEC 14443-2 has the modulation, 14443-3 the frames (6.2) and the delays between them (6.2.1.1).
"""

CARRIER_HZ = 13_560_000
RATES = (106, 212, 424)
"""Kilobits a second, by the number that PPS and InPSL have for them (14443-4, 5.3)."""

ETU_S = 128 / CARRIER_HZ  # elementary time unit: one bit at 106 kbit/s
DELAYS_S = (1236 + 1172) / CARRIER_HZ  # the shortest delays before the answer, and before the next request
_FRAME_DELAY_UNIT_S = 256 * 16 / CARRIER_HZ  # 14443-4, 7.2 and 5.2.5
_FAST_START_S = 32 / (CARRIER_HZ / 16)  # a card's subcarrier before the start of a faster frame


def air_s(size: int, rate: int = 106, from_card: bool = False) -> float:
    """Seconds that a frame of `size` bytes, check bytes among them, takes at `rate` kbit/s.

    Nine bits a byte, one to start and one to end. Above 106 kbit/s a card begins with 32 periods of its
    subcarrier (14443-2, 8.2.4 and 14443-3, 6.2.3).
    """
    start = _FAST_START_S if from_card and rate > 106 else 0.0
    return start + (9 * size + 2) * ETU_S * 106 / rate


def exchange_s(request: int, response: int) -> float:
    """Seconds of one ISO/IEC 14443-4 block each way at 106 kbit/s: prologue and check take 3 bytes each."""
    return air_s(request + 3) + DELAYS_S + air_s(response + 3)


def waiting_s(number: int) -> float:
    """Seconds that FWI or SFGI stands for: 0.3 ms times two to its power (14443-4, 5.2.5)."""
    return _FRAME_DELAY_UNIT_S * 2**number


def crc_a(data: bytes) -> bytes:
    """The two check bytes of a type A frame, the lower one first (ISO/IEC 14443-3, 6.2.4 and annex B)."""
    register = 0x6363
    for byte in data:
        low = (byte ^ register) & 0xFF
        low = (low ^ low << 4) & 0xFF
        register = register >> 8 ^ low << 8 ^ low << 3 ^ low >> 4
    return register.to_bytes(2, "little")
