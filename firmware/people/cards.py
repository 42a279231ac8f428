"""Changes the cards of one lease: those that residents have added, and those of the operator's list."""

from micropython import const

from people.changes import Changes, same
from people.entry import ALL, CARDS_GO, CREDENTIAL, NoPlace
from people.shelves import make
from roll.record import CARD, DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who

CARDS_MAX = const(3)  # of a resident


class Cards(Changes):
    """As Changes."""

    def has_room(self, number: int) -> bool:
        """Whether a resident may add one more; 0: one who has no number yet."""
        cards = sum([one.kind == CARD and one.number == number for _, one in self.ours()])
        return not number or cards < CARDS_MAX

    def add_card(self, who: "Who", digest: bytes) -> None:
        """Add a card."""
        number, owner = self.number_of(who)
        if not self.has_room(number):
            raise NoPlace("full")
        self.write(same, owner + make(digest, CREDENTIAL, self.lease, CARD, number))

    def remove(self, *digests: bytes) -> None:
        """Remove a credential of this lease, which may lie under either of its digests."""
        self.write(lambda entry, one: b"" if entry[:DIGEST] in digests else entry)

    def withdraw(self, digest: bytes) -> None:
        """Have a credential of the operator's list open no more."""
        self.write(same, self.withdrawal(digest))

    def withdraw_all(self, digests: "list[bytes]") -> None:
        """The same of all that the list has: there are no more than it has, so there is a place for each."""
        if digests:
            self.write(same, b"".join([self.withdrawal(digest, 0, ALL) for digest in digests]))

    def remove_cards(self, who: "Who") -> None:
        """Remove all cards that a resident has added.

        If nobody else lives there all others go too: decisions.py withdraws those of the list.
        """
        alone = self.is_alone(who)
        number, added = self.number_of(who)
        gone = (number, 0) if alone else (number,)
        if alone:
            added += make(bytes(DIGEST), CARDS_GO, self.lease)
        self.write(
            lambda entry, one: (
                b"" if one.what == CARDS_GO or (one.kind == CARD and one.number in gone) else entry
            ),
            added,
        )
        self.residents.to_do = alone

    def cards_gone(self) -> None:
        """The list's cards have been withdrawn, or stay: nothing is left to do."""
        self.write(lambda entry, one: b"" if one.what == CARDS_GO else entry)
