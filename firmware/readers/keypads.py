"""The keypad that the settings name."""

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board
    from readers.keypad import MatrixKeypad
    from readers.wiegand import Wiegand
    from settings import Settings


def keypad(
    settings: "Settings", board: "Board", card: "Callable", tell: "Callable"
) -> "MatrixKeypad | Wiegand":
    """The keypad. If it reads cards, too, `card` gets the number of each, and `tell` a signal's name."""
    with Loan():
        if settings.keypad != "wiegand":
            from readers.keypad import MatrixKeypad

            return MatrixKeypad(board.key_rows, board.key_columns, board.KEY_LAYOUT)
        from readers.wiegand import Wiegand

        if settings.reader == "none":
            card = tell = bool  # it does nothing, and no function of this module stays
        form = settings.reader_bits, settings.reader_parity
        return Wiegand(board.key_columns[0], board.key_columns[1], card, tell, *form)
