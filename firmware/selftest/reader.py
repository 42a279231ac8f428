"""Tests the card reader: whether it answers, obeys its reset line, uses its IRQ line, and sees a card.

A card that can prove itself is asked what it is; nothing is written into it.
"""

import asyncio
from time import ticks_add, ticks_diff, ticks_ms

from micropython import const

from readers.hsu import ReaderError
from readers.pn532 import PN532

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Callable

    from board import Board
    from machine import Pin

_TRIES = const(3)
_PATIENCE_MS = const(1000)  # nobody waits at the door
_IN_DATA_EXCHANGE = const(0x40)  # UM0701-02, 7.3.8
_SELECT_NTAG_424 = b"\x00\xa4\x04\x0c\x07\xd2\x76\x00\x00\x85\x01\x01\x00"  # NT4H2421Gx, 10.9.1
_GET_VERSION = b"\x90\x60\x00\x00\x00"  # 10.5.2; HWType is 4, of a DESFire 1 and its version 2 or 3
_VERSION = const(10)  # bytes: the chip's status, the first part, 91AFh


class _Counted:
    """An interrupt line that counts its edges."""

    def __init__(self, pin: "Pin") -> None:
        self.IRQ_FALLING = pin.IRQ_FALLING
        self._pin = pin
        self._handler = None
        self.count = 0

    def irq(self, handler, trigger: int) -> None:
        self._handler = handler
        self._pin.irq(self._on_edge, trigger)

    def _on_edge(self, pin: "Pin") -> None:
        self.count += 1
        if self._handler is not None:
            self._handler(pin)


async def check(board: "Board", say: "Callable[[str], None]", seconds: int) -> list:
    """[(part, ok, hint)] of the reader's wires, and of a card that a person holds to it within `seconds`."""
    irq = _Counted(board.reader_irq)
    reader = PN532(board.reader_uart, irq, board.reader_reset, _PATIENCE_MS)  # pyright: ignore[reportArgumentType]
    if not await _start(reader):
        return [("reader", False, "garbage" if await _speaks(board) else "silent")]
    results = [("reader", True, "")]
    if not irq.count:
        results.append(("reader's IRQ", False, "no IRQ"))
    board.reader_reset.value(0)
    await asyncio.sleep_ms(10)
    if await _answers(reader):
        results.append(("reader's reset", False, "no reset"))
    if not await _start(reader):
        return [("reader", False, "stopped")]
    say("hold a card to the reader")
    seen = await _card(reader, seconds * 1000)
    if not seen:
        return results + [("card", False, "no card")]
    secure = await _is_secure(reader)
    return results + [("card", True, ""), ("secure card", secure or None, "" if secure else "plain card")]


async def _start(reader: PN532) -> bool:
    """Whether the reader starts, within a few tries."""
    for _ in range(_TRIES):
        try:
            await reader.start()
        except ReaderError:
            continue
        return True
    return False


async def _speaks(board: "Board") -> bool:
    """Whether any byte comes over the serial line after a command."""
    uart = board.reader_uart
    uart.write(b"\x55\x55\0\0\0")
    await asyncio.sleep_ms(5)
    uart.write(b"\0\0\xff\x02\xfe\xd4\x02\x2a\0")  # GetFirmwareVersion: UM0701-02, 7.2.2
    await asyncio.sleep_ms(60)
    return uart.any() > 0


async def _answers(reader: PN532) -> bool:
    try:
        await reader.release()
    except ReaderError:
        return False
    return True


async def look(reader: PN532) -> "bytes | None":
    """The UID of a card that is there now, or None. Raises ReaderError.

    The card that was found last is put to sleep, so that another is found first. Where all sleep, they
    are woken: by the field, which goes and comes.
    """
    uid = await reader.another()
    if uid is None:
        await reader.field_off()
        uid = await reader.search()
    return uid


async def _card(reader: PN532, ms: int) -> bool:
    """Whether a card comes within `ms`. Its number is not passed on."""
    end = ticks_add(ticks_ms(), ms)
    while ticks_diff(end, ticks_ms()) > 0:
        try:
            if await look(reader) is not None:
                return True
        except ReaderError:
            pass  # the next look may be better
        await asyncio.sleep_ms(50)
    return False


async def _is_secure(reader: PN532) -> bool:
    """Whether the card that was found is an NTAG 424 DNA, or a DESFire EV2 or EV3."""
    if not reader.speaks_apdus:
        return False
    said = b""
    try:
        for apdu in _SELECT_NTAG_424, _GET_VERSION:
            said = await reader.line.ask(_IN_DATA_EXCHANGE, _PATIENCE_MS, b"\x01", apdu) or b""
    except ReaderError:
        return False
    if len(said) != _VERSION or said[0] or said[-2:] != b"\x91\xaf":
        return False
    return said[2] == 4 or (said[2] == 1 and said[4] & 0x0F in (2, 3))
