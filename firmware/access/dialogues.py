"""Begins a dialogue at the keypad; its code is loaded for as long as it lasts."""

from access.decide import AT_THE_DOOR, REFUSED
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.gate import Verdict
    from access.waiting import Waiting


class Dialogues:
    """`parts` are those of access/dialogue.py."""

    def __init__(self, *parts) -> None:
        self._parts = parts

    def begin(self, verdict: "Verdict", now: int) -> "tuple[Waiting | None, str]":
        """Do what a tenant is ASKING for, or have a new resident choose a PIN.

        What is awaited then, if anything is, and the signal of how it went.
        """
        try:
            with Loan():
                order = verdict.order
                if order == AT_THE_DOOR:
                    from access.phone_opening import begin
                elif order in (0, 1, 5, 9):
                    from access.dialogue import begin
                elif order in (2, 3):
                    from access.card_dialogue import begin
                elif order == 8 or order >= 80:
                    from access.log_order import begin
                else:
                    from access.order import begin

                return begin(verdict, now, *self._parts)
        except (ImportError, MemoryError, OSError):
            return None, REFUSED
