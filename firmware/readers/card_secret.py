"""The secret from which the keys of this lock's cards are made. It lies in two copies in the flash.

It is made here when the first card is added, and never leaves the lock.
"""

from storage.hmac import Mac
from storage.purposes import CARDS_FILE, NEW_CARD_SECRET
from storage.sealed import Sealed

PATH = "/access/cards"
_SIZE = 32  # bytes


def read(key: bytes) -> bytes:
    """The secret of the lock with this key; no bytes if there is none yet. What has rotted is mended."""
    file = Sealed(key, CARDS_FILE, PATH)
    secret = bytes(file.load(_SIZE))
    if secret:
        _copy(file, secret)
    return secret


def make(key: bytes) -> bytes:
    """A new secret, where there is none; OSError."""
    found = read(key)  # it may not have been readable at the start; all cards would be lost with it
    if found:
        return found
    file, secret = Sealed(key, CARDS_FILE, PATH), Mac(key).random(NEW_CARD_SECRET)
    file.save(secret)
    _copy(file, secret)
    return secret


def _copy(file: Sealed, secret: bytes) -> None:
    try:
        file.ensure_copy(secret)
    except OSError:
        pass  # it is tried again at the next start
