"""Opens a dialogue after a resident's PIN or a move-in code; its code is loaded for as long as it lasts."""

from time import ticks_diff

from micropython import const

from loader import Loan

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.dialogue import Dialogue

_OPEN_MS = const(10_000)


class Dialogues:
    """`parts` are those of access/dialogue.py."""

    def __init__(self, *parts) -> None:
        self._parts = parts
        self._dialogue: Dialogue | None = None
        self._entered: tuple[bytes, int] | None = None  # the PIN's digest, and the lease
        self._presented: tuple[int, int] | None = None  # what a phone can read now, and the lease
        self._since = 0  # ticks of either

    def entered(self, digest: bytes, lease: int, now: int) -> None:
        """A resident has opened with this PIN: for ten seconds `*` opens a dialogue."""
        self._entered, self._since = (digest, lease), now

    def move_in(self, digest: bytes, lease: int, now: int) -> None:
        """A move-in code was entered: open the dialogue in which the new resident chooses a PIN."""
        self._open().move_in(digest, lease, now)

    def key(self, key: str, now: int) -> bool:
        """Handle a key. False: it belongs to a code that is being entered."""
        if self._dialogue is not None:
            return self._close_if_done(self._dialogue.key(key, now), now)
        entered, self._entered = self._entered, None
        presented, self._presented = self._presented, None
        if ticks_diff(now, self._since) >= _OPEN_MS:
            return False
        if entered is not None and key == "*":
            self._open().menu(entered[0], entered[1], now)
        elif presented is not None and key == "#":
            self._open().present_other(*presented)
        else:
            return False
        return self._close_if_done(True, now)

    def pin(self, digits: "bytes | memoryview", now: int) -> bool:
        """Handle a code. False: it is none that is being chosen, and is to be judged."""
        return self._dialogue is not None and self._close_if_done(self._dialogue.pin(digits, now), now)

    def card(self, uid: bytes) -> bool:
        """Handle a card. False: it was not to be added or removed, and is to be judged."""
        return self._dialogue is not None and self._close_if_done(self._dialogue.card(uid), 0)

    def tick(self, now: int) -> None:
        """End what has waited for too long; to be called a few times a second."""
        if (self._entered or self._presented) and ticks_diff(now, self._since) >= _OPEN_MS:
            self._entered = self._presented = None
        if self._dialogue is not None:
            self._dialogue.tick(now)
            self._close_if_done(True, now)

    def _open(self) -> "Dialogue":
        """Load and make a dialogue."""
        self._entered = None
        with Loan():
            from access.dialogue import Dialogue

            self._dialogue = Dialogue(*self._parts)
            return self._dialogue

    def _close_if_done(self, handled: bool, now: int) -> bool:
        """Free the code of a dialogue that has ended, though a phone may be awaited for longer."""
        dialogue = self._dialogue
        if dialogue is not None and dialogue.done:
            self._dialogue = None
            if dialogue.presented is not None:
                self._presented, self._since = dialogue.presented, now
        return handled
