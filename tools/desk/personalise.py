"""Makes a factory-fresh NTAG 424 DNA or DESFire EV2 or EV3 a card of the house, or recognises one.

Each step is either done in the card as a whole or not done, and the versions of the keys show which are done:
a card that was taken away too early is continued the next time. Its master key is written last. A card in
which anybody else has written is left as it is. firmware/readers/personalise.py does the same at a lock.
"""

from menshen import card_crypto as crypto

from .house_keys import FINDING, MASTER, PROVING, HouseKeys
from .talk import CardError, CardRefusedError, Talk, Transmit

_NTAG_424 = bytes.fromhex("d2760000850101")  # the name of its application: DS 8.2.2
_FACTORY = bytes(16)
_NTAG_KEYS, _DESFIRE_KEYS = 5, 3
_GET_VERSION, _MORE = 0x60, 0xAF  # DS 10.5.2
_NTAG, _DESFIRE, _EV2 = 4, 1, 2  # HWType; the lower half of HWMajorVersion: 2 or 3
_SELECT_APPLICATION, _CREATE_APPLICATION, _NO_SUCH_APPLICATION = 0x5A, 0xCA, 0xA0
_SETTINGS = b"\x09\x83"  # its master key changes keys, lists, and deletes; three AES keys
_CHANGE_KEY, _CHANGE_FILE_SETTINGS, _SET_CONFIGURATION = 0xC4, 0x5F, 0x5C
_FILE, _FOR_MASTER_ALONE, _RANDOM_UID = b"\x02", bytes(3), b"\x02"

_WRONG_KIND = (
    "this card cannot prove itself: NTAG 424 DNA, MIFARE DESFire EV2 and EV3 can. What is printed on a card "
    "says little; its seller's data sheet names the chip"
)
_ELSEWHERE = (
    "this card is not factory-fresh: somebody has written keys of their own into it, perhaps a lock at which "
    "it was added. It is left as it is; take a new one"
)


_NO_ROOM = (
    "this DESFire has no space for one more application, or its owner lets none be made. It is left as it "
    "is; take a new one"
)


def hand_out(transmit: Transmit, keys: HouseKeys) -> bytes:
    """The UID of the card, which is one of the house now and has proved it.

    Raises CardError, after which the card is as it was, or is continued the next time.
    """
    talk = Talk(transmit)
    try:
        is_ntag = _select(talk, keys)
    except CardRefusedError:
        raise CardError(_WRONG_KIND) from None
    numbers = range(_NTAG_KEYS if is_ntag else _DESFIRE_KEYS)
    versions = [talk.version(number) for number in numbers]
    if versions != list(keys.marks[: len(numbers)]):
        fresh = [number for number in numbers if not versions[number]]
        if MASTER not in fresh or any(versions[n] != keys.marks[n] for n in numbers if n not in fresh):
            raise CardError(_ELSEWHERE)
        _write(talk, keys, fresh, is_ntag)
        _select(talk, keys)
    return _proved(talk, keys)


def _select(talk: Talk, keys: HouseKeys) -> bool:
    """Select the application with keys of the house, or one for them; whether it is an NTAG 424 DNA's."""
    found = talk.iso_select(_NTAG_424)
    hardware = talk.native(_GET_VERSION, b"", _MORE)
    talk.native(_MORE, b"", _MORE)
    talk.native(_MORE)
    if len(hardware) != 7:
        raise CardRefusedError
    if found and hardware[1] == _NTAG:
        return True
    if hardware[1] != _DESFIRE or hardware[3] & 0x0F < _EV2:
        raise CardRefusedError
    try:
        talk.native(_SELECT_APPLICATION, keys.application)
    except CardRefusedError as refusal:
        if refusal.status != _NO_SUCH_APPLICATION:
            raise
        talk.native(_SELECT_APPLICATION, bytes(3))
        try:
            talk.native(_CREATE_APPLICATION, keys.application + _SETTINGS)
        except CardRefusedError:
            raise CardError(_NO_ROOM) from None
        talk.native(_SELECT_APPLICATION, keys.application)
    return False


def _write(talk: Talk, keys: HouseKeys, fresh: list[int], is_ntag: bool) -> None:
    """Write the keys that are the factory's still, and the master key as the last."""
    try:
        for number in reversed(fresh):  # they are the factory's, not only in name
            talk.authenticate(number, _FACTORY)
        if is_ntag:  # the only step that a card may refuse for what was done to it before, and so the first
            talk.sealed(_CHANGE_FILE_SETTINGS, _FILE, _FOR_MASTER_ALONE)
    except CardRefusedError:
        raise CardError(_ELSEWHERE) from None
    uid = talk.uid()
    for number in fresh[1:]:
        key = keys.key(number, uid)  # less the old one, which is zeros
        data = key + keys.marks[number : number + 1] + crypto.crc32(key)
        talk.sealed(_CHANGE_KEY, bytes((number,)), data)
    if is_ntag:
        talk.sealed(_SET_CONFIGURATION, b"\x00", _RANDOM_UID)
    data = keys.key(MASTER, uid) + keys.marks[:1]
    talk.native(_CHANGE_KEY, talk.seal(_CHANGE_KEY, bytes((MASTER,)), data))


def _proved(talk: Talk, keys: HouseKeys) -> bytes:
    """The UID, by a fresh authentication, as a lock will ask for it."""
    talk.authenticate(FINDING, keys.key(FINDING, b""))
    uid = talk.uid()
    talk.authenticate(PROVING, keys.key(PROVING, uid))
    return uid
