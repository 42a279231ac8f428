"""Finds what residents have set themselves: PINs chosen at the keypad, cards added at the door, keys.

It lies in flash, on four shelves, and is searched in place; in RAM are two bytes of each entry. README.md has
the format. What reads and writes whole shelves, and changes them, is loaded for as long as it takes.
"""

from micropython import const

from loader import Loan
from people.entry import CREDENTIAL, ENTRY, FRONT, GUEST_KEY, OLD, OWNER, SHELVES, Resident
from roll.record import DIGEST
from storage.hmac import Mac

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from storage.nvs import Numbers


_GREETED_MAX = const(8)
_FEW = const(8)  # entries read at once


class Residents:
    """`own` is HMAC under the lock's own key, which the operator does not know; None where it has none.

    For each shelf `paths` has its file, or nothing, `firsts` the first byte of each entry, and `whats` what
    each entry is. `stale` has a bit for each shelf whose second copy is not up to date; `unread` says whether
    there is a file of which no copy is whole; `to_do` asks tending.py to run. `renewals` are (old digest,
    new digest) of credentials that were presented and still lie under the lock's key. `seal` is the key from
    which the shelves' own keys are made. `greeted` are digests of those to whom nothing is to be shown.
    """

    def __init__(self, key: bytes, numbers: "Numbers") -> None:
        self.paths, self.firsts, self.whats = [""] * 5, [b""] * 5, [b""] * 5
        self.stale, self.unread, self.to_do = 0, False, False
        self.renewals: list[tuple[bytes, bytes]] = []
        self.greeted: list[bytes] = []
        with Loan():
            from people.opening import open_all

            own, self.seal = open_all(self, key, numbers)
            self.own = Mac(own) if own else None

    def digest(self, digest: bytes, purpose: bytes, value: bytes) -> bytes:
        """The digest of a value under the lock's own key; `digest` is the one under the lock's key."""
        return digest if self.own is None else self.own.digest(purpose, value)[:DIGEST]

    def find(self, digest: bytes, purpose: bytes, value: bytes) -> "Resident | None":
        """The entry of a PIN or card: a CREDENTIAL, or what is said of the list's, WITHDRAWN or OWNER."""
        own = self.digest(digest, purpose, value)
        found = self.entry(own)
        if found is None and own != digest:
            found = self.entry(digest)
            if found is not None and found.what == CREDENTIAL and (digest, own) not in self.renewals:
                self.renewals.append((digest, own))
        return found

    def entry(self, digest: bytes) -> "Resident | None":
        """The entry of a digest."""
        for shelf in range(SHELVES + 1):
            firsts = self.firsts[shelf]
            place = firsts.find(digest[:1])
            while place >= 0:
                with open(self.paths[shelf], "rb") as file:
                    file.seek(FRONT + place * ENTRY)
                    entry = file.read(ENTRY)
                if entry[:DIGEST] == digest and entry[DIGEST] <= OWNER:
                    return Resident(entry)
                place = firsts.find(digest[:1], place + 1)
        return None

    def greet(self, digest: bytes) -> None:
        """Note that nothing is to be shown to whoever has this PIN or card, until there is something new."""
        if len(self.greeted) >= _GREETED_MAX:
            self.greeted.pop()
        self.greeted.append(digest)

    def each(self, shelf: int) -> "Iterator[bytes]":
        """The entries of a shelf, in order. It must not be written meanwhile."""
        if self.firsts[shelf]:
            with open(self.paths[shelf], "rb") as file:
                file.seek(FRONT)
                for _ in self.firsts[shelf]:
                    yield file.read(ENTRY)

    def keys(self, what: int = GUEST_KEY) -> "Iterator[tuple[int, bytes]]":
        """Whose (lease, and number times 65,536), and key or other first 16 bytes, of each entry of a kind.

        No file stays open between two keys, so a shelf may be written meanwhile: what moves then may be
        missed.
        """
        for shelf in range(SHELVES + 1):
            place = 0
            while place >= 0:
                place, few = self._few(shelf, bytes((what,)), place)
                for entry in few:
                    if entry[DIGEST:][:1] == bytes((what,)):
                        one = Resident(entry)
                        yield one.lease | one.number << 16, entry[:DIGEST]

    def _few(self, shelf: int, what: bytes, place: int) -> "tuple[int, list[bytes]]":
        """The next entries of a kind from a place on, and the place of the one behind them; -1: no more."""
        place, few = self.whats[shelf].find(what, place), []
        if place >= 0:
            with open(self.paths[shelf], "rb") as file:
                while place >= 0 and len(few) < _FEW:
                    file.seek(FRONT + place * ENTRY)
                    few.append(file.read(ENTRY))
                    place = self.whats[shelf].find(what, place + 1)
        return place, few

    def ensure_copy(self) -> None:
        """Put what came under its old digest under the new one, or bring a shelf's second copy up to date.

        To be called each second. MemoryError and ImportError: there is no memory for it now; OSError: the
        flash is full.
        """
        if self.renewals and not self.paths[OLD]:
            with Loan():
                from people.tidying import renew

                renew(self)
        elif self.stale:
            with Loan():
                from people.tidying import ensure_copy

                ensure_copy(self)
