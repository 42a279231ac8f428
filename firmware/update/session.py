"""Gets the manifest of a release."""

import asyncio

from micropython import const

from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions

_LONGEST = const(2048)  # bytes of a manifest
_PATIENCE_MS = const(30_000)


async def request(version: str, topics: "Subscriptions") -> bytearray:
    """The manifest of a version. Raises Refused, MemoryError."""
    topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
    came = asyncio.Event()
    found: list[bytearray | MemoryError | None] = []

    async def on_message(payload: "Payload") -> None:
        if found:
            return
        try:
            found.append(await payload.read(_LONGEST))
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
