"""Carries APDUs to the card that the PN532 found last, and its answers back; lent with asking.py."""

from micropython import const

from readers.pn532 import CardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.pn532 import PN532

_GET_FIRMWARE_VERSION = const(0x02)
_IN_DATA_EXCHANGE = const(0x40)
_RADIO_MS = const(400)  # a card may need long to answer
_LONGEST = const(262)  # bytes of data in one answer: UM0701-02, 7.3.8
_MORE = const(0x40)  # in the status
_DONE = const(0x91)  # before the status of a native command: NT4H2421Gx, 10.2
_EMPTY = b"\x40"  # a part of nothing, of which more is to come: of these there is no end


class CardRefusal(Exception):
    """The card refuses a command, by this byte after 91h, or what it says does not prove its key."""


async def exchange(reader: "PN532", apdu: bytes, status: "int | None" = None) -> bytes:
    """The card's answer to an APDU of at most 262 bytes.

    With a `status` it is an answer to a native command, which must end in 91h and this: what is before that.
    Raises CardRefusal else. One coroutine for both, since an exchange is what a tap has most of.

    By InDataExchange (UM0701-02, 7.3.8), not raw frames: the chip itself counts blocks, repeats them, grants
    the card more time when it asks, inside chains too, and keeps to the card's frame size. In Python that
    would take 2 KB of code, and a round trip over the serial line for each block. Raises CardError and
    ReaderError.
    """
    answer, whole = await reader.line.ask(_IN_DATA_EXCHANGE, _RADIO_MS, b"\x01", apdu), b""
    while True:
        if answer is None:  # the card keeps the chip waiting
            reader.line.send_ack()
            await reader.command(_GET_FIRMWARE_VERSION)
        if not answer or answer[0] & 0x3F or answer == _EMPTY:  # status: 7.1
            raise CardError
        whole = whole + answer[1:] if whole else answer[1:]
        if not answer[0] & _MORE or len(whole) > _LONGEST:
            break
        answer = await reader.line.ask(_IN_DATA_EXCHANGE, _RADIO_MS, b"\x01")
    if status is None:
        return whole
    if len(whole) < 2 or whole[-2] != _DONE or whole[-1] != status:
        raise CardRefusal(*whole[-1:])
    return whole[:-2]
