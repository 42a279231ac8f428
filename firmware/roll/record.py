"""What a record of the operator's list is: its bytes, its roles and its kinds. README.md shows it whole.

The constants cost no RAM: the build writes them out where they are used.
"""

import struct

from micropython import const

# Sizes in bytes of a record, and of what stands around it in the files.
DIGEST = const(16)
RECORD = const(32)
FRONT = const(16)  # of a snapshot: magic, count u32, two zeros
CHANGE = const(33)  # 1 put, 0 remove; the record
HEAD_FRONT = const(92)  # of the head: what stands in front of the changes, see HEAD_FORMAT in head.py

# A record behind its digest: role, kind, lease, schedule, uses, not before, not after, key reference.
FIELDS = "<BBHBBIIH"
ROLE = const(16)  # places in a record
KIND = const(17)

# Roles.
TENANT = const(1)
STAFF = const(2)
MOVE_IN = const(3)  # a code that opens nothing: with it a resident chooses a PIN
LEASE = const(4)  # states a lease: not_after is its end
SCHEDULE = const(5)  # a part of a schedule; the kind is its days of the week
HOLIDAY = const(6)
STAFF_PASSAGE = const(7)  # staff who may set passage mode, or end it
HOUSE_KEY = const(8)  # half of a wrapped key of cards that the operator hands out: readers/house_keys.py

# Kinds.
PIN = const(1)
CARD = const(2)
REMOTE = const(3)  # of what comes over the network: no record has this kind
PHONE = const(11)  # of a phone at the reader, nor this: log/entry.py has the numbers between


class Credential:
    """One record without its digest."""

    def __init__(self, record: "bytes | memoryview") -> None:
        (self.role, self.kind, self.lease, self.schedule, self.uses, self.not_before, self.not_after,
         self.key_ref) = struct.unpack_from(FIELDS, record, DIGEST)  # fmt: skip
