"""MicroPython's own image: looked at before the first write, and piece by piece only what has changed."""

from small_lock import Release
from update_parts import COMMON, NEW_FILES, OLD, make_lock


def test_an_image_is_refused_before_the_first_write():
    right = b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + b"m" * 5000
    for image, reason in (
        (b"\xe9" + bytes(5000), "combined image"),
        (b"\x00" + right[1:], "bad image"),
        (right[:12] + b"\x09" + right[13:], "bad image"),
        (right + bytes(65536), "image too large"),
    ):
        new = Release("1.1.0", NEW_FILES, image)
        lock = make_lock(new, images=[b"\x11" * 65536, b"\xff" * 65536])
        lock.start()
        lock.end()
        assert lock.run(new) is OLD
        assert lock.said[-1] == ("1.1.0", "refused", reason)
        assert bytes(lock.ota.images[1]) == b"\xff" * 65536
        assert lock.ota.boots == 0


def test_a_board_with_one_partition_takes_the_application_alone():
    right = b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + b"m" * 5000
    new = Release("1.1.0", NEW_FILES, right)
    lock = make_lock(new)
    assert lock.run(new) is new
    newer = Release("1.2.0", COMMON, right, says={"runtime": [9, 0]})
    lock.blobs.update(newer.blobs)
    lock.run(newer)
    assert lock.said[-1] == ("1.2.0", "refused", "no image slot")


def test_an_image_that_differs_in_one_piece_costs_that_piece():
    old = b"\xe9" + bytes(31) + b"\x32\x54\xcd\xab" + b"m" * 60_000
    image = old[:50_000] + b"changed" + old[50_007:]
    new = Release("1.1.0", NEW_FILES, image)
    lock = make_lock(new, images=[old + b"\xff" * (65536 - len(old)), b"\xff" * 65536])
    assert lock.run(new) is new
    assert bytes(lock.ota.images[1]) == image + b"\xff" * (65536 - len(image))
    assert sorted(lock.fetched)[-1] == len(image) - 32768
    assert 32768 not in lock.fetched
    assert lock.ota.runs == 1
    assert lock.ota.state == lock.ota.VALID
