"""A manifest that is none for this lock, or not signed, is refused by name before anything is fetched."""

import os

from release_signer import KEY_ID, MODULUS
from small_lock import Release, SmallLock, digest, pack
from update_parts import COMMON, NEW_FILES, OLD, make_lock, refused

_STEP = 1 if os.getenv("MENSHEN_NIGHTLY") else 3


def test_a_release_that_is_right_is_taken():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    assert lock.run(new) is new
    steps = [said[1] for said in lock.said]
    assert steps == ["accepted", "fetched", "trial", "confirmed"]


def test_every_byte_of_the_manifest_counts():
    """By day every third is changed."""
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    good = new.manifest
    reasons = {}
    for at in range(0, len(good), _STEP):
        for change in (0x01, 0x20)[: 1 + (at % 8 == 0)]:
            new.manifest = good[:at] + bytes((good[at] ^ change,)) + good[at + 1 :]
            lock.said, lock.fetched = [], []
            lock.end()
            lock.start()
            assert lock.run(new) is OLD
            assert lock.said[-1][1] == "refused", at
            assert lock.fetched == []
            reasons[lock.said[-1][2]] = reasons.get(lock.said[-1][2], 0) + 1
    assert set(reasons) == {"bad signature", "malformed", "unknown key"}
    print("changed manifests refused: %s" % reasons)


def test_a_manifest_cut_short_or_with_more_to_it_is_refused():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    good = new.manifest
    for size in list(range(0, len(good), 7)) + [len(good) - 1]:
        new.manifest = good[:size]
        lock.said = []
        assert lock.run(new) is OLD
        assert lock.said[-1][1] == "refused", size
    for more in (b"A", b".", b"=", b"\n"):
        new.manifest = good + more
        assert lock.run(new) is OLD


def test_a_manifest_too_large_is_refused():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    new.manifest = None  # what the link makes of a message that it does not keep
    refused(lock, new, "too large")
    new.manifest = b"e" * 2049
    refused(lock, new, "too large")


def test_a_key_that_is_not_trusted_is_refused():
    new = Release("1.1.0", NEW_FILES, key_id=b"\x00" * 8)
    refused(make_lock(new), new, "unknown key")


def test_a_key_that_only_names_a_trusted_one_is_refused():
    """The manifest bears the id of a trusted key, and the signature of another."""
    other = bytearray(MODULUS)
    other[200] ^= 4
    old = dict(COMMON)
    lock = SmallLock(Release("1.0.0", old))
    lock.end()
    trusting = dict(COMMON)
    trusting["update/keys"] = b"\x01" + KEY_ID + bytes(other)
    OLD.whole, kept = pack(trusting)[1], OLD.whole
    try:
        new = Release("1.1.0", NEW_FILES)
        refused(make_lock(new), new, "bad signature")
    finally:
        OLD.whole = kept


def test_a_lock_without_release_keys_takes_no_release():
    OLD.whole, kept = pack(COMMON)[1], OLD.whole
    try:
        new = Release("1.1.0", NEW_FILES)
        refused(make_lock(new), new, "unknown key")
    finally:
        OLD.whole = kept


def test_both_of_two_keys_are_trusted():
    both = dict(COMMON)
    both["update/keys"] = b"\x02" + bytes(8) + bytes(384) + KEY_ID + MODULUS
    OLD.whole, kept = pack(both)[1], OLD.whole
    try:
        new = Release("1.1.0", NEW_FILES)
        lock = make_lock(new)
        assert lock.run(new) is new
    finally:
        OLD.whole = kept


def test_another_board_is_refused():
    new = Release("1.1.0", NEW_FILES, says={"board": "other"})
    refused(make_lock(new), new, "wrong board")


def test_an_older_security_version_is_refused_for_good():
    second = Release("1.1.0", NEW_FILES, security=2)
    first = Release("1.0.5", dict(COMMON, **{"log.mpy": b"old" * 90}), security=1)
    lock = make_lock(second, first)
    assert lock.run(second) is second
    lock.said = []
    assert lock.run(first) is second
    assert lock.said[-1] == ("1.0.5", "refused", "old security version")


def test_an_older_release_of_the_same_security_version_is_taken():
    older = Release("0.9.0", NEW_FILES)
    lock = make_lock(older)
    assert lock.run(older) is older


def test_a_newer_micropython_than_this_is_asked_for_in_vain():
    new = Release("1.1.0", NEW_FILES, says={"runtime": [9, 0]})
    refused(make_lock(new), new, "old runtime")


def test_members_that_make_no_sense_are_malformed():
    good = Release("1.1.0", NEW_FILES)
    slot = {"sha256": digest(good.whole), "size": len(good.whole)}
    for says in (
        {"version": "1.2.0"},
        {"version": 1},
        {"security": -1},
        {"security": True},
        {"security": "1"},
        {"board": None},
        {"runtime": [1]},
        {"runtime": "1.24"},
        {"runtime": [1, 24, 0]},
        {"more": 1},
        {"slot": None},
        {"slot": {}},
        {"slot": dict(slot, size=0)},
        {"slot": dict(slot, size=1 << 30)},
        {"slot": dict(slot, sha256="x" * 64)},
        {"slot": dict(slot, sha256=slot["sha256"][1:])},
        {"slot": dict(slot, more=1)},
        {"files": dict(slot, size=100_000)},
        {"image": {}},
        {"image": slot},
        {"image": dict(slot, pieces=slot["sha256"], size=1 << 24)},
    ):
        new = Release("1.1.0", NEW_FILES, says=says)
        refused(make_lock(new), new, "malformed")


def test_versions_that_make_no_sense_are_malformed():
    for version in ("1.1", "1.1.0.0", "1.1.x", "01.1.0", "1.1.1024", "", "1..1", "-1.0.0", "1.1.0 "):
        new = Release(version, NEW_FILES)
        refused(make_lock(new), new, "malformed")
