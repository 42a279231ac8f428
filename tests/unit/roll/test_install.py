"""A snapshot is found, merged or fetched, whichever costs least, and put in force only if it is approved."""

import asyncio
import os
import sys

from list_parts import (
    KEY,
    PUT,
    REMOVE,
    at_once,
    delta,
    digests,
    identity,
    install,
    opened,
    put,
    record,
    whole,
)
from ram_flash import RamFlash

import loader
from link.errors import Refused
from lists.sync import Sync
from roll.credentials import BadList
from roll.layout import SNAPSHOTS

loader._IS_PLENTY = False  # as on a board without PSRAM

OLD = sorted(record(d) for d in digests(30))
NEW = sorted(record(d) for d in digests(40, b"new"))
ADDED = record(digests(1, b"added")[0])
CHANGES = delta((PUT, ADDED))
MERGED = sorted(OLD + [ADDED])


class Settings:
    key = KEY


class Lock:
    """A lock that holds OLD as version 3; `fetched` is what it had to fetch, `approved` what was asked."""

    def __init__(self, served=b"", changes=b""):
        RamFlash("/access", 60)
        self.credentials = install(opened(), 3, OLD, changes)
        self.served, self.refusal = served, None
        self.fetched, self.approved = [], []

    async def fetch(self, sha256, size, path):
        self.fetched.append((sha256, size, path))
        if not self.served:
            raise Refused("no such blob")
        put(path, self.served)

    async def approve(self, listed):
        self.approved.append([digest for digest, _ in listed()])
        if self.refusal is not None:
            raise BadList(self.refusal)

    def get(self, version, records, changes=b"", base=None):
        """Have it install a list; why it did not."""
        data = whole(records)
        found = identity(version if base is None else base, data)
        asyncio.new_event_loop()
        sync = Sync(Settings, self.credentials, self.approve, None, self, at_once)
        try:
            asyncio.run(sync.install(version, found[2].hex(), found, changes))
        except (BadList, Refused) as error:
            return error.reason
        return None

    def holds(self, version, records):
        """Whether this list is in force, now and after a start."""
        wanted = [one[:16] for one in records]
        for credentials in self.credentials, opened():
            assert (credentials.version, credentials.whole) == (version, True)
            assert sorted(digest for digest, _ in credentials.each()) == wanted
        return True


def test_another_snapshot_is_fetched_into_the_slot_that_is_not_in_use():
    lock = Lock(whole(NEW))
    used = lock.credentials.slot
    assert lock.get(4, NEW) is None
    sha256, size, path = lock.fetched[0]
    assert (sha256, size, path) == (identity(4, whole(NEW))[2].hex(), len(whole(NEW)), SNAPSHOTS[1 - used])
    assert len(lock.fetched) == 1
    assert lock.holds(4, NEW)
    assert lock.credentials.slot == 1 - used


def test_changes_over_the_snapshot_in_use_fetch_nothing_and_write_no_snapshot():
    lock = Lock()
    used, before = lock.credentials.slot, os.stat(SNAPSHOTS[lock.credentials.slot])[6]
    assert lock.get(4, OLD, CHANGES, base=3) is None
    assert lock.fetched == []
    assert lock.holds(4, MERGED)
    assert (lock.credentials.slot, os.stat(SNAPSHOTS[used])[6]) == (used, before)


def test_what_the_operator_merged_the_lock_merges_itself():
    lock = Lock(changes=CHANGES)
    assert lock.get(4, MERGED, base=3) is None
    assert lock.fetched == []
    assert lock.holds(4, MERGED)


def test_a_merge_that_comes_out_differently_is_not_used():
    other = sorted(OLD + [record(digests(1, b"other")[0])])
    lock = Lock(whole(other), changes=CHANGES)
    assert lock.get(4, other, base=3) is None
    assert len(lock.fetched) == 1
    assert lock.holds(4, other)


def test_a_snapshot_that_is_there_already_is_not_fetched_again():
    lock = Lock()
    put(SNAPSHOTS[1 - lock.credentials.slot], whole(NEW))
    assert lock.get(4, NEW) is None
    assert lock.fetched == []
    assert lock.holds(4, NEW)


def test_approval_sees_the_list_as_it_will_be():
    lock = Lock(whole(NEW))
    gone, added = NEW[3], ADDED
    changes = delta(*sorted(((REMOVE, gone), (PUT, added)), key=lambda change: change[1]))
    assert lock.get(4, NEW, changes) is None
    wanted = sorted(one[:16] for one in NEW + [added] if one is not gone)
    assert [sorted(one) for one in lock.approved] == [wanted]


def test_what_is_not_approved_is_not_put_in_force():
    lock = Lock(whole(NEW))
    lock.refusal = "lease locked out"
    assert lock.get(4, NEW) == "lease locked out"
    assert lock.holds(3, OLD)
    assert lock.get(4, OLD, CHANGES, base=3) == "lease locked out"
    assert lock.holds(3, OLD)


def test_a_snapshot_with_bad_records_is_not_even_shown_for_approval():
    bad = NEW + [NEW[0]]
    lock = Lock(whole(bad))
    assert lock.get(4, bad) == "bad records"
    assert lock.approved == []
    assert lock.holds(3, OLD)


def test_what_cannot_be_fetched_leaves_the_list_in_use():
    lock = Lock()
    assert lock.get(4, NEW) == "no such blob"
    assert lock.holds(3, OLD)


def test_no_code_stays_for_it():
    lock = Lock(whole(NEW))
    ours = {name for name in ("roll.snapshot",) if name in sys.modules}
    lock.get(4, NEW)
    lock.get(5, OLD)
    assert {name for name in ("roll.snapshot",) if name in sys.modules} == ours == set()
