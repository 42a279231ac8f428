"""From an order to the manifest of the release that it names."""

import asyncio

from micropython import const

from modules import unload
from update.refused import Refused

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.topics import Topics
    from settings import Settings

_PATIENCE_MS = const(30_000)
_LONGEST = const(2048)  # bytes of a manifest


async def look(
    message: "bytearray | None", live: bool, topics: "Topics", settings: "Settings", board: "Any",
    clock: "Clock", report: "Callable[[str | None, str, str], None]",
) -> "dict | None":  # fmt: skip
    """The manifest of the release that an order asks for; None where there is nothing to do.

    The order may be what somebody made look like one; `live` is one that was not retained.
    """
    from update.orders import read
    from version import VERSION

    version = None
    try:
        version, time = read(message, settings.lock, settings.key)
        del read
        unload("update.orders", "link.envelope")
        clock.signed(time, live)
        if version != VERSION:
            return await _manifest(version, topics, settings, board)
    except Refused as error:
        report(version, "refused", error.reason)
    except MemoryError:
        report(version, "refused", "no memory")
    return None


async def _manifest(version: str, topics: "Topics", settings: "Settings", board: "Any") -> dict:
    """What a release says of itself. Raises Refused."""
    from update.offer import check_tries, open_release
    from version import slot

    name = slot()
    check_tries(version, board.numbers, "ab".find(name) & 1)
    topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
    message = await _retained(topic, topics)
    return await open_release(version, message, settings.board, "/slots/" + name, board.numbers)


async def _retained(topic: str, topics: "Topics") -> "bytearray | None":
    """The retained message of a topic; None for one too large to be kept. Raises Refused."""
    came = asyncio.Event()
    found = []

    async def take(payload: "Payload") -> None:
        found.append(await payload.read(_LONGEST))
        came.set()

    await topics.hear(topic, take)
    try:
        await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
    except asyncio.TimeoutError:
        raise Refused("no manifest")
    finally:
        await topics.leave(topic)
    return found[0]
