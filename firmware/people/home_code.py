"""Makes the code that a tenant types into Home Assistant: 20 letters and digits, 100 bits."""

_LETTERS = "abcdefghijkmnpqrstuvwxyz23456789"  # no two look alike: no l and o, no 0 and 1


def letters(key: bytes) -> str:
    """The code that a resident's home key (16 bytes) stands for: its first 100 bits, five a letter."""
    bits = int.from_bytes(key[:13], "big") >> 4
    return "".join([_LETTERS[bits >> place & 31] for place in range(95, -1, -5)])
