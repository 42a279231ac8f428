"""Makes a factory-fresh NTAG 424 DNA or DESFire a card of this lock; lent for as long as that takes.

Each step is either done in the card as a whole or not done, and the versions of the keys show which are done.
So a card that is torn away is continued at its next visit. The card's master key is written last: until then
the card is as good as fresh. A card that is neither factory-fresh nor was begun here is left as it is.

DS is NXP's data sheet NT4H2421Gx. The commands that only DESFire has are as AN12343 shows them.
"""

from binascii import crc32

from micropython import const

from loader import Loan
from readers.apdu import CardRefusal
from readers.card_keys import MASTER, CardKeys
from readers.ev2 import Session
from readers.identify import SELECT_APPLICATION, identify, selects_ntag, version
from readers.pn532 import CardError

TYPE_CHECKING = False
if TYPE_CHECKING:
    from typing import Protocol

    from readers.pn532 import PN532

    class Keys(Protocol):
        """readers/asking.py: the lock's key, the secret of its cards, and the keys of all cards it knows."""

        key: bytes
        secret: bytes
        every: list[CardKeys]


_FACTORY = bytes(16)  # DS 8.2.3.1
_NTAG_KEYS = const(5)
_DESFIRE_KEYS = const(3)
_GET_VERSION = const(0x60)  # DS 10.5.2
_MORE = const(0xAF)
_VERSION = const(7)  # bytes
_NTAG = const(4)  # HWType
_DESFIRE = const(1)
_EV2 = const(2)  # the lower half of HWMajorVersion; EV1 has 1 and no EV2 messages, EV3 has 3
_CHANGE_KEY = const(0xC4)  # DS 10.6.1
_CHANGE_FILE_SETTINGS = const(0x5F)  # DS 10.7.1
_SET_CONFIGURATION = const(0x5C)  # DS 10.5.1
_CREATE_APPLICATION = const(0xCA)
_NO_SUCH_APPLICATION = const(0xA0)
_SETTINGS = b"\x09\x83"  # its master key changes keys, lists, and deletes; three AES keys
_FILE = b"\x02"  # that everybody may write: DS 8.2.3.3
_FOR_MASTER_ALONE = b"\x00\x00\x00"
_RANDOM_UID = b"\x02"


async def add(asking: "Keys", reader: "PN532") -> "bytes | None":
    """As personalise(), under the keys of this lock; those of a secret that is made now, if there is none."""
    if not asking.secret:
        asking.secret = _make(asking.key)
        asking.every.insert(0, CardKeys(asking.secret))
    return await personalise(reader, asking.every[0])


def _make(key: bytes) -> bytes:
    with Loan():
        from readers.card_secret import make

        return make(key)


async def personalise(reader: "PN532", keys: "CardKeys") -> "bytes | None":
    """The UID of the card, which is one of this lock's now, and has proved it.

    None if it is not of a kind that can be made one. No bytes if it has its home elsewhere, or has no space
    for one more application, or does not allow one: such a card is never kept by its number alone. Raises
    CardError, after which it is to be tried again, and ReaderError. Once anything is written only these are
    raised: the card's number may be random by now, and must never be kept as its own.
    """
    session = Session(reader)
    try:
        is_ntag = await _is_ntag(session)
    except CardRefusal:
        return None
    try:
        if not is_ntag:
            await _enter(session, keys)
        uid, fresh = await _prove(session, keys, is_ntag)
        if is_ntag:  # the only step that a card may refuse for what was done to it before, and so the first
            await session.sealed(_CHANGE_FILE_SETTINGS, _FILE, _FOR_MASTER_ALONE)
    except CardRefusal:
        return b""
    try:
        await _write(session, keys, is_ntag, uid, fresh)
        await reader.field_off()
        shown = await reader.search()
        if shown and await identify(reader, shown, shown != uid, (keys,)) == uid:
            return uid
    except CardRefusal:
        pass
    raise CardError("the card is not one of this lock's yet")


async def _is_ntag(session: Session) -> bool:
    """Whether the card is an NTAG 424 DNA, and not a DESFire; raises CardRefusal where it is neither."""
    found = await selects_ntag(session)
    hardware = await session.native(_GET_VERSION, b"", _MORE)
    await session.native(_MORE, b"", _MORE)
    await session.native(_MORE)
    if len(hardware) != _VERSION:
        raise CardRefusal
    if found and hardware[1] == _NTAG:
        return True
    if hardware[1] != _DESFIRE or hardware[3] & 0x0F < _EV2:
        raise CardRefusal
    return False


async def _enter(session: Session, keys: "CardKeys") -> None:
    """Select this lock's application, made if there is none; CardRefusal if there is no space for it."""
    try:
        await session.native(SELECT_APPLICATION, keys.application)
    except CardRefusal as refusal:
        if refusal.args != (_NO_SUCH_APPLICATION,):
            raise
        await session.native(SELECT_APPLICATION, bytes(3))
        await session.native(_CREATE_APPLICATION, keys.application + _SETTINGS)
        await session.native(SELECT_APPLICATION, keys.application)


async def _prove(session: Session, keys: "CardKeys", is_ntag: bool) -> "tuple[bytes, list[int]]":
    """The card's UID, and the numbers of the keys that are still the factory's.

    Each key is proved, ours too, since a mark may be another lock's by chance; the master key as the last.
    Raises CardRefusal where one is somebody else's.
    """
    fresh = []
    numbers = range(_NTAG_KEYS if is_ntag else _DESFIRE_KEYS)
    for number in numbers:
        found = await version(session, number)
        if found == b"\0":
            fresh.append(number)
        elif number == MASTER or found != keys.marks[number : number + 1]:
            raise CardRefusal
    await session.authenticate(MASTER, _FACTORY)
    uid = await session.card_uid()
    for number in reversed(numbers):
        await session.authenticate(number, _FACTORY if number in fresh else keys.key(number, uid), False)
    return uid, fresh


async def _write(session: Session, keys: "CardKeys", is_ntag: bool, uid: bytes, fresh: "list[int]") -> None:
    """Write all that is not written yet, and the master key last."""
    for number in fresh[1:]:
        key = keys.key(number, uid)  # less the old one, which is zeros
        check = (crc32(key) ^ 0xFFFFFFFF).to_bytes(4, "little")
        await session.sealed(_CHANGE_KEY, bytes((number,)), key + keys.marks[number : number + 1] + check)
    if is_ntag:
        await session.sealed(_SET_CONFIGURATION, b"\x00", _RANDOM_UID)
    data = keys.key(MASTER, uid) + keys.marks[:1]
    await session.native(_CHANGE_KEY, session.seal(_CHANGE_KEY, bytes((MASTER,)), data))
