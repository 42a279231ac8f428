"""The order in which people count: flat-2 stands before flat-10."""

import re


def naturally(name: str) -> list[tuple[int, int, str]]:
    """A key to sort by: numbers within a name as numbers, the rest without regard to capital letters."""
    pieces = re.split(r"([0-9]+)", name)
    return [(0, int(piece), piece) if piece.isdecimal() else (1, 0, piece.casefold()) for piece in pieces]
