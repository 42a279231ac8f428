"""Move-in codes and staff PINs: made or asked for, shown once, and stored only as the list has them."""

import re
import secrets
from itertools import pairwise

from menshen.errors import InputError

from .lists import mac

_MOVE_IN_DIGITS = 8


class CodeError(InputError):
    """This is no PIN and no card; the message names what would be right."""


def is_weak(pin: str) -> bool:
    """The rule of firmware/access/dialogue.py: one digit again and again, or a run like 3456 or 8765."""
    steps = {int(two) - int(one) for one, two in pairwise(pin)}
    return not 4 <= len(pin) <= 10 or (len(steps) == 1 and steps <= {0, 1, -1})


def move_in_code() -> str:
    """Eight digits from the system's generator."""
    while True:
        code = "".join(secrets.choice("0123456789") for _ in range(_MOVE_IN_DIGITS))
        if not is_weak(code):
            return code


def digest(key: bytes, kind: int, value: bytes) -> bytes:
    """What stands for a PIN or card in the list of the lock with this key."""
    return mac(key, bytes((kind,)) + value)[:16]


def checked_pin(pin: str) -> str:
    """A PIN that a person chose; raises CodeError."""
    if not re.fullmatch(r"[0-9]{4,10}", pin):
        raise CodeError("--pin: a PIN has 4 to 10 digits")
    if is_weak(pin):
        raise CodeError("--pin: equal digits and runs such as 3456 are guessed first; choose another")
    return pin


def card_number(text: str, bits: int = 26, parity: str = "halves") -> bytes:
    """What a reader sends for a card, from how people write it; raises CodeError.

    A UID has 4, 7 or 10 bytes, in hexadecimal digits. A Wiegand reader of 26 bits says 3 bytes, one of 34
    bits 4 and one of 37 bits 5, the highest first: they are written as digits too, as the number that they
    make (0005076483), or as facility and number (077,30211). Of other lengths `parity` says how many bits
    are the number, as firmware/readers/wiegand.py has it.
    """
    plain = re.sub(r"[:\s-]", "", text)
    width = bits - {"halves": 2, "none": 0}.get(parity, 1)
    size, split = (width + 7) // 8, {26: 16, 34: 16, 37: 19}.get(bits, 0)
    if split and re.fullmatch(r"[0-9]{1,5},[0-9]{1,6}", plain):
        facility, number = map(int, plain.split(","))
        if facility < 1 << (width - split) and number < 1 << split:
            return (facility << split | number).to_bytes(size, "big")
    elif re.fullmatch(r"[0-9]{10}" if bits in (26, 34) else r"[0-9]{1,20}", plain):
        if int(plain) < 1 << width:
            return int(plain).to_bytes(size, "big")
    elif re.fullmatch(r"[0-9A-Fa-f]+", plain) and len(plain) in (6, 8, 14, 20, 2 * size):
        return bytes.fromhex(plain)
    digits = "ten decimal ones" if bits in (26, 34) else "decimal ones"
    parts = ", or as 077,30211" if split else ""
    raise CodeError(
        f"--card {text}: a UID of 8, 14 or 20 hexadecimal digits is right, or a number of {bits} bits as "
        f"{2 * size} hexadecimal digits, as {digits}{parts} (--bits says how many)"
    )


def own_number(text: str, bits: int, parity: str) -> bytes:
    """As card_number(), but it refuses what could not open: zeros, or a UID that is made up anew each time.

    Such a UID has four bytes, of which the first is 08 (ISO/IEC 14443-3, 6.5.4); a number of as many bytes
    by Wiegand may begin so.
    """
    number = card_number(text, bits, parity)
    if not any(number):
        raise CodeError(f"--card {text}: zeros are no card's own number, and would not open")
    if bits == 26 and len(number) == 4 and number[0] == 8:
        raise CodeError(
            f"--card {text}: a UID of four bytes that begins with 08 is another one each time, and would not "
            "open again; --make-card is right for a card that can prove itself, --bits 34 for Wiegand"
        )
    return number


def card_said(value: bytes) -> str:
    """How a card is shown: "4D7603 (077,30211)"."""
    digits = value.hex().upper()
    if len(value) != 3:
        return digits
    return f"{digits} ({value[0]:03},{int.from_bytes(value[1:], 'big'):05})"
