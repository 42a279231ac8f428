"""Judges the commands that come from a broker of the tenant's own.

A command is JSON, {"command": "UNLOCK" or "LOCK", "time": ms since 1970, "mac": 64 hexadecimal digits}, where
    mac = hex(SHA-256(code ‖ hex(SHA-256(code ‖ message))))
    message = "menshen home v1 <lock> <command> <time>"
and code is the 20 letters of a resident's home key (access/guest_key.py). Home Assistant's templates have
sha256 and no HMAC; the second hash does what HMAC's does: nobody can append to what was signed.
"""

import json

from micropython import const

import console
from access.guest_key import letters
from link.errors import Refused
from storage.hmac import equal, hashed
from storage.names import HOME_MARKS, HOME_MARKS_MAX
from storage.purposes import HOME_COMMAND

TYPE_CHECKING = False
if TYPE_CHECKING:
    from access.clock import Clock
    from storage.nvs import Numbers

_SLACK_MS = const(60_000)
_MARK = const(12)  # bytes, see HOME_MARKS in storage/names.py


def judge(
    message: "bytes | bytearray | None",
    retained: bool,
    lock_id: str,
    keys: "list[tuple[int, bytes]]",
    clock: "Clock",
    numbers: "Numbers",
) -> "int | None":
    """The lease whose tenant wants in now, 0 where nothing is to be done, None for what is refused.

    `keys` are (lease, home key); None is a message that was too long. A good command has been stored
    when this returns, so that it is good only once, even after a power cut.
    """
    try:
        return _judge(message, retained, lock_id, keys, clock, numbers)
    except Refused as error:
        console.info("home", "refused: " + error.reason)
    except (OSError, MemoryError):
        console.error("home", "no memory or NVS to judge by")
    return None


def _judge(
    message: "bytes | bytearray | None",
    retained: bool,
    lock_id: str,
    keys: "list[tuple[int, bytes]]",
    clock: "Clock",
    numbers: "Numbers",
) -> int:
    if retained or message is None:
        raise Refused("retained" if retained else "too large")
    command, time, mac = _fields(message)
    now = clock.now()
    if now is None:
        raise Refused("no clock")
    if time < max(now, clock.passed) * 1000 - _SLACK_MS or time > now * 1000 + _SLACK_MS:
        raise Refused("too late or too early")
    signed = HOME_COMMAND + (" %s %s %d" % (lock_id, command, time)).encode()
    lease = 0
    tags, found = [], b""
    for owner, key in keys:
        code = letters(key).encode()
        tags.append(hashed(code)[:4])
        if equal(_hex(code + _hex(code + signed)), mac.encode()):
            lease, found = owner, tags[-1]
    if not found:
        raise Refused("not signed by a tenant")
    _spend(numbers, tags, found, time)
    return lease if command == "UNLOCK" else 0


def _fields(message: "bytes | bytearray") -> "tuple[str, int, str]":
    try:
        fields = json.loads(message)
        command, time, mac = fields["command"], fields["time"], fields["mac"]
    except (ValueError, KeyError, TypeError, UnicodeError):
        raise Refused("malformed")
    if len(fields) != 3 or command not in ("LOCK", "UNLOCK") or type(time) is not int or time < 0:
        raise Refused("malformed")
    if not isinstance(mac, str) or len(mac) != 64:
        raise Refused("malformed")
    return command, time, mac


def _hex(data: bytes) -> bytes:
    return hashed(data).hex().encode()


def _spend(numbers: "Numbers", tags: "list[bytes]", tag: bytes, time: int) -> None:
    """Store the time of this command of the code with this tag. Refused unless it is newer than the last one.

    The marks of codes that no longer exist are removed.
    """
    marks = numbers.blob(HOME_MARKS, HOME_MARKS_MAX)
    others = b""
    for mark in numbers.split(marks, _MARK):
        if mark[:4] == tag:
            if time <= int.from_bytes(mark[4:], "little"):
                raise Refused("replayed")
        elif mark[:4] in tags:
            others += mark
    numbers.put_blob(HOME_MARKS, others + tag + time.to_bytes(8, "little"))
