"""Gets the manifest of a release from the broker."""

import asyncio

from micropython import const

from link.backoff import comes
from link.errors import Interrupted, Refused
from update.payload import LONGEST
from update.steps import JUDGE

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from update.steps import Next, Update

_SIGNATURE = const(512)  # of them, at most
_PIECE = const(64)
_PATIENCE_MS = const(30_000)


async def step(update: "Update", given: None) -> "Next":
    """Get the message, which is judged next. Raises Refused, Interrupted."""
    return JUDGE, await request(update.version, update.settings.board, update.subscriptions)


async def request(version: str, board: str, topics: "Subscriptions") -> "list[bytearray]":
    """The manifest of a version for this board: all but its signature, and that in pieces of 64 characters.

    There may be no memory for the whole in one piece. Raises Refused, Interrupted, MemoryError.
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

    try:
        await topics.subscribe(topic, on_message)
        if not await comes(came, _PATIENCE_MS):
            raise Interrupted("connection lost") if topics.client is None else Refused("no manifest")
    finally:
        await topics.unsubscribe(topic)
    message = found[0]
    if message is None:
        raise Refused("too large")
    if isinstance(message, MemoryError):
        raise message
    return message


async def _read(payload: "Payload") -> "list[bytearray]":
    found, size = [], max(payload.size - _SIGNATURE, 0)
    while not found or payload.size:
        piece = bytearray(size if not found else min(payload.size, _PIECE))
        await payload.into(memoryview(piece))
        found.append(piece)
    return found
