"""Blobs are fetched by the chunk, go on where they were broken off, and are taken whole or not at all."""

import asyncio
import os

from list_parts import at_once, put
from postman import Postman
from ram_flash import RamFlash

import link.blobs as room
from link.blobs import fetch
from link.errors import Refused

PATH = "/blobs/b"
BLOB = bytes(n * 7 & 255 for n in range(256)) * 150  # 38,400 bytes: 18 chunks and three quarters


def fetched(postman, name, size, flash=None, pace=at_once, patience_ms=2000):
    """The reason why not, or None; what lies at PATH then is looked at by the test."""
    if flash is not False:
        flash or RamFlash("/blobs", 40)
    asyncio.new_event_loop()  # nothing goes on from the run before
    try:
        asyncio.run(fetch(postman, name, size, PATH, pace, patience_ms))
    except Refused as error:
        return error.reason
    return None


def there():
    return sorted(os.listdir("/blobs"))


def read(path=PATH):
    with open(path, "rb") as file:
        return file.read()


def test_a_blob_of_any_size_comes_whole():
    for size in (1, 2047, 2048, 2049, 4096, 16384, 16385, 38400):
        postman = Postman()
        name = postman.keep(BLOB[:size])
        assert fetched(postman, name, size) is None
        assert read() == BLOB[:size]
        assert there() == ["b"]
        assert postman.chunks() == list(range(-(-size // 2048)))
        assert postman.heard == {}


def test_a_blob_that_is_there_is_not_fetched_again():
    postman = Postman()
    name = postman.keep(BLOB)
    assert fetched(postman, name, len(BLOB)) is None
    postman.chunks()
    assert fetched(postman, name, len(BLOB), False) is None
    assert postman.chunks() == []


def test_a_connection_that_breaks_within_a_chunk_costs_no_byte():
    for lost in range(1, 20):
        postman = Postman()
        name = postman.keep(BLOB)
        postman.lose_at = lost
        assert fetched(postman, name, len(BLOB)) is None
        assert read() == BLOB


class PowerCut(BaseException):
    pass


def test_after_a_power_cut_it_goes_on_where_it_was():
    """What was closed is there: with every 16 KiB a cut costs eight chunks at most."""
    for steps in range(1, 160, 3):
        left = [steps]

        async def until_the_cut(left=left):
            left[0] -= 1
            if not left[0]:
                raise PowerCut

        postman = Postman()
        name = postman.keep(BLOB)
        flash = RamFlash("/blobs", 40)
        try:
            fetched(postman, name, len(BLOB), flash, until_the_cut)
        except PowerCut:
            pass
        had = [n for n in there() if n.startswith("b.")]
        before = os.stat("/blobs/" + had[0])[6] if had else len(BLOB) if there() else 0
        postman = Postman()
        postman.keep(BLOB)
        assert fetched(postman, name, len(BLOB), False) is None
        assert read() == BLOB
        assert postman.chunks() == list(range(before // 2048, 19 if before < len(BLOB) else 0))


def test_what_is_left_of_another_blob_makes_room():
    postman = Postman()
    name = postman.keep(BLOB)
    flash = RamFlash("/blobs", 40)
    put("/blobs/b.89abcdef", b"other")
    put("/blobs/c.89abcdef", b"of c")
    assert fetched(postman, name, len(BLOB), flash) is None
    assert there() == ["b", "c.89abcdef"]


def test_a_part_that_has_rotted_costs_one_more_round():
    postman = Postman()
    name = postman.keep(BLOB)
    flash = RamFlash("/blobs", 40)
    put("/blobs/b." + name[:8], bytes(5000))
    assert fetched(postman, name, len(BLOB), flash) is None
    assert postman.chunks() == list(range(2, 19)) + list(range(19))
    assert read() == BLOB
    put("/blobs/b." + name[:8], bytes(50000))
    os.remove(PATH)
    assert fetched(postman, name, len(BLOB), False) is None


def spoilt(change):
    postman = Postman()
    name = postman.keep(BLOB)
    root = "menshen/v1/blob/%s/" % name
    change(postman.retained, root)
    return postman, name


def test_chunks_that_are_not_the_blobs_are_refused():
    def truncate(kept, root):
        kept[root + "3"] = kept[root + "3"][:-1]

    def swap(kept, root):
        kept[root + "3"], kept[root + "4"] = kept[root + "4"], bytes(2048)

    def alter(kept, root):
        kept[root + "0"] = b"x" + kept[root + "0"][1:]

    def empty(kept, root):
        kept[root + "5"] = b""

    def lengthen(kept, root):
        kept[root + "18"] += b"x"

    for change, reason in (
        (truncate, "bad hash"),
        (swap, "bad hash"),
        (alter, "bad hash"),
        (empty, "bad hash"),
        (lengthen, "too large"),
    ):
        postman, name = spoilt(change)
        assert fetched(postman, name, len(BLOB)) == reason
        assert "b" not in there()
        assert postman.heard == {}
        good = Postman()
        good.keep(BLOB)
        assert fetched(good, name, len(BLOB), False) is None
        assert read() == BLOB


class Ticks:
    """The clock of blobs.py for a while."""

    def __init__(self):
        self.now = 5_000_000

    def __call__(self):
        return self.now

    def __enter__(self):
        self._real, room.ticks_ms = room.ticks_ms, self
        return self

    def __exit__(self, *_):
        room.ticks_ms = self._real


def test_after_wrong_chunks_nothing_is_fetched_for_a_while_and_no_flash_is_worn():
    """Whoever runs the broker has any number of true heads, and sends other chunks for them."""
    for change in (lambda chunk: bytes(2048), lambda chunk: bytes(2049)):
        with Ticks() as ticks:
            postman, name = spoilt(lambda kept, root, change=change: kept.update({root + "0": change(b"")}))
            other = postman.keep(BLOB[1:] + BLOB[:1])
            flash = RamFlash("/blobs", 40)
            for pause in (10, 20, 40, 80, 160, 320, 640, 1280, 2560, 3600, 3600, 3600):
                assert fetched(postman, name, len(BLOB), flash) in ("bad hash", "too large")
                flash = False
                assert postman.chunks()
                ticks.now += pause * 1000 - 1
                assert fetched(postman, other, len(BLOB), False) == "bad hash"
                assert postman.chunks() == []
                ticks.now += 1
            assert fetched(postman, other, len(BLOB), False) is None


def test_a_broker_that_mends_is_soon_heard_again():
    with Ticks() as ticks:
        postman, name = spoilt(lambda kept, root: kept.update({root + "0": bytes(2048)}))
        flash = RamFlash("/blobs", 40)
        for after_h in (0, 1, 11):  # what is right meanwhile does not begin the count anew
            ticks.now += after_h * 3_600_000
            assert fetched(postman, name, len(BLOB), flash) == "bad hash"
            flash = False
        ticks.now += 39_999
        assert fetched(postman, name, len(BLOB), False) == "bad hash"
        postman.chunks()
        ticks.now += 12 * 3_600_000
        assert fetched(postman, name, len(BLOB), False) == "bad hash"
        assert postman.chunks()
        ticks.now += 10_000
        postman.keep(BLOB)
        assert fetched(postman, name, len(BLOB), False) is None


def test_a_chunk_that_never_comes_does_not_keep_others_from_being_fetched():
    postman, name = spoilt(lambda kept, root: kept.pop(root + "7"))
    assert fetched(postman, name, len(BLOB), patience_ms=60) == "no such blob"
    assert fetched(postman, postman.keep(BLOB), len(BLOB), False) is None


def test_a_chunk_that_never_comes_is_waited_for_in_bounded_time():
    postman, name = spoilt(lambda kept, root: kept.pop(root + "7"))
    assert fetched(postman, name, len(BLOB), patience_ms=60) == "no such blob"
    assert postman.heard == {}
    assert there() == ["b." + name[:8]]


def test_without_a_connection_it_gives_up_and_keeps_what_it_has():
    postman = Postman()
    name = postman.keep(BLOB)
    postman.client = None
    assert fetched(postman, name, len(BLOB)) == "connection lost"
    postman.client = postman
    assert fetched(postman, name, len(BLOB), False) is None


def test_a_full_flash_is_told_and_nothing_is_left_of_it():
    postman = Postman()
    name = postman.keep(BLOB)
    flash = RamFlash("/blobs", 10)
    assert fetched(postman, name, len(BLOB), flash) == "flash full"
    assert there() == []
