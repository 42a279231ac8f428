"""The list of credentials: each record is found, no other, in few reads; a list is taken whole or not."""

import os
import struct

from ram_flash import RamFlash

from access.credentials import Credentials, ListError
from storage.hmac import Mac

KEY = bytes(32)


def record(digest, lease=1):
    return digest + struct.pack("<BBHBBIIH", 1, 2, lease, 0, 0, 0, 0, 0)


def digests(count, seed=b""):
    mac = Mac(b"digests" + seed)
    return sorted(mac.digest(struct.pack("<I", n))[:16] for n in range(count))


def listed(found, flash=None):
    """Credentials on a new flash, holding a record for each of the digests; the lease is its number."""
    flash = flash or RamFlash("/access")
    credentials = Credentials(KEY)
    credentials.install(1, b"".join(record(d, n & 0xFFFF) for n, d in enumerate(found)))
    return credentials, flash


def all_found(found):
    credentials, _ = listed(found)
    for n, digest in enumerate(found):
        credential = credentials.find(digest)
        assert credential is not None, (n, digest)
        assert credential.lease == n
    return credentials


def test_every_record_of_a_list_of_any_length_is_found():
    for count in (1, 2, 3, 4, 15, 16, 17, 18, 33, 100, 1000):
        credentials = all_found(digests(count))
        for stranger in digests(100, b"strangers") + [bytes(16), b"\xff" * 16]:
            assert credentials.find(stranger) is None


def test_in_an_empty_list_and_in_none_nothing_is_found():
    credentials, _ = listed([])
    assert credentials.find(bytes(16)) is None
    RamFlash("/access")
    assert Credentials(KEY).find(bytes(16)) is None


def test_digests_that_begin_alike_are_told_apart():
    alike = [b"\x80" * 13 + bytes((n >> 8, n & 255, 0)) for n in range(500)]
    all_found(alike)
    credentials, _ = listed(alike)
    assert credentials.find(b"\x80" * 13 + b"\x00\x00\x01") is None


def test_a_list_that_is_not_uniform_is_searched_in_bounded_time():
    crowded = [bytes(14) + bytes((n >> 8, n & 255)) for n in range(4000)]
    crowded += [b"\xff" * 14 + bytes((n >> 8, n & 255)) for n in range(4000)]
    credentials, flash = listed(crowded)
    most = 0
    for n in list(range(0, 8000, 97)) + [3999, 4000, 7999]:
        flash.reads = 0
        assert credentials.find(crowded[n]) is not None
        most = max(most, flash.reads)
    for stranger in (b"\x00" * 13 + b"\x01\x00\x00", b"\x7f" * 16, b"\x80" * 16, b"\xff" * 16):
        flash.reads = 0
        assert credentials.find(stranger) is None
        most = max(most, flash.reads)
    assert most < 250, most


def test_among_ten_thousand_a_record_is_found_in_few_reads():
    found = digests(10_000)
    credentials, flash = listed(found)
    flash.reads = flash.bytes_read = 0
    for n in range(0, 10_000, 97):
        credential = credentials.find(found[n])
        assert credential is not None
        assert credential.lease == n
    asked = len(range(0, 10_000, 97))
    assert flash.reads / asked < 25, flash.reads / asked
    assert flash.bytes_read / asked < 1600, flash.bytes_read / asked


def refused(credentials, version, records):
    try:
        credentials.install(version, records)
    except ListError as error:
        return error.reason
    return None


def test_records_that_are_out_of_order_torn_or_of_no_known_kind_are_refused():
    one, two, three = digests(3)
    credentials, _ = listed([two])
    bad = (
        record(two) + record(one),
        record(one) + record(one),
        record(one) + record(three)[:31],
        record(one)[:16] + b"\x07" + record(one)[17:],
        record(one)[:17] + b"\x07" + record(one)[18:],
    )
    for records in bad:
        assert refused(credentials, 2, records) == "bad records"
        assert credentials.version == 1
        assert credentials.find(two) is not None


def test_a_flash_without_room_keeps_the_list_in_use():
    found = digests(200)
    credentials, flash = listed(found, RamFlash("/access", 12))
    flash.fill()
    assert refused(credentials, 2, b"".join(map(record, digests(201)))) == "flash full"
    assert credentials.version == 1
    assert credentials.find(found[7]) is not None
    again = Credentials(KEY)
    assert again.version == 1
    assert again.find(found[7]) is not None


def test_a_list_with_a_flipped_bit_gives_way_to_the_one_before():
    old, new = digests(20), digests(21, b"new")
    credentials, _ = listed(old)
    credentials.install(2, b"".join(map(record, new)))
    with open("/access/list", "r+b") as file:
        file.seek(100)
        byte = file.read(1)
        file.seek(100)
        file.write(bytes((byte[0] ^ 4,)))
    again = Credentials(KEY)
    assert (again.whole, again.version) == (True, 1)
    assert again.find(old[3]) is not None
    assert again.find(new[3]) is None


def test_the_copy_made_in_quiet_times_stands_in_for_a_lost_list():
    old = digests(20)
    credentials, _ = listed(old)
    credentials.ensure_copy()
    os.remove("/access/list")
    again = Credentials(KEY)
    assert again.version == 1
    assert again.find(old[3]) is not None


def test_a_list_under_another_key_is_no_list():
    listed(digests(3))
    stranger = Credentials(b"\x01" * 32)
    assert not stranger.whole
    assert stranger.find(digests(3)[0]) is None
