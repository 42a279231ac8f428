"""What the lease guard, the ledger and the decisions share about leases. Lent with each of them."""

import struct

from people.leases import ENTRY, ENTRY_FORMAT
from roll.record import DIGEST
from storage.hmac import hashed
from storage.purposes import LEASE_DIGEST

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Iterator

    from people.leases import Leases


def lease_digest(lease: int) -> bytes:
    """The digest under which the record that states a lease stands in a list."""
    return hashed(LEASE_DIGEST + lease.to_bytes(2, "little"))[:DIGEST]


def each(leases: "Leases") -> "Iterator[tuple[int, ...]]":
    """The fields of each entry, see ENTRY_FORMAT."""
    for place in range(0, len(leases.table), ENTRY):
        yield struct.unpack_from(ENTRY_FORMAT, leases.table, place)
