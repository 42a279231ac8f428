"""Unwraps the keys of the cards that the operator has handed out; they come with the operator's list.

Each key is in two records of the list, a half in each: see roll/README.md.
"""

import struct
from hashlib import sha256

from cryptolib import aes
from micropython import const

from loader import Loan
from readers import card_secret
from roll.record import DIGEST
from storage.hmac import Mac
from storage.purposes import HOUSE_KEY, HOUSE_WRAP

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.card_keys import CardKeys
    from roll.credentials import Credentials

_MOST = const(4)
_ECB = const(1)


def read(key: bytes, credentials: "Credentials") -> "tuple[bytes, list[CardKeys]]":
    """The secret of the lock's own cards, and the keys of those that were handed out.

    None of the latter if the list cannot be read.
    """
    try:
        houses = house_keys(key, credentials)
    except OSError:
        houses = ()
    return card_secret.read(key), _made(houses) if houses else []


def _made(houses: "tuple[tuple[bytes, bytes], ...]") -> "list[CardKeys]":
    """A loan of its own: most lists have no such cards."""
    with Loan():
        from readers.handed_out import HouseKeys

        return [HouseKeys(*house) for house in houses]


def house_keys(key: bytes, credentials: "Credentials") -> "tuple[tuple[bytes, bytes], ...]":
    """(reference of one byte, house key) for each that the list has; `key` is the lock's."""
    found = []
    for number in range(1, _MOST + 1):
        reference, wrapped = bytes((number,)), b""
        for half in b"\0", b"\1":
            listed = credentials.find(sha256(HOUSE_KEY + reference + half).digest()[:DIGEST])
            if listed is not None:
                wrapped += struct.pack("<II", listed.not_before, listed.not_after)
        if len(wrapped) == 16:
            found.append((reference, aes(Mac(key).digest(HOUSE_WRAP, reference)[:16], _ECB).decrypt(wrapped)))
    return tuple(found)  # of none it takes no memory
