"""The list of credentials: each record is found, no other, in few reads; the changes over it come first."""

import asyncio
import os

from list_parts import KEY, PUT, REMOVE, at_once, delta, digests, install, listed, opened, put, record, whole
from ram_flash import RamFlash

from roll import head
from roll import install as installing
from roll.layout import CHANGES_MAX, SNAPSHOTS


def new_list(found, flash=None):
    flash = flash or RamFlash("/access")
    return listed(found), flash


def all_found(found):
    credentials, _ = new_list(found)
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
    credentials, _ = new_list([])
    assert credentials.whole
    assert credentials.find(bytes(16)) is None
    RamFlash("/access")
    credentials = opened()
    assert not credentials.whole
    assert credentials.find(bytes(16)) is None
    assert list(credentials.each()) == []


def test_a_folder_that_is_missing_is_made_and_one_that_cannot_be_is_no_end():
    RamFlash("/access")
    for folder in ("/access/here", "/access/not/here"):
        head.FOLDER = folder
        assert not opened().whole
    head.FOLDER = "/access"
    assert os.listdir("/access") == ["here"]
    assert not opened().whole
    assert os.listdir("/access") == ["here"]


def test_digests_that_begin_alike_are_told_apart():
    alike = [b"\x80" * 13 + bytes((n >> 8, n & 255, 0)) for n in range(500)]
    all_found(alike)
    credentials, _ = new_list(alike)
    assert credentials.find(b"\x80" * 13 + b"\x00\x00\x01") is None


def test_a_list_that_is_not_uniform_is_searched_in_bounded_time():
    crowded = [bytes(14) + bytes((n >> 8, n & 255)) for n in range(4000)]
    crowded += [b"\xff" * 14 + bytes((n >> 8, n & 255)) for n in range(4000)]
    credentials, flash = new_list(crowded)
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
    credentials, flash = new_list(found)
    flash.reads = flash.bytes_read = 0
    for n in range(0, 10_000, 97):
        credential = credentials.find(found[n])
        assert credential is not None
        assert credential.lease == n
    asked = len(range(0, 10_000, 97))
    assert flash.reads / asked < 25, flash.reads / asked
    assert flash.bytes_read / asked < 1600, flash.bytes_read / asked


def changed(found, changes):
    """The list of these digests with changes over it."""
    credentials, flash = new_list(found)
    used, other = installing.identities(credentials, KEY)
    place = 2, credentials.slot
    asyncio.run(installing.install(credentials, KEY, place, (used, other), changes, at_once))
    return credentials, flash


def test_the_old_list_is_in_force_until_the_new_head_takes_its_place_in_one_step():
    found = digests(3)
    credentials, _ = new_list(found)
    seen = []

    async def look():
        again = opened()
        seen.append((credentials.version, again.version, credentials.find(found[0]) is not None))
        assert again.whole

    used, other = installing.identities(credentials, KEY)
    gone = delta((REMOVE, record(found[0])))
    asyncio.run(installing.install(credentials, KEY, (2, credentials.slot), (used, other), gone, look))
    assert seen == [(1, 1, True), (1, 1, True), (2, 2, False)], seen


def test_changes_come_before_the_snapshot():
    old, new = digests(40), digests(8, b"new")
    edits = [(PUT, record(d, 777)) for d in new] + [(REMOVE, record(d)) for d in old[3:30:9]]
    edits += [(PUT, record(d, 888)) for d in old[5:30:9]]
    edits.sort(key=lambda edit: edit[1][:16])
    credentials, _ = changed(old, delta(*edits))
    expected = {digest: n for n, digest in enumerate(old)}
    for op, data in edits:
        expected.pop(data[:16], None)
        if op == PUT:
            expected[data[:16]] = data[18] | data[19] << 8
    for again in credentials, opened():
        assert (again.version, again.base, again.whole) == (2, 1, True)
        for digest in old + new + digests(50, b"strangers"):
            credential = again.find(digest)
            assert (credential and credential.lease) == expected.get(digest), digest
        each = [(digest, credential.lease) for digest, credential in again.each()]
        assert each == sorted(expected.items())


def test_changes_that_begin_alike_are_told_apart():
    alike = [b"\x80" * 15 + bytes((n,)) for n in range(CHANGES_MAX)]
    credentials, _ = changed(digests(3), delta(*((PUT, record(d, n)) for n, d in enumerate(alike))))
    for n, digest in enumerate(alike):
        credential = credentials.find(digest)
        assert credential is not None
        assert credential.lease == n
    assert credentials.find(b"\x80" * 16) is None


def test_a_credential_untouched_by_the_changes_costs_no_more_reads():
    found = digests(10_000)
    credentials, flash = changed(found, delta((PUT, record(b"\x42" * 16))))
    flash.reads = 0
    asked = [digest for digest in found[::97] if digest[0] != 0x42]
    for digest in asked:
        assert credentials.find(digest) is not None
    assert flash.reads / len(asked) < 25, flash.reads / len(asked)


def test_a_list_under_another_key_is_no_list():
    new_list(digests(3))
    stranger = opened(b"\x01" * 32)
    assert not stranger.whole
    assert stranger.find(digests(3)[0]) is None


def test_a_head_in_which_any_bit_has_flipped_gives_way_to_the_one_before():
    old, new = digests(20), digests(21, b"new")
    credentials, _ = new_list(old)
    install(credentials, 2, [record(d) for d in new])
    with open("/access/head", "rb") as file:
        head = file.read()
    for at in range(0, len(head), 5):
        broken = bytearray(head)
        broken[at] ^= 1 << at % 8
        put("/access/head", broken)
        again = opened()
        assert (again.version, again.whole) == (1, False)
        assert again.find(old[3]) is not None
        assert again.find(new[3]) is None
    put("/access/head", head)
    assert opened().version == 2


def test_a_snapshot_that_is_lost_or_cut_gives_way_to_the_other():
    old, new = digests(20), digests(21, b"new")
    for broken in (None, b"", b"MNL2", whole([record(d) for d in new])[:-32], bytes(16 + 21 * 32)):
        credentials, _ = new_list(old)
        install(credentials, 2, [record(d) for d in new])
        if broken is None:
            os.remove(SNAPSHOTS[credentials.slot])
        else:
            put(SNAPSHOTS[credentials.slot], broken)
        again = opened()
        assert (again.base, again.whole) == (1, False)
        assert again.find(old[3]) is not None
        assert again.find(new[3]) is None


def test_each_goes_on_while_others_search():
    found = digests(50)
    credentials, _ = new_list(found)
    seen = []
    for digest, _ in credentials.each():
        credentials.find(found[(len(seen) * 7) % 50])
        seen.append(digest)
    assert seen == found
