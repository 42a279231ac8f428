"""What an entry of the residents' table is: its bytes, and what it can say. README.md shows it whole."""

import struct

from micropython import const

from roll.record import DIGEST, PIN

ENTRY = const(20)
FRONT = const(4)  # of a shelf: its sequence number
SHELVES = const(4)  # an entry is on the shelf of its lease, modulo this
OLD = const(4)  # the table of version 0.1.0, until migration.py has brought it to the shelves
ENTRY_FIELDS = "<BBH"  # behind the digest: what it is; kind, and number times 16; lease

# What an entry is. Its first 16 bytes are a digest, unless it says otherwise.
WITHDRAWN = const(0)  # a credential of the operator's list: it opens no more; kind PIN: it was typed
CREDENTIAL = const(1)  # a PIN or card that a resident has set
OWNER = const(2)  # a PIN of the operator's list is that of the resident with this number
NOTICE = const(3)  # until which hour of the lock's life u32, who gave it u8: the resident's, or 0 the list's
STAYS = const(4)  # a credential of the list that was used while there was notice, or (number LATE) came then
CARDS_GO = const(5)  # zeros: the list's cards of the lease are to be withdrawn
TOLD = const(6)  # zeros: the resident is to be told that of their notice something came
GUEST_KEY = const(7)  # the key itself
HOME_KEY = const(8)  # the key that the home code is made of
AGREES = const(9)  # the resident agrees to an earlier end: consent.py
LOG = const(10)  # the name of the resident's log, 15 random bytes, and for how many days it keeps an entry u8
LATE = const(15)  # number of no resident
WITHDRAWN_MAX = const(32)  # of a lease, one by one: cards, and what was typed; so many can come late, too
ALL = const(65535)  # more than a list has


class NoPlace(Exception):
    """There is no place for it."""


class Resident:
    """One entry without its digest.

    `kind` is that of a credential, `number` the resident's within the lease, 1 to 15; 0 is nobody's alone.
    """

    def __init__(self, entry: "bytes | memoryview") -> None:
        self.what, who, self.lease = struct.unpack_from(ENTRY_FIELDS, entry, DIGEST)
        self.kind, self.number = who & 15, who >> 4

    @property
    def is_pin(self) -> bool:
        """Whether this entry means that there is a resident."""
        return self.what == OWNER or (self.what == CREDENTIAL and self.kind == PIN)
