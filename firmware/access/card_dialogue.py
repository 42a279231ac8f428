"""Adds a card of a resident's own at the door, or removes one; loaded instead of dialogue.py.

PIN * 2 #, then a card  adds the card
PIN * 3 #, then a card  removes the card
"""

from access.decide import AT_HOME_ELSEWHERE, ELSEWHERE, GOES_ON, KEPT, PLAIN, PROVED, REFUSED
from access.gate import Verdict
from access.waiting import FULL, Waiting, is_random
from loader import Loan
from people.entry import CREDENTIAL, OLD
from roll.record import CARD, DIGEST, TENANT
from storage.purposes import CARD_VALUE, PROVED_CARD_VALUE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.dialogue import Parts
    from people.cards import Cards
    from people.entry import Resident
    from roll.record import Credential


class CardDialogue(Waiting):
    """As Dialogue of dialogue.py. Its patience is that of Waiting: a card must be found first."""

    def __init__(self, verdict: Verdict, now: int, parts: "Parts") -> None:
        super().__init__(now)
        self._who = verdict
        _, self._register, _, self._mac, self._settings, self._clock = parts
        self._residents = self._register.residents
        self._has_room = verdict.order == 2 and bool(
            self._cards(lambda cards: cards.has_room(verdict.number))
        )

    def adds(self) -> bool:
        """Whether a card is awaited that is to become this lock's; none where there is no room for it."""
        return self._has_room and self.patience > 0

    def card(self, uid: bytes, kind: int = PLAIN) -> "Verdict | None":
        """The verdict where the card is added, removed or refused; None where it is to be judged.

        A card that is known is not added again: it is judged as usual. So is a flatmate's card.
        """
        if not self.patience:
            return None
        purpose = PROVED_CARD_VALUE if kind == PROVED else CARD_VALUE
        digest = self._mac.digest(purpose, uid)[:DIGEST]
        known = self._residents.find(digest, purpose, uid)
        listed = self._register.credentials.find(digest)
        if self._who.order != 2:
            return self._remove(known, listed, (digest, purpose, uid))
        is_over = self._register.leases.over(self._who.lease, self._clock.now())
        if known is not None or listed is not None or is_over:
            return None
        return self._add(kind, (digest, purpose, uid))

    # Each of the two is small: its code needs a piece of memory as long as itself.

    def _add(self, kind: int, which: "tuple[bytes, bytes, bytes]") -> Verdict:
        uid = which[2]
        if kind == ELSEWHERE or (kind == PROVED and len(uid) % 3 == 2):  # it was handed out: HouseKeys
            return Verdict(AT_HOME_ELSEWHERE, CARD)
        if kind == PLAIN and not self._could_open(uid):
            return Verdict(REFUSED, CARD)
        own = self._residents.digest(*which)
        return self._finish(lambda cards: cards.add_card(self._who, own))

    def _remove(
        self, known: "Resident | None", listed: "Credential | None", which: "tuple[bytes, bytes, bytes]"
    ) -> "Verdict | None":
        digest = which[0]
        if known is None:
            if not self._is_ours_alone(listed):
                return None
            return self._finish(lambda cards: cards.withdraw(digest))
        who = self._who
        if known.what != CREDENTIAL or known.lease != who.lease or known.number not in (0, who.number):
            return None
        own = self._residents.digest(*which)
        return self._finish(lambda cards: cards.remove(digest, own))

    def _could_open(self, uid: bytes) -> bool:
        """Whether a card opens this door by this number alone: "kept" is never shown for one that cannot.

        A phone shows another number each time, and some chips show zeros. A number that comes over Wiegand
        may begin as random ones do.
        """
        settings = self._settings
        return settings.plain_uid and any(uid) and (settings.reader != "pn532" or not is_random(uid))

    def _is_ours_alone(self, listed: "Credential | None") -> bool:
        """Whether a card of the list is one of the lease, and nobody else lives there."""
        if listed is None or (listed.role, listed.lease) != (TENANT, self._who.lease):
            return False
        return bool(self._cards(lambda cards: cards.is_alone(self._who)))

    def _finish(self, change: "Callable[[Cards], object]") -> Verdict:
        """Change the cards, and end. Nothing changes if something is full."""
        self.patience = 0
        return Verdict(REFUSED if self._cards(change) is False else KEPT, CARD)

    def _cards(self, use: "Callable[[Cards], object]") -> object:
        """What comes of it; False if something is full."""
        try:
            with Loan():
                from people.cards import Cards

                return use(Cards(self._register, self._who.lease))
        except FULL:
            return False


def begin(verdict: Verdict, now: int, *parts) -> "tuple[Waiting | None, str]":
    """What is awaited, and the signal."""
    if parts[1].residents.paths[OLD]:
        return None, REFUSED  # nothing can be set yet
    return CardDialogue(verdict, now, parts), GOES_ON
