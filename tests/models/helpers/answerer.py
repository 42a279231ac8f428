"""Runs inside the Unix port: answers one JSON line for each that it reads, by calling the firmware.

A line is {"call": name, …arguments}; the answer is {"result": …} or {"error": the exception in words}.
"""

import asyncio
import json
import struct
import sys
from binascii import unhexlify
from hashlib import sha256

from guest_parts import guests_of
from ram_nvs import RamNVS

from access.schedule import holds
from access.zone import local
from access.zone_rule import parse
from roll.credentials import Credential
from storage.hmac import Mac


def zone(rule, times):
    """Local seconds for each of the times."""
    return [local(parse(rule), now) for now in times]


def _record(role, kind=0, lease=0, before=0, after=0, key_ref=0):
    return Credential(bytes(16) + struct.pack("<BBHBBIIH", role, kind, lease, 0, 0, before, after, key_ref))


def schedule(rule, parts, holidays, times):
    """Whether it holds at each of the times; a part is (days, begin, end, first, last)."""
    found = {}
    for number, (days, begin, end, first, last) in enumerate(parts):
        key = sha256(b"menshen schedule v1" + bytes((1, number))).digest()[:16]
        found[key] = _record(5, days, begin, first, last, end)
    for day in holidays:
        found[sha256(b"menshen holiday v1" + struct.pack("<H", day)).digest()[:16]] = _record(6)
    return [holds(found.get, 1, local(parse(rule), now)) for now in times]


def guests(keys, steps):
    """Verdicts on the codes entered; a step is (time, nine digits, or "arm" or "restart")."""
    nvs, mac, found = RamNVS(), Mac(bytes(32)), []
    pairs = [(lease, unhexlify(key)) for lease, key in keys]

    def start():
        return guests_of(pairs, (), nvs, mac)

    lock = start()
    for now, what in steps:
        if what == "arm":
            lock.arm_guest_codes()
        elif what == "restart":
            nvs.restart()
            lock = start()
        else:
            found.append(asyncio.run(lock.guest(what.encode(), now)))
    return found


def lock(steps):
    """What a whole lock does in each step, see whole_lock.py."""
    import whole_lock

    return whole_lock.run(steps)


def listed_lock(tokens, steps):
    """What a lock with real lists in its flash does in each step, see list_lock.py."""
    import list_lock

    return list_lock.run(tokens, steps)


CALLS = {"zone": zone, "schedule": schedule, "guests": guests, "lock": lock, "listed_lock": listed_lock}


def main():
    """Answer until there is nothing more to read."""
    while True:
        line = sys.stdin.readline()
        if not line:
            return
        question = json.loads(line)
        try:
            answer = {"result": CALLS[question.pop("call")](**question)}
        except Exception as error:
            answer = {"error": repr(error)}
        sys.stdout.write(json.dumps(answer) + "\n")


main()
