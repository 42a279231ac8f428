"""Move-in codes and staff PINs: made or asked for, shown once, and kept as the list has them only."""

import re
import secrets
from itertools import pairwise

from menshen.errors import InputError

from .lists import PIN, mac

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


def pin_digest(key: bytes, pin: str) -> bytes:
    """The same for a PIN that a person chose; raises CodeError."""
    if not re.fullmatch(r"[0-9]{4,10}", pin):
        raise CodeError("--pin: a PIN has 4 to 10 digits")
    if is_weak(pin):
        raise CodeError("--pin: equal digits and runs such as 3456 are guessed first; choose another")
    return digest(key, PIN, pin.encode())


def card_uid(text: str) -> bytes:
    """The bytes of a card's UID, of which there are 4, 7 or 10; raises CodeError."""
    plain = re.sub(r"[:\s-]", "", text)
    if not re.fullmatch(r"(?:[0-9A-Fa-f]{8}|[0-9A-Fa-f]{14}|[0-9A-Fa-f]{20})", plain):
        raise CodeError(f"--card {text}: a UID has 8, 14 or 20 hexadecimal digits, such as 04a1b2c3d4e5f6")
    return bytes.fromhex(plain)
