"""Snapshots: what is no list is refused, a merge is what the operator computes, rotten bits are found."""

import asyncio
import os
import random
from hashlib import sha256

from list_parts import (
    KEY,
    PUT,
    REMOVE,
    at_once,
    delta,
    digests,
    identity,
    install,
    listed,
    opened,
    put,
    record,
    tend,
    whole,
)
from ram_flash import RamFlash

from roll import install as installing
from roll import snapshot
from roll.credentials import BadList
from roll.layout import CHANGES_MAX, SNAPSHOTS


def refusal(waiting):
    try:
        asyncio.run(waiting)
    except BadList as error:
        return error.reason
    return None


def test_a_file_that_is_no_snapshot_is_refused():
    RamFlash("/access")
    one, two, three = (record(d) for d in digests(3))
    good = whole([one, two, three])
    put("/access/b", good)
    assert refusal(snapshot.examine("/access/b", at_once)) is None
    bad = (
        b"",
        good[:15],
        good[:-1],
        good[:-32],
        good + one,
        b"MNL1" + good[4:],
        good[:8] + b"\x01" + good[9:],
        whole([two, one]),
        whole([one, one]),
        whole([record(one[:16], role=0)]),
        whole([record(one[:16], role=9)]),
        whole([record(one[:16], kind=0)]),
        whole([record(one[:16], kind=3)]),
        whole([record(one[:16], role=4, kind=3)]),
    )
    for data in bad:
        put("/access/b", data)
        assert refusal(snapshot.examine("/access/b", at_once)) == "bad records", data


def test_every_known_kind_of_record_passes():
    RamFlash("/access")
    kinds = ((1, 1), (1, 2), (2, 1), (3, 1), (4, 0), (5, 0xFF), (6, 0), (7, 2))
    put("/access/b", whole([record(d, 1, *kinds[n]) for n, d in enumerate(digests(len(kinds)))]))
    assert refusal(snapshot.examine("/access/b", at_once)) is None


def test_a_merge_is_what_the_changes_say():
    random.seed(7)
    pool = digests(300)
    for _ in range(150):
        RamFlash("/access", 40)
        before = {d: record(d, random.randint(0, 9)) for d in pool[: random.choice((0, 1, 15, 16, 17, 200))]}
        edits, after = [], dict(before)
        for digest in sorted({random.choice(pool) for _ in range(random.randint(0, CHANGES_MAX))}):
            op, data = random.randint(0, 1), record(digest, 77)
            edits.append((op, data))
            after.pop(digest, None)
            if op == PUT:
                after[digest] = data
        put("/access/a", whole(sorted(before.values())))
        wanted = whole(sorted(after.values()))
        found = asyncio.run(snapshot.merge("/access/a", delta(*edits), "/access/b", at_once))
        with open("/access/b", "rb") as file:
            assert file.read() == wanted
        assert found == sha256(wanted).digest()
        assert sorted(os.listdir("/access")) == ["a", "b"]


def test_a_flash_without_room_keeps_the_list_in_use():
    flash = RamFlash("/access", 12)
    found = digests(200)
    credentials = listed(found)
    flash.fill()
    assert refusal(snapshot.merge(SNAPSHOTS[0], b"", SNAPSHOTS[1], at_once)) == "flash full"
    used, other = installing.identities(credentials, KEY)
    changes = delta((REMOVE, record(found[7])))
    assert (
        refusal(installing.install(credentials, KEY, (2, 0), (used, other), changes, at_once)) == "flash full"
    )
    for again in credentials, opened():
        assert (again.version, again.whole) == (1, True)
        assert again.find(found[7]) is not None


def flip(path, at=100):
    with open(path, "rb") as file:
        data = bytearray(file.read())
    data[at] ^= 4
    put(path, data)


def test_a_first_list_gets_a_copy_in_quiet_times():
    RamFlash("/access")
    found = digests(20)
    credentials = listed(found)
    tend(credentials)
    assert credentials.whole
    for broken in (0, 1):
        for lose in (os.remove, flip):
            tend(opened())
            lose(SNAPSHOTS[broken])
            again = opened()
            tend(again)
            assert (again.version, again.whole) == (1, True)
            assert again.find(found[3]) is not None
            with open(SNAPSHOTS[0], "rb") as one, open(SNAPSHOTS[1], "rb") as two:
                assert one.read() == two.read() == whole([record(d, n) for n, d in enumerate(found)])


def test_bits_that_rot_are_found_and_the_list_before_stands_in():
    RamFlash("/access")
    old, new = digests(20), digests(21, b"new")
    credentials = install(listed(old), 2, [record(d) for d in new])
    flip(SNAPSHOTS[credentials.slot])
    assert credentials.whole  # by its size: the door does not wait for more
    tend(credentials)
    for again in credentials, opened():
        assert (again.version, again.base, again.whole) == (2, 1, False)
        assert again.find(old[3]) is not None
        assert again.find(new[3]) is None


def test_changes_lie_over_the_list_that_stands_in():
    RamFlash("/access")
    old, new, late = digests(20), digests(21, b"new"), digests(1, b"late")[0]
    changes = delta((PUT, record(late, 5)))
    credentials = install(listed(old), 3, [record(d) for d in new], changes, 2)
    flip(SNAPSHOTS[credentials.slot])
    tend(credentials)
    assert not credentials.whole
    found = credentials.find(late)
    assert found is not None
    assert found.lease == 5


def test_where_both_have_rotted_the_better_one_stays_in_use():
    RamFlash("/access")
    old, new = digests(20), digests(21, b"new")
    credentials = install(listed(old), 2, [record(d) for d in new])
    for path in SNAPSHOTS:
        flip(path)
    tend(credentials)
    assert credentials.find(new[9]) is not None


def test_to_find_what_is_in_the_way_no_file_is_looked_for_by_itself():
    flash, credentials = RamFlash("/access"), listed(digests(20))
    tend(credentials)
    flash.reads = 0
    tend(credentials)
    few = flash.reads
    for number in range(20):
        put("/access/other%d" % number, b"small")
    flash.reads = 0
    os.listdir("/access")
    once = flash.reads
    tend(credentials)
    assert flash.reads - once - few < 2 * once, (few, once, flash.reads)


def test_a_snapshot_on_its_way_is_not_pushed_out_by_a_copy():
    RamFlash("/access")
    credentials = listed(digests(20))
    put(SNAPSHOTS[1 - credentials.slot] + ".01234567", b"half of it")
    tend(credentials)
    assert sorted(os.listdir("/access")) == ["a", "b.01234567", "head"]


def test_a_head_that_arrived_as_the_power_went_is_in_force_and_gets_its_name():
    RamFlash("/access")
    old, new = digests(20), digests(21, b"new")
    install(listed(old), 2, [record(d) for d in new])
    os.rename("/access/head", "/access/head.new")
    again = opened()
    assert (again.version, again.whole) == (2, True)
    tend(again)
    assert again.head == "/access/head"
    assert (again.version, again.find(new[0]) is not None) == (2, True)


def test_a_copy_that_finds_no_room_changes_nothing():
    flash = RamFlash("/access", 12)
    found = digests(200)
    credentials = listed(found)
    flash.fill()
    tend(credentials)
    assert (credentials.version, credentials.whole) == (1, True)
    assert credentials.find(found[9]) is not None


def test_identity_is_what_the_head_says():
    RamFlash("/access")
    found = [record(d) for d in digests(5)]
    credentials = install(opened(), 4, found)
    assert installing.identities(credentials, KEY) == (identity(4, whole(found)), installing.NO_SNAPSHOT)
