"""Calls functions without a name `_`: a .mpy file spells out `<lambda>` and the like, for tracebacks alone.

`_` is one of the names that a .mpy file of version 6 says by a number (py/makeqstrdata.py, static_qstr_list).
"""

_UNNAMED = {f"<{kind}>".encode() for kind in ("lambda", "genexpr", "listcomp", "dictcomp", "setcomp")}
_SHORT = b"\x11"  # the number of `_`, 8, and a bit which tells that it is one
_HEAD = 4  # bytes: "M", version, features, bits of a small int


def unnamed(compiled: bytes) -> bytes:
    """The .mpy file with such names short. Its form: docs/reference/mpyfiles.rst of MicroPython."""
    count, at = _number(compiled, _HEAD)
    _, at = _number(compiled, at)  # of objects
    made = compiled[:at]
    for _ in range(count):
        start = at
        number, at = _number(compiled, at)
        text = b"" if number & 1 else compiled[at : at + (number >> 1)]
        at += 0 if number & 1 else len(text) + 1  # a NUL
        made += _SHORT if text in _UNNAMED else compiled[start:at]
    return made + compiled[at:]


def _number(data: bytes, at: int) -> tuple[int, int]:
    """The number of any length that stands there, and what is behind it."""
    number = 0
    while True:
        number = number << 7 | data[at] & 0x7F
        at += 1
        if data[at - 1] < 0x80:
            return number, at
