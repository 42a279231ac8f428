"""Reads the operator's order, which names a release."""

from micropython import const

from link.envelope import NUMBER_MAX, RISE_MAX
from link.errors import Refused
from loader import Loan
from storage.names import CHOICE, FAILED, FAILURES, ORDER, ORDERED
from storage.purposes import UPDATE_MESSAGE
from update.version import version_code
from version import VERSION

TYPE_CHECKING = False
if TYPE_CHECKING:
    from storage.nvs import Numbers

_TRIES = const(3)  # of one release that is rolled back


def read(parts: tuple, pending: "list[tuple[bytearray | None, bool]]") -> "str | None":
    """Read the one order: the version that it names, if there is something to do. `parts` are manager.py's.

    The order is removed unless there is no memory to judge it: the message, None if it was too long, and
    whether it was live, that is, not retained. A bad one is told, and no more.
    """
    settings, board, clock, (_, reports), *_ = parts
    numbers, version = board.numbers, None
    message, is_live = pending[0]
    try:
        version, time, number, echo = read_order(message, settings.lock, settings.key)
        is_live = is_live and echo in clock.challenges
        if number > abs(numbers.get(ORDER)):  # else by a clock, perhaps, that was wrong and is healed
            clock.signed(time, is_live)
        if is_to_do(number, version, VERSION, numbers):
            check_tries(version, numbers)
        else:
            version = None
    except Refused as error:
        reports.update(version, "refused", error.reason)
        version = None
    pending.clear()
    return version


def read_order(
    message: "bytes | bytearray | None", lock_id: str, key: bytes
) -> "tuple[str, int, int, object]":
    """(version, time of signing, number, echo) of a message, None if it was too large. Raises Refused.

    The number is 0 for an order made for release 0.1.0, which has none. The echo may be anything.
    """
    if message is None:
        raise Refused("too large")
    order = _verified(message, lock_id, key)
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


def _verified(message: "bytes | bytearray", lock_id: str, key: bytes) -> dict:
    with Loan():
        from link.envelope import verify

        return verify(message, lock_id, key, UPDATE_MESSAGE)


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


def check_tries(version: str, numbers: "Numbers") -> None:
    """Raise Refused for a release that was rolled back too often, and during a trial."""
    if numbers.get(FAILED) == version_code(version) and numbers.get(FAILURES) >= _TRIES:
        raise Refused("failed trial")
    if numbers.get(CHOICE) > 1:
        raise Refused("on trial")
