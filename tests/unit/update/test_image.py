"""MicroPython's own image: looked at before the first write, and piece by piece only what has changed."""

import os

from small_lock import Release
from update_parts import COMMON, NEW_FILES, OLD, make_lock


def _image(chip=0, filled=5000):
    return b"\xe9" + bytes(11) + bytes([chip]) + bytes(19) + b"\x32\x54\xcd\xab" + b"m" * filled


def test_an_image_is_refused_before_the_first_write():
    right = _image()
    for runs, image, reason in (
        (0, b"\xe9" + bytes(5000), "combined image"),
        (0, b"\x00" + right[1:], "bad image"),
        (0, _image(chip=9), "bad image"),
        (9, right, "bad image"),
        (0, right[:13] + b"\x01" + right[14:], "bad image"),
        (0, right + bytes(65536), "image too large"),
    ):
        new = Release("1.1.0", NEW_FILES, image)
        lock = make_lock(new, images=[_image(runs, 65536 - 36), b"\xff" * 65536])
        lock.start()
        lock.end()
        assert lock.run(new) is OLD
        assert lock.said[-1] == ("1.1.0", "refused", reason)
        assert bytes(lock.ota.images[1]) == b"\xff" * 65536
        assert lock.ota.boots == 0
        assert "image.piece" not in os.listdir("/slots"), "32 KB that a list may need"


def test_an_image_for_the_chip_that_runs_is_taken():
    for chip in (0, 9):
        new = Release("1.1.0", NEW_FILES, _image(chip) + b"another")
        lock = make_lock(new, images=[_image(chip, 65536 - 36), b"\xff" * 65536])
        assert lock.run(new) is new
        assert bytes(lock.ota.images[1][: len(new.image)]) == new.image


def test_what_was_in_the_partition_is_erased():
    for held in b"\x00", b"\x55", b"\xfe":
        new = Release("1.1.0", NEW_FILES, _image() + b"another")
        lock = make_lock(new, images=[_image(0, 65536 - 36), held * 65536])
        assert lock.run(new) is new
        assert bytes(lock.ota.images[1][: len(new.image)]) == new.image


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
