"""Finds out which card of this lock was held to the reader, and has it prove that.

No key is tried on a card that does not carry this lock's marks: cards count those who guess, and lock up.
"""

from micropython import const

from readers.card_keys import FINDING, MASTER, PROVING
from readers.ev2 import CardRefusal, Session

TYPE_CHECKING = False
if TYPE_CHECKING:
    from readers.card_keys import CardKeys
    from readers.pn532 import PN532

NTAG_424 = b"\xd2\x76\x00\x00\x85\x01\x01"  # the name of its application: NT4H2421Gx, 8.2.2
SELECT_APPLICATION = const(0x5A)
_GET_KEY_VERSION = const(0x64)
_TRIES = const(3)
_LAST_STEP_MS = const(60)  # what the last step of a proof may take: README.md, "Relays"


async def identify(reader: "PN532", uid: bytes, is_random: bool, keys: "CardKeys") -> "bytes | None":
    """The UID that the card has proved to be its own; None if it is no card of this lock.

    `uid` is what it shows; `is_random`: that is another one each time. Raises CardError and ReaderError.
    """
    session = Session(reader)
    try:
        if not await _is_ours(session, is_random, keys):
            return None
        if is_random:
            await session.authenticate(FINDING, keys.key(FINDING, b""))
            uid = await session.card_uid()
        key = keys.key(PROVING, uid)
        for _ in range(_TRIES):
            await session.authenticate(PROVING, key, not is_random)
            if session.took_ms <= _LAST_STEP_MS:
                return uid
    except CardRefusal:
        pass
    return None


async def _is_ours(session: Session, is_random: bool, keys: "CardKeys") -> bool:
    """Whether it carries the marks of this lock: an NTAG 424 DNA shows a random UID, a DESFire its own."""
    if not is_random or not await session.iso_select(NTAG_424):
        await session.native(SELECT_APPLICATION, keys.application)
    for number in (MASTER, PROVING):  # the first is written last
        if await version(session, number) != keys.marks[number]:
            return False
    return True


async def version(session: Session, number: int) -> int:
    """The version of a key, which everybody may know."""
    return (await session.native(_GET_KEY_VERSION, bytes((number,))) or b"\0")[0]
