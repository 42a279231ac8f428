"""Leaves out what only a type checker reads: its imports would cost the chip RAM."""

import ast
import re

_BLOCK = re.compile(r"\nTYPE_CHECKING = False\nif TYPE_CHECKING:\n(?:(?: +.*)?\n)+")


def is_program(source: str) -> bool:
    try:
        ast.parse(source)
    except SyntaxError:
        return False
    return True


def without(source: str) -> str:
    """The program without its `if TYPE_CHECKING:` block."""
    return _BLOCK.sub("\n", source)
