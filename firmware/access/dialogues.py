"""Begins a dialogue at the keypad; its code is loaded for as long as it lasts."""

from access.decide import AT_THE_DOOR, REFUSED
from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from access.dialogue import Settings
    from access.gate import Verdict
    from access.restrictions import Restrictions
    from access.waiting import Phone, Waiting
    from people.register import Register
    from storage.hmac import Mac


class Dialogues:
    """Its parts are those of access/dialogue.py."""

    def __init__(
        self,
        lend_phone: "Callable[[], Phone]",
        register: "Register",
        restrictions: "Restrictions",
        mac: "Mac",
        settings: "Settings",
        clock: "Clock",
    ) -> None:
        self._parts = lend_phone, register, restrictions, mac, settings, clock

    def begin(self, verdict: "Verdict", now: int) -> "tuple[Waiting | None, str]":
        """Do what a tenant is ASKING for, or have a new resident choose a PIN.

        What is awaited then, if anything is, and the signal of how it went.
        """
        try:
            found, signal = self._begin(verdict, now)
            return (found, signal) if signal else self._present(now, *found)
        except (ImportError, MemoryError, OSError):
            return None, REFUSED

    def _begin(self, verdict: "Verdict", now: int) -> "tuple[Any, str]":
        """As begin(); or no signal, and what a phone is to get."""
        with Loan():
            order = verdict.order
            if order == AT_THE_DOOR:
                from access.phone_opening import begin
            elif order in (0, 1, 5, 9):
                from access.dialogue import begin
            elif order in (2, 3):
                from access.card_dialogue import begin
            else:
                from access.order import begin

            return begin(verdict, now, *self._parts)

    def _present(self, now: int, what: int, key: bytes) -> "tuple[Waiting | None, str]":
        """Called when the code for what was asked for has been given back: there is no memory for both."""
        with Loan():
            from access.waiting import present

            return present(now, self._parts[0], what, key)
