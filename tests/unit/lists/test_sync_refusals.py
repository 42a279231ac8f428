"""Credential lists that are refused, each with its reason; the old list stays in force."""

import json

from list_parts import PUT, REMOVE, delta, digests, offer, record, sign, whole
from lock_with_list import NEW, OLD, Lock, hexadecimal

from roll import head
from roll.credentials import BadList
from roll.layout import CHANGES_MAX


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
            payloads += [payload, dict(payload, echo="ab" * 8)]
    payloads.append(dict(changed("more", 1), echo="ab" * 8))
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
        (BadList("lease locked out"), "lease locked out"),
        (BadList("free text about a tenant"), "bad records"),
        (OSError(28), "flash full"),
        (OSError(5), "flash error"),
    ):
        lock = Lock(NEW)
        lock.fault = fault
        lock.get(sign(offer(4, NEW)))
        lock.get(sign(offer(5, OLD, delta((REMOVE, OLD[16:48])), 3)))
        assert lock.said == [(4, reason), (5, reason)]
        assert lock.unchanged()
        lock.fault = None
        assert lock.get(sign(offer(6, NEW))).holds(6, 6, NEW)


def test_a_list_for_which_there_is_no_memory_is_not_refused_yet():
    lock = Lock(NEW)
    lock.fault = MemoryError()
    try:
        lock.get(sign(offer(4, NEW)))
    except MemoryError:
        pass
    else:
        raise AssertionError("whoever called is to try again")
    assert lock.said == []
    assert lock.unchanged()
    lock.fault = None
    assert lock.get(sign(offer(4, NEW))).holds(4, 4, NEW)


def test_where_memory_lacks_as_a_list_is_opened_those_of_the_old_one_get_in_until_it_is_tried_again():
    """Its head is in the flash by then: a lock that had closed the old one knew nobody of either."""
    one, other = [record(digest) for digest in digests(2, b"more")]
    held, more = delta((PUT, other)), delta((PUT, one), (PUT, other))
    for snapshot, laid, base in ((NEW, b"", 5), (OLD, more, 3), (NEW, more, 5)):
        for name in ("read_head", "list_hash"):
            lock = Lock(snapshot).get(sign(offer(4, OLD, held, 3)))
            said, real = len(lock.said), getattr(head, name)

            def lacks(*parts):
                raise MemoryError

            setattr(head, name, lacks)
            try:
                lock.get(sign(offer(5, snapshot, laid, base)))
            except MemoryError:
                pass
            else:
                raise AssertionError("whoever called is to try again")
            finally:
                setattr(head, name, real)
            assert len(lock.said) == said
            for known in (OLD[16:32], other[:16]):
                assert lock.credentials.find(known) is not None, (name, "its people are shut out")
            assert lock.get(sign(offer(5, snapshot, laid, base))).holds(5, base, snapshot, laid)


def test_a_full_flash_keeps_the_old_list():
    lock = Lock(NEW)
    lock.flash.fill()
    lock.get(sign(offer(4, NEW)))
    assert lock.said == [(4, "flash full")]
    assert lock.unchanged()
    lock.get(sign(offer(5, OLD, delta((REMOVE, OLD[16:48])), 3)))
    assert lock.said[1:] == [(5, "flash full")]
    assert lock.unchanged()
