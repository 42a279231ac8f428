"""Blobs that are not what the manifest says, flashes that are full, releases that go back."""

from small_lock import KEYS, Release, digest, pack
from update_parts import COMMON, NEW_FILES, OLD, make_lock, refused, tree

from door.faults import FAULTS
from update import slots
from update.course import Course


def test_a_blob_that_is_not_there_or_not_right_is_refused():
    for wrong, reason in ((None, "no such blob"), (b"log" * 299, "bad hash"), (b"lox" * 300, "bad hash")):
        new = Release("1.1.0", NEW_FILES)
        lock = make_lock(new)
        lock.blobs[digest(NEW_FILES["log.mpy"])] = wrong
        refused(lock, new, reason, is_fetched=True)


def test_swapped_files_are_refused():
    """Right files at each other's place, under a head that the manifest names."""
    swapped = dict(NEW_FILES, **{"app.mpy": COMMON["door/relay.mpy"], "door/relay.mpy": COMMON["app.mpy"]})
    head, _ = pack(dict(swapped, **{"update/keys": KEYS}))
    new = Release("1.1.0", NEW_FILES, says={"files": {"sha256": digest(head), "size": len(head)}})
    lock = make_lock(new)
    lock.blobs[digest(head)] = head
    refused(lock, new, "bad hash", is_fetched=True)
    assert "/slots/b.pack" not in tree()


def test_a_name_that_leads_out_of_the_slot_is_refused():
    for name in (
        "../a.pack",
        "/boot.py",
        "x/../../boot.py",
        "a//b",
        "./x",
        ".hidden",
        "a/.b",
        "a b",
        "a\\b",
        "",
        "n" * 41,
    ):
        new = Release("1.1.0", dict(NEW_FILES, **{name: b"evil" * 100}))
        refused(make_lock(new), new, "bad files", is_fetched=True)


def test_a_head_that_makes_no_sense_is_refused():
    head, _ = pack(NEW_FILES)
    index = head[12:].partition(b"\n\n")[0]
    for wrong in (
        b"",
        b"MNP2" + head[4:],
        head[:11],
        head[:40],
        head + b"x",
        b"\0" * len(head),
        head.replace(b" 0\n", b" 1\n"),
        head.replace(b"\nlog.mpy ", b"\nLOGxmpy "),
        head[:4] + b"\xff\xff" + head[6:],
        head[:6] + b"\x09\x00" + head[8:],
        head.replace(b" ", b"_", 1),
        head[:8] + b"\xff" * 4 + head[12:],
        head[:12] + b"x" + head[13:],
        head[: 12 + len(index) // 2],
    ):
        named = {"sha256": digest(wrong), "size": max(1, len(wrong))}
        new = Release("1.1.0", NEW_FILES, says={"files": named})
        lock = make_lock(new)
        lock.blobs[named["sha256"]] = wrong
        lock.said = []
        assert lock.run(new) is OLD
        assert lock.said[-1][1] == "refused", wrong
        assert lock.said[-1][2] in ("bad files", "bad hash"), lock.said


def test_a_full_flash_is_told_and_given_back():
    new = Release("1.1.0", dict(NEW_FILES, **{"big%d.mpy" % n: bytes((n,)) * 9000 for n in range(4)}))
    lock = make_lock(new, blocks=16)
    refused(lock, new, "flash full", is_fetched=True)
    assert [path for path in tree() if path.startswith("/slots/")] == ["/slots/a.pack"]
    assert lock.opens()


def test_only_what_has_changed_is_fetched():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    lock.run(new)
    head = pack(dict(NEW_FILES, **{"update/keys": b""}))[0]
    assert len(lock.fetched) == 2
    assert lock.fetched[1] == len(NEW_FILES["log.mpy"])
    assert lock.fetched[0] - len(head) < 8


def test_a_slot_that_is_whole_is_not_built_again_where_memory_is_lacking_after_it():
    """For what is cleared, before and after that, or for what is told."""
    clear, Course.again_ms = slots.clear, 0
    for at in ("clear", "cleared", "fetched"):
        new = Release("1.1.0", NEW_FILES)
        lock = make_lock(new)
        failures, told = [], lock.update

        def lacks(what):
            if what == at and not failures:  # noqa: B023
                failures.append(what)  # noqa: B023
                raise MemoryError

        def scarce():
            lacks("clear")
            clear()
            lacks("cleared")

        def tell(version, step, reason):
            lacks(step)
            told(version, step, reason)  # noqa: B023

        slots.clear, lock.update = scarce, tell
        try:
            assert lock.run(new) is new, at
        finally:
            slots.clear = clear
        assert failures == [at]
        assert len(lock.fetched) == 2, lock.fetched


def test_two_updates_in_a_row():
    second = Release("1.1.0", NEW_FILES)
    third = Release("1.2.0", dict(COMMON, **{"other.mpy": b"other" * 200}))
    lock = make_lock(second, third)
    assert lock.run(second) is second
    assert lock.slot == 1
    assert lock.run(third) is third
    assert lock.slot == 0
    assert lock.opens()


def test_a_damaged_file_of_the_running_release_is_fetched_and_not_copied():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    lock.start()
    lock.end()
    with open("/slots/a.pack", "r+b") as file:
        file.seek(OLD.whole.find(b"relayrelay") + 100)
        file.write(b"rot")
    damaged = Release("1.0.0", COMMON)
    with open("/slots/a.pack", "rb") as file:
        damaged.whole = file.read()
    lock.releases = [damaged, new]
    assert lock.run(new) is new


def test_a_release_that_goes_back_three_times_is_not_tried_again():
    new = Release("1.1.0", NEW_FILES)
    lock = make_lock(new)
    assert lock.run(new, lives=20, works=lambda release: release is OLD) is OLD
    steps = [said[1:] for said in lock.said]
    assert steps.count(("went back",)) == 3
    assert steps[-1] == ("refused", "failed trial")
    newer = Release("1.1.1", dict(NEW_FILES, **{"app.mpy": b"mended" * 99}))
    lock.releases.append(newer)
    lock.blobs.update(newer.blobs)
    assert lock.run(newer) is newer


def test_faults_that_a_release_brings_send_it_back():
    for fault in [name for name, bit in FAULTS.items() if bit]:
        new = Release("1.1.0", NEW_FILES)
        lock = make_lock(new)

        def brings(release, fault=fault):
            return () if release is OLD else (fault,)

        assert lock.run(new, lives=20, faults=brings) is OLD
        assert (new.version, "went back") in lock.said
        assert lock.opens()
