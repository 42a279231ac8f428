"""The keypad that the settings name; the code of the other one is never loaded."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any


def keypad_of(kind: str, board: "Any", on_card: "Callable[[bytes], None]") -> "Any":
    """A keypad of the settings' `keypad.type`; on_card(number) is told of cards, where it reads them too."""
    if kind == "wiegand":
        with Loan():
            from readers.wiegand import Wiegand

            return Wiegand(board.key_columns[0], board.key_columns[1], on_card)
    with Loan():
        from readers.keypad import MatrixKeypad

        return MatrixKeypad(board.key_rows, board.key_columns, board.KEY_LAYOUT)
