"""A keypad with a card reader on a Wiegand cable, in place of the matrix: `keypad.type` is "wiegand"."""

from menshen import wiring

from .board import Board

_KEYS = "0123456789*#"


class WiegandReader:
    """Its two lines are those of the board profile; bits are sent as low pulses (SIA AC-01)."""

    def __init__(self, board: Board) -> None:
        self._board = board
        self._lines = wiring.gpios(board.profile, "key_columns")[:2]
        for line in self._lines:
            board.set_input(line, 1)

    def send(self, bits: str) -> None:
        """One burst of "0" and "1"."""
        self._board.pulses([self._lines[int(bit)] for bit in bits])

    def key(self, key: str, size: int = 4) -> None:
        """A key, in 4 bits, or in 8 of which the first are the others' complement."""
        number = _KEYS.index(key)
        self.send(f"{number:04b}" if size == 4 else f"{number ^ 15:04b}{number:04b}")

    def card(self, number: bytes) -> None:
        """A card of 3 or 4 bytes, between its two bits of parity."""
        bits = "".join(f"{byte:08b}" for byte in number)
        half = len(bits) // 2
        first, last = bits[:half].count("1") & 1, ~bits[half:].count("1") & 1
        self.send(f"{first}{bits}{last}")

    def cut(self) -> None:
        """D1 is torn off, and lies on ground."""
        self._board.set_input(self._lines[1], 0)
