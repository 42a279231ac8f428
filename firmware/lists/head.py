"""Reads and checks the signed head of a list: its version, its snapshot, and the changes over it."""

from micropython import const

from link.envelope import NUMBER_MAX, decode, from_hex, verify
from roll.credentials import BadList
from roll.layout import CHANGES_MAX, COUNT_MAX, is_known, list_hash
from roll.record import CHANGE, DIGEST, FRONT, KIND, RECORD, ROLE
from storage.purposes import LIST_MESSAGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable

    from roll.credentials import Credentials

_MEMBERS = ("lock", "time", "version", "base", "sha256", "size", "delta")
_TIME_MAX = const(0xFFFFFFFF)


async def judge(
    message: "bytes | bytearray | None",
    lock: "tuple[str, bytes, Credentials]",
    head: list,
    on_time: "Callable[[int, object], object]",
    pace: "Callable[[], Awaitable]",
) -> "tuple[str, tuple, bytes]":
    """SHA-256, identity and changes that a head names, checked as far as the head alone allows.

    `lock` is its name, its key, and its list in force. `head` gets version and hash of the list that is
    named, each as soon as it is known. None is a head that was too long. Raises Refused, BadList.
    """
    if message is None:
        raise BadList("too large")
    name, key, credentials = lock
    await pace()
    time, echo, version, snapshot, identity, changes = parts(verify(message, name, key, LIST_MESSAGE), name)
    head.append(version)
    await pace()
    if version > credentials.version:
        on_time(time, echo)  # else by a clock, perhaps, that was wrong and is healed
    await pace()
    check(identity[1], changes)
    head.append(list_hash(identity[2], changes))
    return snapshot, identity, changes


def parts(head: dict, lock_id: str) -> "tuple[int, object, int, str, tuple, bytes]":
    """(time of signing, echo, version, SHA-256 of the snapshot in hexadecimal, its identity, changes).

    The echo may be anything; None: there is none. Raises BadList. The result is a plain tuple, since an
    object would keep its class, and with it this whole module, in memory.
    """
    if head.get("lock") != lock_id:
        raise BadList("wrong lock")
    if len(head) != len(_MEMBERS) + ("echo" in head) or any(name not in head for name in _MEMBERS):
        raise BadList("malformed")
    time = _number(head["time"], 0, _TIME_MAX)
    version = _number(head["version"], 1, NUMBER_MAX)
    base = _number(head["base"], 1, version)
    size = _number(head["size"], 0, NUMBER_MAX)
    snapshot, delta = head["sha256"], head["delta"]
    digest = from_hex(snapshot, 32)
    if not isinstance(delta, str):
        raise BadList("malformed")
    return time, head.get("echo"), version, snapshot, (base, size, digest), bytes(decode(delta))


def check(size: int, changes: bytes) -> None:
    """Raise BadList where the size of the snapshot, or the changes, cannot be those of a list."""
    if size > FRONT + COUNT_MAX * RECORD or len(changes) > CHANGES_MAX * CHANGE:
        raise BadList("too large")
    if size % RECORD != FRONT or len(changes) % CHANGE:
        raise BadList("bad records")
    last = b""
    for at in range(0, len(changes), CHANGE):
        digest = changes[at + 1 : at + 1 + DIGEST]
        if digest <= last or changes[at] > 1:
            raise BadList("bad records")
        if changes[at] and not is_known(changes[at + 1 + ROLE], changes[at + 1 + KIND]):
            raise BadList("bad records")
        last = digest


def _number(value: object, lowest: int, highest: int) -> int:
    if type(value) is not int or not lowest <= value <= highest:
        raise BadList("malformed")
    return value
