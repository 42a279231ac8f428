"""Gets the manifest of a release from the broker."""

import asyncio

from micropython import const

from link.errors import Refused
from update.payload import LONGEST
from update.steps import JUDGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from update.steps import Next, Update

_END = const(513)  # of them, at most: a dot and the signature
_PATIENCE_MS = const(30_000)


async def step(update: "Update", given: None) -> "Next":
    """The message is what is judged next. Raises Refused."""
    return JUDGE, await request(update.version, update.settings.board, update.subscriptions)


async def request(version: str, board: str, topics: "Subscriptions") -> "list[bytearray]":
    """The manifest of a version for this board, its last 513 bytes by themselves: there may be no memory for
    the whole in one piece. Raises Refused, MemoryError.
    """
    topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
    if board != "devkit":
        topic += "-" + board
    came = asyncio.Event()
    found: list[list[bytearray] | MemoryError | None] = []

    async def on_message(payload: "Payload") -> None:
        if found:
            return
        try:
            found.append(await _read(payload) if payload.size <= LONGEST else None)
        except MemoryError as error:
            found.append(error)
        came.set()

    await topics.subscribe(topic, on_message)
    try:
        await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
    except asyncio.TimeoutError:
        raise Refused("no manifest")
    finally:
        await topics.unsubscribe(topic)
    message = found[0]
    if message is None:
        raise Refused("too large")
    if isinstance(message, MemoryError):
        raise message
    return message


async def _read(payload: "Payload") -> "list[bytearray]":
    start = bytearray(max(payload.size - _END, 0))
    await payload.into(memoryview(start))
    end = bytearray(payload.size)
    await payload.into(memoryview(end))
    return [start, end]
