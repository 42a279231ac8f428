"""Reads an order, and gets the manifest of the release that it names."""

import asyncio
import sys

from micropython import const

from link.envelope import verify
from link.errors import EnvelopeError
from storage.names import CHOICE, FAILED, FAILURES, ORDER, ORDERED, SECURITY_FLOOR
from storage.purposes import UPDATE_MESSAGE
from update.manifest import read, trusted
from update.pss import SIZE
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
_TRIES = const(3)  # of one release that is rolled back
_RISE_MAX = const(65_536)  # of an order's number at once: a wrong one does not use them up
_NUMBER_MAX = const(0x3FFFFFFF)


async def find_release(
    orders: "list[Any]",
    topics: "Subscriptions",
    settings: "Settings",
    board: "Any",
    clock: "Clock",
    report: "Callable[[str | None, str, str], None]",
) -> "dict | None":
    """The manifest of the release that an order asks for; None where there is nothing to do.

    The one of `orders` (manager.Order) is removed, to free its memory.
    """
    version = None
    try:
        order = orders.pop()
        version, time, number = read_order(order.message, settings.lock, settings.key)
        order.message = None
        clock.signed(time, order.is_live and number > abs(board.numbers.get(ORDER)))
        if is_to_do(number, version, VERSION, board.numbers):
            return await _manifest(version, topics, settings, board, order.reserve)
    except Refused as error:
        report(version, "refused", error.reason)
    except MemoryError:
        report(version, "refused", "no memory")
    return None


async def _manifest(
    version: str, topics: "Subscriptions", settings: "Settings", board: "Any", reserve: "list[bytearray]"
) -> dict:
    """Get and open the manifest of a version. Raises Refused."""
    name = slot()
    check_tries(version, board.numbers, "ab".find(name) & 1)
    topic = "menshen/v1/release/" + version.replace(".", "-")  # RabbitMQ makes levels out of dots
    message = await _retained(topic, topics, reserve.pop())
    place = "/slots/" + name
    return await open_release(version, message, settings.board, place, board.numbers, reserve)


async def _retained(topic: str, topics: "Subscriptions", buffer: bytearray) -> "memoryview | None":
    """The retained message of a topic, in the buffer; None for one too large for that. Raises Refused."""
    came = asyncio.Event()
    found = []

    async def on_message(payload: "Payload") -> None:
        if found:
            return
        view = memoryview(buffer)[: payload.size] if payload.size <= len(buffer) else None
        if view is not None:
            await payload.into(view)
        found.append(view)
        came.set()

    await topics.subscribe(topic, on_message)
    try:
        await asyncio.wait_for_ms(came.wait(), _PATIENCE_MS)
    except asyncio.TimeoutError:
        raise Refused("no manifest")
    finally:
        await topics.unsubscribe(topic)
    return found[0]


def read_order(message: "bytes | bytearray | None", lock_id: str, key: bytes) -> "tuple[str, int, int]":
    """(version, time of signing, number) of a message, None if it was too large. Raises Refused.

    The number is 0 for an order made for release 0.1.0, which has none.
    """
    if message is None:
        raise Refused("too large")
    try:
        order = verify(message, lock_id, key, UPDATE_MESSAGE)
    except EnvelopeError as error:
        raise Refused(error.reason)
    if order.get("lock") != lock_id:
        raise Refused("wrong lock")
    version, time, number = order.get("version"), order.get("time"), order.get("order", 0)
    is_counted = "order" in order
    if len(order) != 3 + is_counted or type(time) is not int or time < 0:
        raise Refused("malformed")
    if type(number) is not int or not is_counted <= number <= _NUMBER_MAX:
        raise Refused("malformed")
    version_code(version)
    return str(version), time, number


def is_to_do(number: int, version: str, running: str, numbers: "Numbers") -> bool:
    """Whether the order of this number, for this version, has to be carried out while `running` runs.

    Its number is stored before anything is done, and must be above all that were. Only the highest may come
    again until it is carried out, as after a lost connection. Raises Refused.
    """
    stored, code = numbers.get(ORDER), version_code(version)
    done = version == running
    if done and not number:
        return False  # brought a lock of 0.1.0 here, and the broker has it still
    again = number == abs(stored) and code == numbers.get(ORDERED)
    if not (done or stored < 0 if again else abs(stored) < number <= abs(stored) + _RISE_MAX):
        raise Refused("old order")
    try:
        numbers.set(ORDERED, code)
        numbers.set(ORDER, number if done else -number)
    except OSError:
        raise Refused("flash error")
    return not done


def check_tries(version: str, numbers: "Numbers", slot: int) -> None:
    """Raise Refused for a release that was rolled back too often, and during a trial."""
    if numbers.get(FAILED) == version_code(version) and numbers.get(FAILURES) >= _TRIES:
        raise Refused("failed trial")
    if numbers.get(CHOICE) != slot:
        raise Refused("on trial")


async def open_release(
    version: str,
    message: "bytes | bytearray | memoryview | None",
    board: str,
    place: str,
    numbers: "Numbers",
    reserve: "list[bytearray] | None" = None,
) -> dict:
    """The payload of a manifest that is for this board and not below the security version. Raises Refused.

    `message` is None where it was too large; `place` is the folder that shows the running release's files.
    """
    if message is None:
        raise Refused("too large")
    modulus = reserve.pop() if reserve else bytearray(SIZE)
    found = await read(message, version, trusted(place + "/update/keys", modulus), reserve)
    if found["board"] != board:
        raise Refused("wrong board")
    if found["security"] < numbers.get(SECURITY_FLOOR):
        raise Refused("old security version")
    if "image" not in found and tuple(found["runtime"]) > sys.implementation.version[:2]:
        raise Refused("old runtime")
    return found
