"""Leads from a resident's PIN to the dialogue in which they set things; its code is there only meanwhile."""

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
        self._since = 0

    def entered(self, digest: bytes, lease: int, now: int) -> None:
        """A resident has opened with this PIN: for ten seconds `*` leads on from here."""
        self._entered, self._since = (digest, lease), now

    def move_in(self, digest: bytes, lease: int, now: int) -> None:
        """A move-in code was entered: the new resident chooses a PIN."""
        self._open().move_in(digest, lease, now)

    def key(self, key: str, now: int) -> bool:
        """Whether this key belongs to the dialogue; the others belong to the code being entered."""
        if self._dialogue is not None:
            return self._after(self._dialogue.key(key, now))
        entered, self._entered = self._entered, None
        if entered is None or key != "*" or ticks_diff(now, self._since) >= _OPEN_MS:
            return False
        self._open().menu(entered[0], entered[1], now)
        return True

    def pin(self, digits: "bytes | memoryview", now: int) -> bool:
        """Whether this code was one that is being chosen, and not one to be judged."""
        return self._dialogue is not None and self._after(self._dialogue.pin(digits, now))

    def card(self, uid: bytes) -> bool:
        """Whether this card was held there to be added or removed, and not to open."""
        return self._dialogue is not None and self._after(self._dialogue.card(uid))

    def tick(self, now: int) -> None:
        """Follow the time; to be called a few times a second."""
        if self._entered is not None and ticks_diff(now, self._since) >= _OPEN_MS:
            self._entered = None
        if self._dialogue is not None:
            self._dialogue.tick(now)
            self._after(True)

    def _open(self) -> "Dialogue":
        """Begin one: its code is there for as long as it is."""
        self._entered = None
        with Loan():
            from access.dialogue import Dialogue

            self._dialogue = Dialogue(*self._parts)
            return self._dialogue

    def _after(self, heard: bool) -> bool:
        if self._dialogue is not None and self._dialogue.done:
            self._dialogue = None
        return heard
