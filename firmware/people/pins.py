"""Changes the PINs of the residents of one lease: moving in, another PIN, moving out."""

from loader import Loan
from people.changes import Changes
from people.entry import CREDENTIAL, NOTICE, OWNER
from people.shelves import make
from roll.record import DIGEST, PIN

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who
    from people.entry import Resident


class Pins(Changes):
    """As Changes."""

    def move_in(self, code: bytes, digest: bytes) -> None:
        """A new resident has chosen a PIN of this digest; the code of the list is used up.

        If its last resident had left, the notice that the list's cards had for that reason is over.
        """
        pin = make(digest, CREDENTIAL, self.lease, PIN, self.free())
        self.write(
            lambda entry, one: (
                b"" if entry[:DIGEST] == code or (one.what == NOTICE and not entry[4]) else entry
            ),
            pin + self.withdrawal(code, PIN),
        )

    def change_pin(self, who: "Who", digest: bytes) -> None:
        """A resident has chosen another PIN; the old one opens no more, wherever it stands."""
        number, owner = self.number_of(who)
        pin = make(digest, CREDENTIAL, self.lease, PIN, number)
        added = self.withdrawal(who.digest, PIN) if self.is_listed(who) else b""
        self.write(
            lambda entry, one: pin if one.is_pin and one.number == number else entry,
            (owner and pin) + added,
        )

    def move_out(self, who: "Who") -> None:
        """Remove all that a resident has set; a PIN of the list opens no more."""
        added = self.withdrawal(who.digest, PIN) if self.is_listed(who) else b""
        number = who.number

        def edit(entry: bytes, one: "Resident") -> bytes:
            is_ours = one.number == number or (one.what == NOTICE and entry[4] == number)
            return b"" if number and is_ours else entry

        self.write(edit, added)
        if number:
            self._erase_log()

    def _erase_log(self) -> None:
        """What cannot be erased now is erased with the hour."""
        try:
            with Loan():
                from people.logs import close

                close(self.register)
        except (OSError, ImportError, MemoryError):
            pass

    def is_listed(self, who: "Who") -> bool:
        """Whether the list has this PIN, or may have it: one that stands in for a broken one may not."""
        found = self.residents.entry(who.digest)
        in_list = self.credentials.find(who.digest) is not None or not self.credentials.whole
        return in_list or not who.number or (found is not None and found.what == OWNER)
