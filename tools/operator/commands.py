"""Commands to a lock from afar, as they travel on `<lock>/command`; the format stands in firmware/README.md.

The operator's key signs every command. To unlock, it carries besides a proof by whoever wants in: a tenant's
guest key, which the operator does not know, or the key that belongs to one staff credential.
"""

import secrets
import time
from dataclasses import dataclass, field

from .lists import mac, signed

LIFE_S = 60
_PURPOSE, _UNLOCK, _STAFF = b"menshen command v1", b"menshen unlock v1", b"menshen staff v1"


@dataclass(frozen=True)
class Command:
    """One command: "identify", "self-test", "restart" or "unlock". Times are seconds since 1970."""

    lock: str
    command: str
    nonce: str = field(default_factory=lambda: secrets.token_urlsafe(12))
    time: int = field(default_factory=lambda: int(time.time()))
    life_s: int = LIFE_S

    @property
    def fields(self) -> dict:
        """What it and its proof have to say alike."""
        return {
            "lock": self.lock,
            "time": self.time,
            "command": self.command,
            "nonce": self.nonce,
            "expires": self.time + self.life_s,
        }

    def proof(self, key: bytes) -> str:
        """What whoever wants in adds to a command to unlock, with a tenant's guest key or a staff key."""
        return signed(self.lock, key, _UNLOCK, self.fields)

    def message(self, key: bytes, **who: int | str) -> str:
        """The command signed with the lock's key; to unlock with `proof`, and `lease` or `credential`."""
        return signed(self.lock, key, _PURPOSE, {**self.fields, **who})


def staff_key(key: bytes, digest: bytes) -> bytes:
    """The key of one staff credential, by its digest, for whoever is to unlock with it from afar."""
    return mac(mac(key, _STAFF), digest)
