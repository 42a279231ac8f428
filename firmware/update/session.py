"""From an order to the manifest of the release that it names."""

import asyncio
import sys

from micropython import const

from link.envelope import verify
from link.errors import EnvelopeError
from update.manifest import read, trusted
from update.version import Refused, version_code
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable
    from typing import Any

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings
    from storage.nvs import Numbers

_PATIENCE_MS = const(30_000)
_PURPOSE = b"menshen update v1"
_TRIES = const(3)  # of one release that does not prove itself
_LONGEST = const(2048)  # bytes of a manifest


async def look(
    orders: "list[tuple[bytearray | None, bool]]",
    topics: "Subscriptions",
    settings: "Settings",
    board: "Any",
    clock: "Clock",
    report: "Callable[[str | None, str, str], None]",
) -> "dict | None":
    """The manifest of the release that an order asks for; None where there is nothing to do.

    It takes the one of `orders` away: what somebody made look like an order, None for what was too long; and
    whether it was not retained.
    """
    version = None
    try:
        message, live = orders.pop()
        version, time = read_order(message, settings.lock, settings.key)
        del message
        clock.signed(time, live)
        if version != VERSION:
            return await _manifest(version, topics, settings, board)
    except Refused as error:
        report(version, "refused", error.reason)
    except MemoryError:
        report(version, "refused", "no memory")
    return None


async def _manifest(version: str, topics: "Subscriptions", settings: "Settings", board: "Any") -> dict:
    """What a release says of itself. Raises Refused."""
    name = slot()
    check_tries(version, board.numbers, "ab".find(name) & 1)
    topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
    message = await _retained(topic, topics)
    return await open_release(version, message, settings.board, "/slots/" + name, board.numbers)


async def _retained(topic: str, topics: "Subscriptions") -> "bytearray | None":
    """The retained message of a topic; None for one too large to be kept. Raises Refused."""
    came = asyncio.Event()
    found = []

    async def take(payload: "Payload") -> None:
        found.append(await payload.read(_LONGEST))
        came.set()

    await topics.subscribe(topic, take)
    try:
        await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
    except asyncio.TimeoutError:
        raise Refused("no manifest")
    finally:
        await topics.unsubscribe(topic)
    return found[0]


def read_order(message: "bytes | bytearray | None", lock_id: str, key: bytes) -> "tuple[str, int]":
    """(version, time of signing, seconds since 1970) of a message; None is one too large. Raises Refused."""
    if message is None:
        raise Refused("too large")
    try:
        order = verify(message, lock_id, key, _PURPOSE)
    except EnvelopeError as error:
        raise Refused(error.reason)
    if order.get("lock") != lock_id:
        raise Refused("wrong lock")
    version, time = order.get("version"), order.get("time")
    if len(order) != 3 or type(time) is not int or time < 0:
        raise Refused("malformed")
    version_code(version)
    return str(version), time


def check_tries(version: str, numbers: "Numbers", slot: int) -> None:
    """Raise Refused for a release that did not prove itself often enough, and during a trial."""
    if numbers.get("failed") == version_code(version) and numbers.get("fails") >= _TRIES:
        raise Refused("failed trial")
    if numbers.get("choice") != slot:
        raise Refused("on trial")


async def open_release(
    version: str, message: "bytes | bytearray | None", board: str, place: str, numbers: "Numbers"
) -> dict:
    """What the manifest says, if it is for this lock and no older than what was confirmed once.

    message is None where it was too large to be kept; place is where the running release's files are
    seen. Raises Refused.
    """
    if message is None:
        raise Refused("too large")
    found = await read(message, version, trusted(place + "/update/keys"))
    if found["board"] != board:
        raise Refused("wrong board")
    if found["security"] < numbers.get("security"):
        raise Refused("old security version")
    if "image" not in found and tuple(found["runtime"]) > sys.implementation.version[:2]:
        raise Refused("old runtime")
    return found
