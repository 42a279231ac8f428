"""Credential lists from the network: taken when signed, newer and whole."""

import asyncio

from list_parts import (
    PUT,
    REMOVE,
    delta,
    digests,
    offer,
    put,
    record,
    sign,
    tend,
    whole,
)
from lock_with_list import NEW, OLD, Lock, hexadecimal, name_of, sync_of
from ram_flash import RamFlash

from roll.layout import CHANGES_MAX, SNAPSHOTS


def test_a_newer_list_is_fetched_put_in_force_and_acknowledged():
    lock = Lock(NEW).get(sign(offer(4, NEW)))
    assert lock.said == [(4, 4, name_of(NEW))]
    assert lock.holds(4, 4, NEW)
    assert lock.post.chunks() == [0, 1]
    assert lock.times[-1] == 1_800_000_000


def test_a_head_that_is_newer_echoes_a_challenge_or_none():
    lock = Lock(NEW).get(sign(offer(4, NEW)))
    assert lock.echoes[-1] is None
    for version, echo, heard in (
        (5, "ab" * 8, ["ab" * 8]),
        (5, "ab" * 8, []),  # not newer than the one in force
        (4, "ab" * 8, []),
        (6, "", [""]),
        (7, 5, [5]),  # no challenge is a number
        (8, None, [None]),
    ):
        lock.echoes.clear()
        lock.get(sign(dict(offer(version, NEW), echo=echo)))
        assert lock.echoes == heard, (version, echo)
    assert lock.holds(8, 8, NEW)


def test_a_list_that_is_not_newer_tells_no_time():
    """Its clock may have been wrong, and is healed; or the broker has kept it until now."""
    lock = Lock(NEW).get(sign(offer(7, NEW)))
    known = len(lock.times)
    for version in (1, 3, 6, 7):  # the last is in force, and the broker retains it
        for time in (1_800_000_000, 1_800_070_000, 1_900_000_000):
            lock.get(sign(dict(offer(version, NEW), time=time, echo="ab" * 8)))
    assert len(lock.times) == known
    assert lock.holds(7, 7, NEW)
    lock.get(sign(dict(offer(8, NEW), time=1_800_000_100)))
    assert lock.times[known:] == [1_800_000_100]


def test_versions_may_be_skipped_and_messages_be_any_buffer():
    assert Lock(NEW).get(bytearray(sign(offer(400, NEW)))).holds(400, 400, NEW)


def test_a_first_list_is_taken():
    lock = Lock(NEW)
    lock.flash = RamFlash("/access", 60)
    lock.start()
    assert lock.get(sign(offer(1, NEW))).holds(1, 1, NEW)


def test_an_empty_list_is_a_list():
    assert Lock(whole([])).get(sign(offer(4, whole([])))).holds(4, 4, whole([]))


def test_changes_cost_no_chunk():
    lock = Lock()
    first = delta((PUT, record(digests(1, b"x")[0])))
    second = delta(*sorted([(PUT, record(digests(1, b"x")[0])), (REMOVE, OLD[16:48])], key=lambda c: c[1]))
    lock.get(sign(offer(4, OLD, first, 3)))
    assert lock.holds(4, 3, OLD, first)
    lock.get(sign(offer(9, OLD, second, 3)))
    assert lock.holds(9, 3, OLD, second)
    assert lock.said == [(4, 3, name_of(OLD, first)), (9, 3, name_of(OLD, second))]
    assert lock.post.chunks() == []


def test_a_base_that_is_what_the_lock_holds_is_merged_and_costs_no_chunk():
    lock = Lock()
    fresh = digests(1, b"x")[0]
    lock.get(sign(offer(4, OLD, delta((PUT, record(fresh))), 3)))
    merged = whole(sorted([OLD[at : at + 32] for at in range(16, len(OLD), 32)] + [record(fresh)]))
    gone = delta((REMOVE, record(fresh)))
    lock.get(sign(offer(5, merged, gone, 4)))
    assert lock.holds(5, 4, merged, gone)
    assert lock.post.chunks() == []


def test_a_lock_that_missed_the_changes_fetches_the_base():
    merged = whole(
        sorted([OLD[at : at + 32] for at in range(16, len(OLD), 32)] + [bytes(15) + b"\1" + OLD[32:48]])
    )
    lock = Lock(merged).get(sign(offer(5, merged, b"", 4)))
    assert lock.holds(5, 4, merged)
    assert lock.post.chunks() == [0, 1]


def test_another_list_of_the_same_number_is_not_the_one_in_force():
    """As an older copy of the operator's file makes it."""
    change = delta((PUT, record(digests(1, b"x")[0])))
    other = delta((PUT, record(digests(1, b"y")[0])))
    for said, held, snapshot, changes, base in (
        ((NEW, b"", 3), (OLD, b""), OLD, b"", 3),
        ((OLD, change, 3), (OLD, b""), OLD, b"", 3),
        ((OLD, other, 3), (OLD, change), OLD, change, 3),
        ((OLD, b"", 3), (OLD, change), OLD, change, 3),
    ):
        lock = Lock(NEW)
        version = 3
        if held[1]:
            version = 4
            lock.get(sign(offer(4, held[0], held[1], 3)))
        lock.said.clear()
        data, laid, of = said
        lock.get(sign(offer(version, data, laid, of)))
        assert lock.said == [(version, "old version")], (version, lock.said)
        assert lock.holds(version, base, snapshot, changes)
        lock.told = 0
        lock.get(sign(offer(version, snapshot, changes, base)))
        assert lock.said[1:] == [(version, base, name_of(snapshot, changes))]


def test_a_base_that_only_claims_to_be_what_the_lock_holds_is_fetched():
    lock = Lock(NEW).get(sign(offer(4, NEW, b"", 3)))
    assert lock.holds(4, 3, NEW)


def test_a_list_that_is_there_already_is_not_fetched_again():
    """It was whole when the power went; or the guard refused it, and now does not."""
    lock = Lock(NEW)
    put(SNAPSHOTS[1 - lock.credentials.slot], NEW)
    assert lock.get(sign(offer(4, NEW))).holds(4, 4, NEW)
    assert lock.post.chunks() == []


def test_the_list_held_already_is_acknowledged_once_after_each_start():
    lock = Lock()
    for _ in range(3):
        lock.get(sign(offer(3, OLD)))
    assert lock.said == [(3, 3, name_of(OLD))]
    lock.start()
    for _ in range(3):
        lock.get(sign(offer(3, OLD)))
    assert lock.said == [(3, 3, name_of(OLD))]
    lock.get(sign(offer(4, OLD))).get(sign(offer(4, OLD)))
    assert len(lock.said) == 2


def test_the_guard_sees_the_list_with_the_changes_over_it():
    lock = Lock()
    fresh = digests(1, b"x")[0]
    changes = delta(*sorted([(PUT, record(fresh)), (REMOVE, OLD[16:48])], key=lambda c: c[1]))
    lock.get(sign(offer(4, OLD, changes, 3)))
    assert fresh in lock.approved
    assert OLD[16:32] not in lock.approved
    assert lock.approved == sorted(lock.approved)
    assert len(lock.approved) == 80


def test_the_longest_head_fits_into_what_is_held_in_ram():
    many = delta(*((PUT, record(d)) for d in digests(CHANGES_MAX)))
    assert len(sign(offer(0x3FFFFFFF, NEW, many))) <= 2560


def test_without_a_connection_nothing_is_said_and_the_next_head_goes_on():
    lock = Lock(NEW)
    lock.post.client = None
    root = "menshen/v1/blob/" + hexadecimal(NEW)
    last = lock.post.retained.pop(root + "/1")
    lock.post.patience_ms = 30
    sync = sync_of(lock.credentials, lock.approve, lock, lock.post)
    assert asyncio.run(sync.receive([sign(offer(4, NEW))], 0, print)) == 0
    assert lock.said == []
    lock.post.client = lock.post
    lock.post.retained[root + "/1"] = last
    assert lock.get(sign(offer(4, NEW))).holds(4, 4, NEW)


def test_a_list_whose_bits_have_rotted_comes_again():
    lock = Lock(NEW).get(sign(offer(4, NEW)))
    path = SNAPSHOTS[lock.credentials.slot]
    put(path, NEW[:100] + b"\xff" + NEW[101:])
    lock.start()
    tend(lock.credentials)
    assert not lock.credentials.whole
    assert lock.get(sign(offer(3, OLD))).said == [(3, "old version")]
    assert lock.get(sign(offer(4, NEW))).holds(4, 4, NEW)
