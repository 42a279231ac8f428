"""Credential lists from the network: taken when signed, newer and whole; else refused with the reason."""

import asyncio
import json
from hashlib import sha256

from list_parts import (
    KEY,
    PUT,
    REMOVE,
    at_once,
    delta,
    digests,
    offer,
    opened,
    put,
    record,
    sign,
    tend,
    whole,
)
from postman import Postman
from ram_flash import RamFlash

from access.head import CHANGES_MAX, SNAPSHOTS, ListError
from link.sync import Sync

OLD = whole([record(d) for d in digests(80)])
NEW = whole([record(d) for d in digests(90, b"new")])


class Lock:
    """A lock that holds OLD as version 3; `said` is what it told the operator."""

    def __init__(self, *blobs, blocks=60, fault=None):
        self.flash = RamFlash("/access", blocks)
        self.said, self.times, self.approved = [], [], []
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

    def accepted(self, version, base, digest):
        self.said.append((version, base, digest))

    def refused(self, version, reason):
        self.said.append((version, reason))

    def get(self, message):
        asyncio.new_event_loop()
        sync = Sync("demo", KEY, self.credentials, self.approve, self, self.post, at_once, self.times.append)
        self.told = asyncio.run(sync.take([message], self.told))
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


def hexadecimal(data):
    return sha256(data).digest().hex()


def test_a_newer_list_is_fetched_put_in_force_and_acknowledged():
    lock = Lock(NEW).get(sign(offer(4, NEW)))
    assert lock.said == [(4, 4, hexadecimal(NEW))]
    assert lock.holds(4, 4, NEW)
    assert lock.post.chunks() == [0, 1]
    assert lock.times[-1] == 1_800_000_000


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
    assert lock.said == [(4, 3, hexadecimal(OLD)), (9, 3, hexadecimal(OLD))]
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
    assert lock.said == [(3, 3, hexadecimal(OLD))]
    lock.start()
    for _ in range(3):
        lock.get(sign(offer(3, OLD)))
    assert lock.said == [(3, 3, hexadecimal(OLD))]
    lock.get(sign(offer(4, OLD))).get(sign(offer(4, OLD)))
    assert len(lock.said) == 2


def test_an_older_list_never_comes_back():
    lock = Lock(NEW)
    for version in (1, 2):
        lock.get(sign(offer(version, NEW)))
    assert lock.unchanged()
    assert lock.said == [(1, "old version"), (2, "old version")]


def test_forgeries_are_refused():
    good = offer(9, NEW)
    for message, reason in (
        (sign(good, key=b"\x01" * 32), "bad signature"),
        (sign(good, purpose=b"menshen command v1"), "bad signature"),
        (sign(good)[:-43] + sign(offer(8, NEW))[-43:], "bad signature"),
        (sign(good, lock="other"), "wrong lock"),
        (sign(offer(9, NEW, lock="other")), "wrong lock"),
        (b"", "malformed"),
        (b"{}", "malformed"),
        (json.dumps(good).encode(), "malformed"),
        (None, "too large"),
    ):
        lock = Lock(NEW).get(message)
        assert lock.said == [(None, reason)], message
        assert lock.unchanged()
        assert lock.times == [1_800_000_000]


def changed(name, value):
    payload = offer(9, NEW)
    payload[name] = value
    return payload


def test_what_is_signed_and_makes_no_sense_is_malformed():
    numbers = (-1, "9", 9.5, True, None, 1 << 30, [9])
    wrong = [(name, value) for name in ("version", "base", "size") for value in numbers]
    wrong += [("version", 0), ("base", 0), ("base", 10), ("more", 1), ("time", "now"), ("time", -1)]
    wrong += [("sha256", value) for value in (None, 7, "", "0" * 63, "0" * 65, "G" * 64, "A" * 64)]
    wrong += [("delta", value) for value in (None, 7, [], {}, "A", "AA==", "a b", "\u00e9\u00e9")]
    payloads = [changed(name, value) for name, value in wrong]
    for missing in offer(9, NEW):
        payload = offer(9, NEW)
        del payload[missing]
        if missing != "lock":
            payloads.append(payload)
    lock = Lock(NEW)
    for payload in payloads:
        lock.said.clear()
        lock.get(sign(payload))
        assert [reason for _, reason in lock.said] == ["malformed"], payload
    assert lock.unchanged()
    assert lock.post.chunks() == []


def test_sizes_and_changes_beyond_the_most_are_refused_before_anything_is_fetched():
    lock = Lock(NEW)
    many = [(PUT, record(d)) for d in digests(CHANGES_MAX + 1)]
    for payload, reason in (
        (changed("size", 17), "bad records"),
        (changed("size", 16 + 32 * 20_001), "too large"),
        (changed("size", 0), "bad records"),
        (offer(9, NEW, delta(*many)), "too large"),
        (offer(9, NEW, delta(*many[:2])[:-1]), "bad records"),
        (offer(9, NEW, delta(many[1], many[0])), "bad records"),
        (offer(9, NEW, delta((3, many[0][1]))), "bad records"),
    ):
        lock.said.clear()
        lock.get(sign(payload))
        assert lock.said == [(9, reason)]
    assert lock.unchanged()
    assert lock.post.chunks() == []


def test_the_longest_head_fits_into_what_is_held_in_ram():
    many = delta(*((PUT, record(d)) for d in digests(CHANGES_MAX)))
    assert len(sign(offer(0x3FFFFFFF, NEW, many))) <= 2560


def test_chunks_that_make_another_list_are_refused():
    for spoil, reason in (
        (lambda chunk: chunk[:-1], "bad hash"),
        (lambda chunk: chunk[:40] + b"\xff" + chunk[41:], "bad hash"),
        (lambda chunk: chunk + b"x", "too large"),
    ):
        lock = Lock(NEW)
        root = "menshen/v1/blob/" + hexadecimal(NEW)
        lock.post.retained[root + "/1"] = spoil(lock.post.retained[root + "/1"])
        lock.get(sign(offer(4, NEW)))
        assert lock.said == [(4, reason)]
        assert lock.unchanged()


def test_a_snapshot_with_records_out_of_order_is_refused_though_its_hash_is_right():
    one, two = (record(d) for d in digests(2))
    for bad in (whole([two, one]), whole([record(digests(1)[0], role=9)]), whole([one])[:-32] + two[:16] * 2):
        lock = Lock(bad).get(sign(offer(4, bad)))
        assert lock.said == [(4, "bad records")]
        assert lock.unchanged()


def test_what_the_guard_refuses_stays_out():
    for fault, reason in (
        (ListError("lease locked out"), "lease locked out"),
        (ListError("free text about a tenant"), "bad records"),
        (OSError(28), "flash full"),
        (OSError(5), "flash error"),
        (MemoryError(), "no memory"),
    ):
        lock = Lock(NEW)
        lock.fault = fault
        lock.get(sign(offer(4, NEW)))
        lock.get(sign(offer(5, OLD, delta((REMOVE, OLD[16:48])), 3)))
        assert lock.said == [(4, reason), (5, reason)]
        assert lock.unchanged()
        lock.fault = None
        assert lock.get(sign(offer(6, NEW))).holds(6, 6, NEW)


def test_the_guard_sees_the_list_with_the_changes_over_it():
    lock = Lock()
    fresh = digests(1, b"x")[0]
    changes = delta(*sorted([(PUT, record(fresh)), (REMOVE, OLD[16:48])], key=lambda c: c[1]))
    lock.get(sign(offer(4, OLD, changes, 3)))
    assert fresh in lock.approved
    assert OLD[16:32] not in lock.approved
    assert lock.approved == sorted(lock.approved)
    assert len(lock.approved) == 80


def test_a_full_flash_keeps_the_old_list():
    lock = Lock(NEW)
    lock.flash.fill()
    lock.get(sign(offer(4, NEW)))
    assert lock.said == [(4, "flash full")]
    assert lock.unchanged()
    lock.get(sign(offer(5, OLD, delta((REMOVE, OLD[16:48])), 3)))
    assert lock.said[1:] == [(5, "flash full")]
    assert lock.unchanged()


def test_without_a_connection_nothing_is_said_and_the_next_head_goes_on():
    lock = Lock(NEW)
    lock.post.client = None
    root = "menshen/v1/blob/" + hexadecimal(NEW)
    last = lock.post.retained.pop(root + "/1")
    sync = Sync("demo", KEY, lock.credentials, lock.approve, lock, lock.post, at_once, print, patience_ms=30)
    assert asyncio.run(sync.take([sign(offer(4, NEW))], 0)) == 0
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
