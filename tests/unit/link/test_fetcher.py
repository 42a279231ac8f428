"""A blob is brought by code that is there only meanwhile, however it ends."""

import asyncio
import sys

from list_parts import at_once
from postman import Postman
from ram_flash import RamFlash

import loader
from link.errors import BlobError
from link.fetcher import Fetcher

loader._IS_PLENTY = False  # as on a board without PSRAM

PATH = "/blobs/b"
BLOB = bytes(range(250)) * 20


def fetched(name, size, patience_ms=2000, pace=at_once):
    """The reason why not, or None; the code must be gone in any case."""
    RamFlash("/blobs", 40)
    postman = Postman(BLOB)
    asyncio.new_event_loop()
    try:
        asyncio.run(Fetcher(postman, pace, patience_ms).fetch(name or postman.keep(BLOB), size, PATH))
    except BlobError as error:
        return error.reason
    finally:
        assert "link.blobs" not in sys.modules
        assert postman.heard == {}
    return None


def test_it_lies_there_whole():
    assert fetched(None, len(BLOB)) is None
    with open(PATH, "rb") as file:
        assert file.read() == BLOB


def test_what_does_not_come_is_told_once_patience_is_over():
    assert fetched("00" * 32, len(BLOB), patience_ms=1) == "no such blob"


def test_it_keeps_the_pace_that_it_is_given():
    steps = []

    async def pace():
        assert "link.blobs" in sys.modules
        steps.append(1)

    assert fetched(None, len(BLOB), pace=pace) is None
    assert len(steps) >= 3, "one for each chunk at least"
