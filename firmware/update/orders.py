"""Hears from the operator which release this lock is to run."""

from link.envelope import EnvelopeError, verify
from update.refused import Refused
from update.version import version_code

LONGEST = 512  # bytes of such a message
_PURPOSE = b"menshen update v1"


def read(message: "bytes | bytearray | None", lock_id: str, key: bytes) -> "tuple[str, int]":
    """(version, time of signing, seconds since 1970) of a message; None is one too large. Raises Refused."""
    if message is None:
        raise Refused("too large")
    try:
        order = verify(message, lock_id, key, _PURPOSE)
    except EnvelopeError as error:
        raise Refused(error.reason)
    if order.get("lock") != lock_id:
        raise Refused("wrong lock")
    version, time = order.get("version"), order.get("time")
    if len(order) != 3 or type(time) is not int or time < 0:
        raise Refused("malformed")
    version_code(version)
    return str(version), time
