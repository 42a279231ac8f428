"""The pins of each board profile, by part, as firmware/wiring.py has them."""

import runpy
from collections.abc import Mapping, Sequence
from functools import cache

from . import checkout

PARTS = (
    "relay",
    "reader_tx",
    "reader_rx",
    "reader_irq",
    "reader_reset",
    "key_rows",
    "key_columns",
    "contact",
    "exit_button",
    "tamper",
    "jumper",
    "buzzer",
    "light",
)
"""What stands in each place of a table, as firmware/board.py takes it; behind are the pins of faults."""

BOARDS = ("devkit", "wrover", "s3")
HAVE_PSRAM = ("wrover", "s3")

Pins = Mapping[str, int | Sequence[int]]


def named(table: Sequence) -> Pins:
    """A table as the lock has it, by part, or by the name of the fault that a pin reports."""
    known = dict(zip(PARTS, table, strict=False))
    return known | {fault: number for fault, number, _ in table[len(PARTS) :]}


@cache
def pins(board: str) -> Pins:
    """GPIO numbers of a board's parts. Needs a checkout."""
    checkout.needed("run")
    return named(runpy.run_path(str(checkout.TOP / "firmware/wiring.py"))["pins"](board, True))


def gpio(board: str, part: str) -> int:
    """The one pin of a part."""
    number = pins(board)[part]
    if not isinstance(number, int):
        raise TypeError(f"{part} has several pins")
    return number


def gpios(board: str, part: str) -> Sequence[int]:
    """The pins of a part that has several."""
    numbers = pins(board)[part]
    if isinstance(numbers, int):
        raise TypeError(f"{part} has one pin")
    return numbers
