"""Finds out which card of this lock, or of its house, was held to the reader, and has it prove that.

No key is tried on a card without the marks of the keys: cards count wrong keys, and lock up.
"""

from micropython import const

from readers.apdu import CardRefusal, exchange
from readers.card_keys import FINDING, MASTER, PROVING
from readers.ev2 import Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from collections.abc import Awaitable, Sequence

    from readers.card_keys import CardKeys
    from readers.pn532 import PN532

# ISOSelectFile with the name of its application: NT4H2421Gx, 8.2.2 and 10.9.1
_SELECT_NTAG_424 = b"\x00\xa4\x04\x0c\x07\xd2\x76\x00\x00\x85\x01\x01\x00"
SELECT_APPLICATION = const(0x5A)
_GET_KEY_VERSION = const(0x64)
_TRIES = const(3)
_LAST_STEP_MS = const(60)  # what the last step of a proof may take: README.md, "Relays"


async def identify(
    reader: "PN532", uid: bytes, is_random: bool, every: "Sequence[CardKeys]"
) -> "bytes | None":
    """The UID that the card has proved to be its own, behind the prefix of the keys that it has.

    None if it has none of these keys. `uid` is what it shows; `is_random`: it shows another one each time.
    Raises CardError and ReaderError.
    """
    session = Session(reader)
    try:
        keys = await _find(session, is_random, every)
        if keys is None:
            return None
        if is_random:
            await session.authenticate(FINDING, keys.finding)
            uid = await session.card_uid()
        key = keys.key(PROVING, uid)
        for _ in range(_TRIES):
            await session.authenticate(PROVING, key, not is_random)
            if session.took_ms <= _LAST_STEP_MS:
                return keys.prefix + uid
    except CardRefusal:
        pass
    return None


async def _find(session: Session, is_random: bool, every: "Sequence[CardKeys]") -> "CardKeys | None":
    """Whose marks it carries: an NTAG 424 DNA shows a random UID, a DESFire its own, and any applications."""
    if is_random and await selects_ntag(session):  # or a DESFire's that a phone has made
        marks = await _marks(session)
        for keys in every:
            if marks == keys.shown:
                return keys
    for keys in every:
        try:
            await session.native(SELECT_APPLICATION, keys.application)
        except CardRefusal:
            continue
        if await _marks(session) == keys.shown:
            return keys
    return None


async def _marks(session: Session) -> bytes:
    """Of the application that is selected. The first is written last. No bytes if it has no such keys."""
    try:
        return await version(session, MASTER) + await version(session, PROVING)
    except CardRefusal:
        return b""


async def selects_ntag(session: Session) -> bool:
    """Select the application of an NTAG 424 DNA: whether the card has it."""
    return await exchange(session.reader, _SELECT_NTAG_424) == b"\x90\x00"


def version(session: Session, number: int) -> "Awaitable[bytes]":
    """The version of a key, one byte, which everybody may know."""
    return session.native(_GET_KEY_VERSION, bytes((number,)))
