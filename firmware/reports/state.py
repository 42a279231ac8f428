"""Makes the state message: what the lock says of itself, and never of who comes and goes. Lent."""

import json

from micropython import const

from door.faults import CERTIFICATE, HOME_CERTIFICATE
from storage.hmac import Mac
from storage.names import COMMAND, ORDER
from storage.purposes import NEW_CHALLENGE
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

_WARN_DAYS = const(60)
_MEMBERS = (
    "firmware",
    "list",
    "hash",
    "clock",
    "challenge",
    "slot",
    "order",
    "command",
    "days",
    "faults",
    "board",
    "trusts",
    "signal",
)
_PIECE = const(64)  # characters, and a field more: there may be no memory for the whole in one piece


def collect(status: "Any", anew: bool) -> dict:
    """All there is to say except the signal, from a Status (status.py); `anew` makes another challenge."""
    clock, numbers, reports = status.clock, status.numbers, status.reports
    if anew:
        made = Mac(status.key).random(NEW_CHALLENGE)[:8].hex()
        clock.challenges = made, clock.challenges[0]
    now, days = clock.now(), None
    if now is not None and status.certificates_end:
        days = (status.certificates_end - now) // 86_400
        reports.fault(CERTIFICATE, days < _WARN_DAYS)
    if now is not None and status.home_ends:
        reports.fault(HOME_CERTIFICATE, status.home_ends - now < _WARN_DAYS * 86_400)
    return {
        "days": days,
        "firmware": VERSION,
        "list": status.credentials.version,
        "hash": status.credentials.hash.hex(),
        "clock": clock.trust,
        "challenge": clock.challenges[0],
        "slot": slot(),
        "order": abs(numbers.get(ORDER)),
        "command": numbers.get(COMMAND),
        "faults": sorted(reports.faults),
        "board": status.board,
        "trusts": status.trusts,
    }


def last_will(status: "Callable[[bool], dict]") -> bytes:
    """What the broker is to say when the connection is lost, with challenges that nobody has heard.

    The highest order is in it, too, since an order may be made while the lock is offline.
    """
    status(True)  # neither the last challenge nor the one before it
    return b'{"online":false,"order":%d}' % status(True)["order"]


def pieces(said: dict) -> "tuple[bytes, ...]":
    """The message, in pieces, of the fields that may be said."""
    found, text = [], '{"online": true'
    for name in _MEMBERS:
        if name in said:
            text += ', "%s": %s' % (name, json.dumps(said[name]))
        if len(text) > _PIECE:
            found.append(text.encode())
            text = ""
    found.append((text + "}").encode())
    return tuple(found)
