"""A lock that holds a list, for the tests of what takes lists from the network."""

import asyncio
from hashlib import sha256

from list_parts import (
    KEY,
    at_once,
    digests,
    offer,
    opened,
    record,
    sign,
    whole,
)
from postman import Postman
from ram_flash import RamFlash

from lists.sync import Sync
from reports import acks

_Acks = acks.Acks
# of what only stands for a telemetry, what is told as it is told
acks.Acks = lambda telemetry: telemetry if hasattr(telemetry, "list_refused") else _Acks(telemetry)

OLD = whole([record(d) for d in digests(80)])
NEW = whole([record(d) for d in digests(90, b"new")])


class Settings:
    lock, key = "demo", KEY


def sync_of(credentials, approve, telemetry, post):
    """What takes lists for this lock; `post` is where chunks come from."""
    return Sync(Settings, credentials, approve, telemetry, post, at_once)


class Lock:
    """A lock that holds OLD as version 3; `said` is what it told the operator."""

    def __init__(self, *blobs, blocks=60, fault=None):
        self.flash = RamFlash("/access", blocks)
        self.said, self.times, self.echoes, self.approved = [], [], [], []
        self.fault = fault
        self.told = 0
        self.credentials = opened()
        self.post = Postman(OLD, *blobs)
        self.get(sign(offer(3, OLD)))
        self.post.chunks()
        self.start()

    def start(self):
        """As after a power cut."""
        self.said, self.approved = [], []
        self.told = 0
        self.credentials = opened()

    async def approve(self, listed):
        self.approved = [digest for digest, _ in listed()]
        if self.fault is not None:
            raise self.fault

    def heard(self, time, echo):
        self.times.append(time)
        self.echoes.append(echo)

    def list_accepted(self, version, base, name):
        self.said.append((version, base, name))

    def list_refused(self, version, reason):
        self.said.append((version, reason))

    def get(self, message, patience_ms=30_000):
        asyncio.new_event_loop()
        self.post.patience_ms = patience_ms
        sync = sync_of(self.credentials, self.approve, self, self.post)
        self.told = asyncio.run(sync.receive([message], self.told, self.heard))
        return self

    def holds(self, version, base, data, changes=b""):
        """Whether it is this list that is in force, now and after a start."""
        wanted = {data[at : at + 16] for at in range(16, len(data), 32)}
        for at in range(0, len(changes), 33):
            (wanted.add if changes[at] else wanted.discard)(changes[at + 1 : at + 17])
        for credentials in self.credentials, opened():
            assert (credentials.version, credentials.base, credentials.whole) == (version, base, True)
            assert {digest for digest, _ in credentials.each()} == wanted
        return True

    def unchanged(self):
        return self.holds(3, 3, OLD)


def name_of(data, changes=b""):
    """What stands for this list in states and acknowledgements."""
    return sha256(b"menshen hash v1" + sha256(data).digest() + changes).digest()[:16].hex()


def hexadecimal(data):
    return sha256(data).digest().hex()
