"""Reads the signed head of a credential list: the version offered, its snapshot, and the changes over it.

Loaded for as long as that takes.
"""

from micropython import const

from access.head import CHANGES_MAX, COUNT_MAX, ListError
from access.records import is_known
from link.envelope import decode, verify

_PURPOSE = b"menshen list v1"
_FIELDS = ("lock", "time", "version", "base", "sha256", "size", "delta")
_NUMBER_MAX = const(0x3FFFFFFF)
_TIME_MAX = const(0xFFFFFFFF)
_FRONT = const(16)
_RECORD = const(32)
_CHANGE = const(33)
_DIGEST = const(16)


class Offer:
    """`time` is in seconds since 1970; `name` the SHA-256 of the snapshot, in hexadecimal."""

    def __init__(self, head: dict, lock_id: str) -> None:
        if head.get("lock") != lock_id:
            raise ListError("wrong lock")
        if len(head) != len(_FIELDS) or any(name not in head for name in _FIELDS):
            raise ListError("malformed")
        self.time = _number(head["time"], 0, _TIME_MAX)
        self.version = _number(head["version"], 1, _NUMBER_MAX)
        base = _number(head["base"], 1, self.version)
        size = _number(head["size"], 0, _NUMBER_MAX)
        self.name, delta = head["sha256"], head["delta"]
        if not isinstance(self.name, str) or len(self.name) != 64 or not isinstance(delta, str):
            raise ListError("malformed")
        if any(letter not in "0123456789abcdef" for letter in self.name):
            raise ListError("malformed")
        digest = bytes([int(self.name[n : n + 2], 16) for n in range(0, 64, 2)])
        self.identity = base, size, digest
        self.changes = bytes(decode(delta))

    def check(self) -> None:
        """Raise ListError where the sizes or the changes cannot be those of a list."""
        size, changes = self.identity[1], self.changes
        if size > _FRONT + COUNT_MAX * _RECORD or len(changes) > CHANGES_MAX * _CHANGE:
            raise ListError("too large")
        if size % _RECORD != _FRONT or len(changes) % _CHANGE:
            raise ListError("bad records")
        last = b""
        for at in range(0, len(changes), _CHANGE):
            digest = changes[at + 1 : at + 1 + _DIGEST]
            if digest <= last or changes[at] > 1:
                raise ListError("bad records")
            if changes[at] and not is_known(changes[at + 17], changes[at + 18]):
                raise ListError("bad records")
            last = digest


def _number(value: object, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise ListError("malformed")
    return value


def read(message: "bytes | bytearray", lock_id: str, key: bytes) -> Offer:
    """What a head offers to this lock. EnvelopeError, ListError."""
    return Offer(verify(message, lock_id, key, _PURPOSE), lock_id)
