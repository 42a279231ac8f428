"""Leads from a resident's PIN to the dialogue in which they set things; its code is there only meanwhile."""

from time import ticks_diff

from micropython import const

from loader import unload

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.dialogue import Enrolment
    from access.restrictions import Seldom
    from people.changes import Changes
    from people.leases import Leases
    from people.residents import Residents
    from roll.credentials import Credentials
    from storage.hmac import Mac

_OFFERED_MS = const(10_000)


class Residency:
    """`begin()` gives a new dialogue, `end()` is called once nobody needs it any more."""

    def __init__(self, begin: "Callable[[], Enrolment]", end: "Callable[[], None]") -> None:
        self._begin, self._end = begin, end
        self._dialogue: Enrolment | None = None
        self._offer: tuple[bytes, int] | None = None
        self._since = 0

    def offer(self, digest: bytes, lease: int, now: int) -> None:
        """A resident has opened with this PIN: for ten seconds `*` leads on from here."""
        self._offer, self._since = (digest, lease), now

    def move_in(self, digest: bytes, lease: int, now: int) -> None:
        """A move-in code was entered: the new resident chooses a PIN."""
        self._open().move_in(digest, lease, now)

    def key(self, key: str, now: int) -> bool:
        """Whether this key belongs to the dialogue; the others belong to the code being entered."""
        if self._dialogue is not None:
            return self._after(self._dialogue.key(key, now))
        offer, self._offer = self._offer, None
        if offer is None or key != "*" or ticks_diff(now, self._since) >= _OFFERED_MS:
            return False
        self._open().menu(offer[0], offer[1], now)
        return True

    def pin(self, digits: "bytes | memoryview", now: int) -> bool:
        """Whether this code was one that is being chosen, and not one to be judged."""
        return self._dialogue is not None and self._after(self._dialogue.pin(digits, now))

    def card(self, uid: bytes) -> bool:
        """Whether this card was held there to be added or removed, and not to open."""
        return self._dialogue is not None and self._after(self._dialogue.card(uid))

    def tick(self, now: int) -> None:
        """Follow the time; to be called a few times a second."""
        if self._offer is not None and ticks_diff(now, self._since) >= _OFFERED_MS:
            self._offer = None
        if self._dialogue is not None:
            self._dialogue.tick(now)
            self._after(True)

    def _open(self) -> "Enrolment":
        self._offer = None
        self._dialogue = self._begin()
        return self._dialogue

    def _after(self, heard: bool) -> bool:
        if self._dialogue is not None and self._dialogue.done:
            self._dialogue = None
            self._end()
        return heard


def dialogues(
    residents: "Residents", credentials: "Credentials", leases: "Leases", guests: "Seldom", mac: "Mac",
    say: "Callable[[str], None]", hand_over: "Callable[[int, bytes], None]", has_home: bool,
) -> "Residency":  # fmt: skip
    """A Residency whose dialogues change these parts; for the last three see enrolment.py."""

    def begin() -> "Enrolment":
        from access.dialogue import Enrolment

        return Enrolment(residents, changes, credentials, move_out, guests, mac, say, hand_over, has_home)

    def changes() -> "Changes":
        from people.changes import Changes

        return Changes(residents)

    def move_out(lease: int) -> None:
        from people.guard import Guard

        Guard(leases, residents, True).move_out(lease)

    def end() -> None:
        unload("access.dialogue", "people.changes", "people.guard")

    return Residency(begin, end)
