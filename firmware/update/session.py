"""Reads the operator's order, which names a release, and gets the manifest of that."""

import asyncio

from micropython import const

from link.envelope import verify
from link.errors import EnvelopeError
from storage.names import CHOICE, FAILED, FAILURES
from storage.purposes import UPDATE_MESSAGE
from update.refused import Refused
from update.version import version_code
from version import VERSION, slot

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from access.clock import Clock
    from link.mqtt import Payload
    from link.subscriptions import Subscriptions
    from settings import Settings
    from storage.nvs import Numbers

_LONGEST = const(2048)  # bytes of a manifest
_PATIENCE_MS = const(30_000)
_TRIES = const(3)  # of one release that is rolled back


def read(
    orders: "list[tuple[bytearray | None, bool]]",
    settings: "Settings",
    numbers: "Numbers",
    clock: "Clock",
    report: "Callable[[str | None, str, str], None]",
) -> "str | None":
    """The version that an order asks for; None where there is nothing to do. What is refused is reported.

    The one of `orders` is removed, to free its memory: the message, None if it was too long, and whether it
    was live, that is, not retained.
    """
    version = None
    message, is_live = orders.pop()
    try:
        version, time = read_order(message, settings.lock, settings.key)
        clock.signed(time, is_live)
        if version != VERSION:
            check_tries(version, numbers, "ab".find(slot()) & 1)
            return version
    except Refused as error:
        report(version, "refused", error.reason)
    return None


def read_order(message: "bytes | bytearray | None", lock_id: str, key: bytes) -> "tuple[str, int]":
    """(version, time of signing) of a message, None if it was too large. Raises Refused."""
    if message is None:
        raise Refused("too large")
    try:
        order = verify(message, lock_id, key, UPDATE_MESSAGE)
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
    """Raise Refused for a release that was rolled back too often, and during a trial."""
    if numbers.get(FAILED) == version_code(version) and numbers.get(FAILURES) >= _TRIES:
        raise Refused("failed trial")
    if numbers.get(CHOICE) != slot:
        raise Refused("on trial")


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
