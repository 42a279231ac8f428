"""The secret of the cards is made once and outlives power cuts; the code that makes cards is lent."""

import virtual_time  # noqa: F401  # isort: skip (it comes before whatever imports time)

import asyncio
import gc
import struct
import sys
from hashlib import sha256

import vfs
from knife_flash import BLOCK, Flash, Knife, PowerCut
from ram_flash import RamFlash
from unmounting import unmount

import loader
import readers.secure_cards as room
from readers import card_secret
from readers.card_keys import CardKeys
from readers.card_reader import CardReader
from readers.card_secret import PATH
from readers.pn532 import CardError
from readers.secure_cards import SecureCards
from roll.record import Credential
from storage.purposes import HOUSE_KEY

KEY = bytes(range(32))
UID = bytes.fromhex("04a1b2c3d4e5f6")


class List:
    """The operator's: the halves of a wrapped house key, by digest."""

    def __init__(self, name=b""):
        self.hash, self.halves, self.looks = name, {}, 0

    def hold(self, reference):
        for half in range(2):
            digest = sha256(HOUSE_KEY + bytes((reference, half))).digest()[:16]
            self.halves[digest] = Credential(
                digest + struct.pack("<BBHBBIIH", 8, 0, 0, 0, 0, 7, half, reference)
            )
        return self

    def find(self, digest):
        self.looks += 1
        if self.halves is None:
            raise OSError(5)
        return self.halves.get(digest)


NO_LIST = List()


class Silent:
    """A reader whose card has just gone."""

    said = b"\x01"  # status: UM0701-02, 7.1

    def __init__(self):
        self.line, self.asked = self, 0

    async def ask(self, code, wait_ms, parameters, more=b""):
        self.asked += 1
        return self.said


class Stranger(Silent):
    """A card that knows no command."""

    said = b"\x00\x6d\x00"


def cards_of(key, roll):
    """What asks cards, with the keys read."""
    cards = SecureCards(key, roll)
    asyncio.run(cards.renew())
    return cards


def ask(cards, reader, adds):
    async def story():
        try:
            return await cards.ask(reader, UID, False, adds)
        except CardError:
            return "gone"
        finally:
            await asyncio.sleep_ms(10)

    return asyncio.run(story())


def mount(flash):
    unmount("/access")
    vfs.mount(vfs.VfsLfs2(flash, readsize=32, progsize=32, lookahead=32), "/access")


def marks(cards):
    return cards.secret or None


def loaded():
    return {"readers.house_keys", "readers.card_secret", "readers.personalise"} & set(sys.modules)


def test_where_no_card_was_ever_added_none_is_asked():
    RamFlash("/access")
    cards, reader = cards_of(KEY, NO_LIST), Silent()
    assert ask(cards, reader, False) is None
    assert (reader.asked, marks(cards)) == (0, None)


def test_a_start_does_not_wait_for_the_keys_and_the_first_card_has_them_read():
    RamFlash("/access")
    roll = List(b"one").hold(2)
    cards = SecureCards(KEY, roll)
    assert roll.looks == 0
    assert ask(cards, Silent(), False) == "gone"
    looks = roll.looks
    assert looks > 0
    assert ask(cards, Silent(), False) == "gone"
    assert roll.looks == looks


def test_what_asks_cards_is_made_once_whoever_comes_first():
    """A card held to the reader as the power came: made a second time, it had the lock restart."""
    reader = CardReader(None, (KEY, NO_LIST))
    assert reader.bring() is reader.bring()


def test_where_the_list_has_a_house_key_cards_are_asked_until_it_has_none():
    RamFlash("/access")
    roll, reader = List(b"one").hold(2), Silent()
    cards = cards_of(KEY, roll)
    assert ask(cards, reader, False) == "gone"
    looks = roll.looks
    assert ask(cards, reader, False) == "gone"
    assert roll.looks == looks  # once for each list
    roll.hash, roll.halves = b"two", {}
    asked = reader.asked
    assert ask(cards, reader, False) is None
    assert reader.asked == asked


def test_a_list_that_cannot_be_read_stops_no_card_of_the_lock_itself():
    RamFlash("/access")
    roll = List(b"one")
    cards = cards_of(KEY, roll)
    ask(cards, Silent(), True)
    roll.hash, roll.halves = b"rotten", None
    assert ask(cards, Silent(), False) == "gone"  # it was asked


def test_the_first_card_that_is_to_be_added_makes_the_secret_and_it_stays():
    RamFlash("/access")
    cards = cards_of(KEY, NO_LIST)
    assert ask(cards, Silent(), True) == "gone"
    first = marks(cards)
    assert marks(cards_of(KEY, NO_LIST)) == first
    assert ask(cards, Silent(), True) == "gone"
    assert marks(cards_of(KEY, NO_LIST)) == first
    assert marks(cards_of(bytes(32), NO_LIST)) is None  # another lock's


def test_no_two_secrets_are_the_same():
    found = set()
    for _ in range(20):
        RamFlash("/access")
        cards = cards_of(KEY, NO_LIST)
        ask(cards, Silent(), True)
        found.add(marks(cards))
    assert len(found) == 20


def test_either_copy_is_enough_and_one_that_rots_is_mended_before_the_other_does():
    for lost in (PATH, PATH + ".old"):
        RamFlash("/access")
        cards = cards_of(KEY, NO_LIST)
        ask(cards, Silent(), True)
        for each in (lost, PATH, PATH + ".old"):
            with open(each, "wb") as file:
                file.write(b"rotten" * 12)
            assert marks(cards_of(KEY, NO_LIST)) == marks(cards)


def test_a_secret_that_could_not_be_read_at_the_start_is_not_replaced():
    """All cards of the lock would be lost with it."""
    RamFlash("/access")
    cards = cards_of(KEY, NO_LIST)
    ask(cards, Silent(), True)

    class Unread(card_secret.Sealed):
        def load(self, record):
            return bytearray()

    sealed, card_secret.Sealed = card_secret.Sealed, Unread
    try:
        later = cards_of(KEY, NO_LIST)
        assert marks(later) is None
    finally:
        card_secret.Sealed = sealed
    assert ask(later, Silent(), True) == "gone"
    assert marks(later) == marks(cards) == marks(cards_of(KEY, NO_LIST))


def test_a_full_flash_makes_no_secret():
    RamFlash("/access")
    cards = cards_of(KEY, NO_LIST)

    class Full(card_secret.Sealed):
        def save(self, body):
            raise OSError(28)

    sealed, card_secret.Sealed = card_secret.Sealed, Full
    try:
        ask(cards, Silent(), True)
    except OSError:
        assert marks(cards) is None
        return
    finally:
        card_secret.Sealed = sealed
    raise AssertionError("where does it lie?")


def test_a_cut_while_it_is_made_leaves_none_or_this_one():
    fell, at = True, 0
    while fell:
        at, fell = at + 1, False
        knife = Knife()
        flash = Flash(knife, bytearray(b"\xff" * BLOCK * 32))
        vfs.VfsLfs2.mkfs(flash)
        mount(flash)
        cards = cards_of(KEY, NO_LIST)
        knife.set(at)
        try:
            ask(cards, Silent(), True)
        except PowerCut:
            fell = True
        knife.set(0)
        mount(flash)
        found = cards_of(KEY, NO_LIST)
        if marks(cards) is not None:  # a card may have keys of it
            assert marks(found) == marks(cards), at
        made = marks(found)
        ask(found, Silent(), True)
        assert marks(cards_of(KEY, NO_LIST)) == made or marks(found), at
    assert at > 5


def test_a_stranger_s_card_is_none_of_this_lock_s():
    RamFlash("/access")
    cards = cards_of(KEY, NO_LIST)
    for adds in (True, False):
        assert ask(cards, Stranger(), adds) is None


def test_the_code_that_makes_cards_and_reads_keys_is_given_back():
    RamFlash("/access")
    plenty, loader._IS_PLENTY = loader._IS_PLENTY, False
    try:
        cards = cards_of(KEY, NO_LIST)
        for name in loaded():  # the tests have loaded them, and these would stay
            sys.modules.pop(name)
        for adds in (True, False):
            cards._list = None
            assert ask(cards, Silent(), adds) == "gone"
            assert loaded() == set()
    finally:
        loader._IS_PLENTY = plenty


def test_after_a_lack_of_memory_it_is_collected_and_the_code_is_loaded_anew():
    class Full:
        """In place of the module: there is no room for it."""

        def __getattr__(self, name):
            raise MemoryError

    RamFlash("/access")
    cards = cards_of(KEY, NO_LIST)
    collected, plenty = [], loader._IS_PLENTY
    loader._IS_PLENTY = False
    loader.gc = type("gc", (), {"collect": lambda: collected.append(1), "threshold": gc.threshold})
    sys.modules["readers.personalise"] = Full()
    try:
        ask(cards, Silent(), True)
        raise AssertionError("where is the code?")
    except MemoryError:
        sys.modules.pop("readers.personalise", None)
        assert collected
    finally:
        loader.gc, loader._IS_PLENTY = gc, plenty
    assert ask(cards, Silent(), True) == "gone"


def test_another_list_brings_other_keys():
    RamFlash("/access")
    roll = List(b"one")
    cards = cards_of(KEY, roll)
    ask(cards, Silent(), True)
    roll.hold(3)
    roll.hash = b"two"
    assert ask(cards, Silent(), False) == "gone"
    assert len(cards.every) == 2


def test_keys_for_which_there_is_no_memory_are_read_with_the_next_card():
    RamFlash("/access")
    roll = List(b"one")
    cards = cards_of(KEY, roll)
    ask(cards, Silent(), True)
    secret, roll.hash = marks(cards), b"two"

    def fails(data):
        raise MemoryError

    room.CardKeys, keys = fails, room.CardKeys
    try:
        ask(cards, Silent(), False)
        raise AssertionError("with which keys?")
    except MemoryError:
        pass
    finally:
        room.CardKeys = keys
    assert ask(cards, Silent(), False) == "gone"
    assert (marks(cards), len(cards.every)) == (secret, 1)


def test_a_card_that_is_added_makes_the_secret_beside_the_keys_of_a_house():
    RamFlash("/access")
    cards = cards_of(KEY, List(b"one").hold(1))
    assert ask(cards, Stranger(), True) is None
    assert marks(cards) == marks(cards_of(KEY, NO_LIST))
    assert marks(cards)


def test_keys_differ_by_card_and_number_and_the_finding_one_alone_does_not():
    keys, others = CardKeys(KEY), CardKeys(bytes(32))
    made = [keys.key(n, uid) for n in (0, 2, 3, 4) for uid in (UID, UID[:4], bytes(7))]
    assert len(set(made + [keys.key(1, b""), others.key(1, b""), others.key(0, UID)])) == len(made) + 3
    assert keys.key(1, UID) == keys.key(1, b"")
    assert all(len(key) == 16 for key in made)
    for n in range(300):
        one = CardKeys(n.to_bytes(32, "big"))
        assert len(one.application) == 3
        assert len(one.marks) == 5
        assert all(one.marks)
