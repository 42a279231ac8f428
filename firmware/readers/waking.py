"""Makes a PN532 ready, and its line fast; lent for as long as that takes.

Section numbers are those of NXP's user manual UM0701-02.
"""

import asyncio

from micropython import const

from readers.hsu import ReaderError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from machine import Pin
    from readers.hsu import Line

_GET_FIRMWARE_VERSION = const(0x02)
_SET_SERIAL_BAUD_RATE = const(0x10)
_SAM_CONFIGURATION = const(0x14)
_NORMAL_MODE_WITH_IRQ = b"\x01\x14\x01"  # 7.2.10
_SLOW = const(115_200)  # baud, after a reset: 7.2.8
_FAST = const(921_600)
_MAKE_FAST = b"\x07"  # 7.2.8
_SPEED_MS = const(5)  # the chip hears at its new speed
_RESET_MS = const(10)
_START_MS = const(10)  # more than the oscillator needs to start


async def ready(line: "Line", reset: "Pin", answer_ms: int, works: bool, fast_tries: int) -> int:
    """Make the chip ready; how many tries there are left to make its line fast. Raises ReaderError.

    A chip that `works` gets an abort. If that does not help it is reset by its line, and is slow then.
    """
    if works:
        await line.wake()  # its power may have dipped
        line.send_ack()
        if await _answers(line, answer_ms):
            return fast_tries
    await _restart(line, reset, answer_ms)
    if fast_tries and not await _hastened(line, answer_ms):
        await _restart(line, reset, answer_ms)
        return 0
    return fast_tries and fast_tries - 1


async def _restart(line: "Line", reset: "Pin", answer_ms: int) -> None:
    """Reset and wake the chip. Raises ReaderError."""
    reset.value(0)
    await asyncio.sleep_ms(_RESET_MS)
    reset.value(1)
    await asyncio.sleep_ms(_START_MS)
    for speed in (_SLOW, _FAST):
        line.speed(speed)
        await line.wake()
        if await _answers(line, answer_ms):
            return
    line.speed(_SLOW)
    raise ReaderError("the reader does not answer")


async def _answers(line: "Line", answer_ms: int) -> bool:
    """Whether the chip answers; it takes commands then."""
    try:
        heard = await line.ask(_SAM_CONFIGURATION, answer_ms, _NORMAL_MODE_WITH_IRQ)
        return heard is not None and await line.ask(_GET_FIRMWARE_VERSION, answer_ms, b"") is not None
    except ReaderError:
        return False


async def _hastened(line: "Line", answer_ms: int) -> bool:
    """Whether chip and line hold the fast speed (7.2.8)."""
    try:
        await line.ask(_SET_SERIAL_BAUD_RATE, answer_ms, _MAKE_FAST)
        line.send_ack()  # the chip changes now
        await asyncio.sleep_ms(_SPEED_MS)
        line.speed(_FAST)
        return await line.ask(_GET_FIRMWARE_VERSION, answer_ms, b"") is not None
    except ReaderError:
        return False
