"""Changes the guest keys, home keys and logs of the residents of one lease."""

from micropython import const

from log.entry import LOGS
from people.changes import Changes
from people.entry import HOME_KEY, LOG, NoPlace
from people.shelves import make
from roll.record import DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from people.changes import Who

_HOME_KEYS_MAX = const(6)  # in the lock: so many have a place in HOME_MARKS (storage/names.py)


class Keys(Changes):
    """As Changes."""

    def key(self, who: "Who", what: int) -> "bytes | None":
        """The GUEST_KEY or HOME_KEY of a resident, or the name of their LOG."""
        found = None
        for entry, one in self.ours(what):
            if one.number == who.number > 0:
                found = entry[:DIGEST]
        return found

    def set_key(self, who: "Who", what: int, key: bytes) -> None:
        """Give a resident a GUEST_KEY, HOME_KEY or LOG (16 bytes). The one that they had opens no more.

        With no bytes: remove it.
        """
        alone = self.is_alone(who)
        number, owner = self.number_of(who) if key else (who.number, b"")
        gone = (number, 0) if alone else (number,)
        most = {HOME_KEY: _HOME_KEYS_MAX, LOG: LOGS}.get(what)
        keys = sum([1 for _ in self.residents.keys(what)])
        if most and key and keys >= most and self.key(who, what) is None:
            raise NoPlace("full")
        self.write(
            lambda entry, one: b"" if one.what == what and one.number in gone else entry,
            owner + (key and make(key, what, self.lease, 0, number)),
        )

    def drop_keys(self, what: int) -> None:
        """Remove the GUEST_KEY or HOME_KEY of every resident."""
        self.write(lambda entry, one: b"" if one.what == what else entry)
