"""Reads the operator's order, which names a release."""

from micropython import const

from link.envelope import NUMBER_MAX, RISE_MAX, verify
from link.errors import Refused
from storage.names import CHOICE, FAILED, FAILURES, ORDER, ORDERED
from storage.purposes import UPDATE_MESSAGE
from update.steps import DONE, REQUEST
from update.version import version_code
from version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers
    from update.steps import Next, Update

_TRIES = const(3)  # of one release that is rolled back


async def step(update: "Update", given: None) -> "Next":
    """Read the one order. If there is something to do, its version becomes the update's. Raises Refused.

    The order is removed unless there is no memory to judge it: the message, None if it was too long, and
    whether it was live, that is, not retained.
    """
    settings, numbers = update.settings, update.board.numbers
    message, is_live = update.pending[0]
    try:
        update.version, time, number, echo = read_order(message, settings.lock, settings.key)
        is_live = is_live and echo in update.clock.challenges
        if number > abs(numbers.get(ORDER)):  # else by a clock, perhaps, that was wrong and is healed
            update.clock.signed(time, is_live)
        is_wanted = is_to_do(number, update.version, VERSION, numbers)
        if is_wanted:
            check_tries(update.version, numbers, update.slot)
    except Refused:
        update.pending.clear()
        raise
    update.pending.clear()
    return (REQUEST if is_wanted else DONE), None


def read_order(
    message: "bytes | bytearray | None", lock_id: str, key: bytes
) -> "tuple[str, int, int, object]":
    """(version, time of signing, number, echo) of a message, None if it was too large. Raises Refused.

    The number is 0 for an order made for release 0.1.0, which has none. The echo may be anything.
    """
    if message is None:
        raise Refused("too large")
    order = verify(message, lock_id, key, UPDATE_MESSAGE)
    if order.get("lock") != lock_id:
        raise Refused("wrong lock")
    version, time, number = order.get("version"), order.get("time"), order.get("order", 0)
    is_counted = "order" in order
    if len(order) != 3 + is_counted + ("echo" in order) or type(time) is not int or time < 0:
        raise Refused("malformed")
    if type(number) is not int or not is_counted <= number <= NUMBER_MAX:
        raise Refused("malformed")
    version_code(version)
    return str(version), time, number, order.get("echo")


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
    if not (done or stored < 0 if again else abs(stored) < number <= abs(stored) + RISE_MAX):
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
