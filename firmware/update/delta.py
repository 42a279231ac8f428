"""Makes the head of a release's pack from the running one's, if the broker has the difference.

What differs from a version is the retained message of menshen/v1/blob/<SHA-256 of the head>/<version, with
dashes for dots>: the first 12 bytes of the new head; then, by name, each file that is new, changed or gone,
as name, space, size (0: gone), newline, the 32 bytes of its SHA-256.

Nobody signs that message: the result counts only if it has the head's SHA-256, which the manifest names.
Otherwise, or if there is no such message, the whole head is fetched.
"""

import asyncio
import struct

from micropython import const

from link.backoff import comes
from pace import Pace
from storage import files
from update.steps import FETCH, NEXT, PLAN, WANTED
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Callable, Iterator
    from typing import BinaryIO

    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from update.steps import Next, Update

    Turns = Callable[[], Awaitable[None]]

PATIENCE_MS = 1000  # a broker sends what it retains right behind the answer to a subscription
_LONGEST = const(2048)
_PIECE = const(256)
_HEAD = const(12)
_HASH = const(32)
_LINE_MAX = const(50)


async def step(update: "Update", release: dict) -> "Next":
    """Make the head that is wanted, if it is not there yet."""
    name, _, path = release[WANTED]
    if not files.exists(path):
        part = path + ".delta"
        topic = "menshen/v1/blob/%s/%s" % (name, VERSION.replace(".", "-"))
        try:
            if await _is_told(update.subscriptions, topic, part):
                await make("/slots/" + slot() + ".pack", part, path, Pace())
        except (OSError, ValueError):
            files.remove(path)
        files.remove(part)
    release[NEXT] = PLAN
    return FETCH, release


async def _is_told(topics: "Subscriptions", topic: str, path: str) -> bool:
    """Whether the message of a topic came, and is the file at `path` now."""
    came = asyncio.Event()

    async def on_message(payload: "Payload") -> None:
        if payload.size > _LONGEST or came.is_set():
            return
        try:
            piece = memoryview(bytearray(_PIECE))
            with open(path, "wb") as file:
                while payload.size:
                    view = piece[: min(_PIECE, payload.size)]
                    await payload.into(view)
                    file.write(view)
            came.set()
        except (OSError, MemoryError):
            pass  # the whole head is fetched

    try:
        await topics.subscribe(topic, on_message)
        return await comes(came, PATIENCE_MS)
    finally:
        await topics.unsubscribe(topic)


async def make(running: str, delta: str, path: str, pace: "Turns") -> None:
    """Write the head of a new pack to `path`. Raises OSError, and ValueError if the input makes no sense.

    `running` is the file of the pack from which it differs, `delta` the file with the difference.
    """
    with open(running, "rb") as file, open(delta, "rb") as changes, open(path, "wb") as head:
        sources, place = bytearray(), 0
        head.write(changes.read(_HEAD))
        for name, size, source in _merged(file, changes):
            if size:
                head.write(b"\n" + name + b" %d" % place)
                place += size
                sources.extend(struct.pack("<h", source))
            await pace()
        head.write(b"\n")
        hashes = file.tell()
        for n in range(0, len(sources), 2):
            (source,) = struct.unpack_from("<h", sources, n)
            if source < 0:
                changes.seek(~source)
            else:
                file.seek(hashes + _HASH * source)
            head.write((changes if source < 0 else file).read(_HASH))
            await pace()


def _merged(file: "BinaryIO", changes: "BinaryIO") -> "Iterator[tuple[bytes, int, int]]":
    """Name and size of each file, by name, and where its hash is: of file n in the pack n, else ~place."""
    name, size, place = _change(changes)
    for n, (known, count) in enumerate(_known(file)):
        while name and name < known:
            yield name, size, ~place
            name, size, place = _change(changes)
        if name == known:
            yield name, size, ~place
            name, size, place = _change(changes)
        else:
            yield known, count, n
    while name:
        yield name, size, ~place
        name, size, place = _change(changes)


def _known(file: "BinaryIO") -> "Iterator[tuple[bytes, int]]":
    """Name and size of each file of a pack, which is read up to its hashes."""
    count, end = struct.unpack_from("<HI", file.read(_HEAD + 1), 6)
    line = file.readline(_LINE_MAX)
    for n in range(1, count + 1):
        name, _, place = line.partition(b" ")
        line = file.readline(_LINE_MAX) if n < count else b" %d" % end
        yield name, int(line.partition(b" ")[2]) - int(place)


def _change(changes: "BinaryIO") -> "tuple[bytes, int, int]":
    """Name and size of the next file that differs, and where its hash is; b"" at the end."""
    name, _, size = changes.readline(_LINE_MAX).partition(b" ")
    return name, int(size or b"0"), changes.seek(_HASH, 1) - _HASH
