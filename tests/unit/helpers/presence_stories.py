"""Runs inside the Unix port: what leaves a lock after each of five events, with and without visits.

For tests/system/test_presence.py, which reads a line for each story: [[ms since the event, what, bytes]].
"""

import json
import os
from time import ticks_add

from virtual_lock import KEY, NOW, VirtualLock, clock

import link.backoff
from link.envelope import encode
from storage.hmac import Mac

_PHASE_MS = 1000  # of the lock's own looks
_VISIT_MS = 13_000
_BEFORE_MS = 26_000  # for so long somebody is at the door before the event, and until the end
_AGAIN_MS = 43_200_000  # after which SNTP is asked again


class Dice:
    """os for link/backoff.py, whose draws are the same for the same seed."""

    def __init__(self, seed):
        self.state = seed * 2_654_435_761 + 12_345

    def urandom(self, size):
        drawn = bytearray(size)
        for n in range(size):
            self.state = (self.state * 1_103_515_245 + 12_345) & 0x7FFFFFFF
            drawn[n] = self.state >> 16 & 255
        return bytes(drawn)


def sign(payload, purpose):
    signed = encode(b'{"alg":"HS256","kid":"demo"}') + b"." + encode(json.dumps(payload).encode())
    return signed + b"." + encode(Mac(Mac(KEY).digest(purpose)).digest(signed))


def wifi(lock, at):
    """The access point comes back, when the longest wait after its loss is over."""
    clock.at(at - 130_000, lock.air.lose)
    clock.at(at, lock.air.come_back)


def cut(lock, at):
    clock.at(at, lock.air.cut)


def restart(lock, at):
    order = {"lock": "demo", "time": NOW, "command": "restart", "nonce": "12345678", "expires": NOW + 600}
    message = sign(order, b"menshen command v1")
    clock.at(at, lambda: lock.air.publish("menshen/v1/demo/command", message))


def list_comes(lock, at):
    from list_parts import PUT, delta, offer, record, whole

    change = delta((PUT, record(b"\xfe" * 16, 2, 1, 2)))
    message = sign(offer(2, whole(lock.records), change, 1), b"menshen list v1")
    clock.at(at, lambda: lock.air.publish("menshen/v1/demo/list", message))


def sntp(lock, at):
    def make_due():
        (keeper,) = lock.timekeepers
        keeper._asked = ticks_add(at, -_AGAIN_MS)

    clock.at(at - 10_000, make_due)


# each with the ms from the start to it, and from it to the end
EVENTS = {
    "wifi": (wifi, 140_000, 130_000),
    "cut": (cut, 30_000, 130_000),
    "restart": (restart, 30_000, 130_000),
    "list": (list_comes, 30_000, 40_000),
    "sntp": (sntp, 30_000, 40_000),
}


def story(event, is_visited, seed):
    """The packets of one story and the restart, by ms since the event."""
    link.backoff.os = os if seed is None else Dice(seed)
    lock = VirtualLock()
    phase = int.from_bytes(os.urandom(2), "big") % _PHASE_MS if seed is None else seed * 37 % _PHASE_MS
    happens, lead, after = EVENTS[event]
    at = clock.now + lead + phase
    happens(lock, at)
    if is_visited:
        for begin in range(at - _BEFORE_MS, at + after, _VISIT_MS):
            lock.visit(begin)
    ended = lock.run(lead + after)
    if is_visited and lock.entries < 3:
        raise AssertionError("nobody came in")
    seen = [[when - at, what, size] for when, what, size in lock.packets if when >= at - _BEFORE_MS]
    return seen + ([[ended - at, "reset", 0]] if ended else [])


def tell(event, count, is_paired):
    """Print so many stories without and so many with visits, in turn; in pairs with the same draws."""
    for n in range(count):
        for is_visited in (False, True):
            print("@" + json.dumps(story(event, is_visited, n if is_paired else None)))
