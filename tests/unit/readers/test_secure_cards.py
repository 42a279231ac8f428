"""The secret of the cards is made once and outlives power cuts; the code is lent while cards lie there."""

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
from loader import spare
from readers import card_secret
from readers.card_keys import CardKeys
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
    """The secret, as the first card has it read."""
    if cards._list is None:
        cards._renew()
    return cards._secret or None


def loaded():
    return {"readers.asking", "readers.ev2", "readers.identify", "readers.personalise"} & set(sys.modules)


def test_where_no_card_was_ever_added_none_is_asked():
    RamFlash("/access")
    cards, reader = SecureCards(KEY, NO_LIST), Silent()
    assert ask(cards, reader, False) is None
    assert (reader.asked, marks(cards)) == (0, None)


def test_where_the_list_has_a_house_key_cards_are_asked_until_it_has_none():
    RamFlash("/access")
    roll, reader = List(b"one").hold(2), Silent()
    cards = SecureCards(KEY, roll)
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
    cards = SecureCards(KEY, roll)
    ask(cards, Silent(), True)
    roll.hash, roll.halves = b"rotten", None
    assert ask(cards, Silent(), False) == "gone"  # it was asked


def test_the_first_card_that_is_to_be_added_makes_the_secret_and_it_stays():
    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)
    assert ask(cards, Silent(), True) == "gone"
    first = marks(cards)
    assert marks(SecureCards(KEY, NO_LIST)) == first
    assert ask(cards, Silent(), True) == "gone"
    assert marks(SecureCards(KEY, NO_LIST)) == first
    assert marks(SecureCards(bytes(32), NO_LIST)) is None  # another lock's


def test_no_two_secrets_are_the_same():
    found = set()
    for _ in range(20):
        RamFlash("/access")
        cards = SecureCards(KEY, NO_LIST)
        ask(cards, Silent(), True)
        found.add(marks(cards))
    assert len(found) == 20


def test_either_copy_is_enough_and_one_that_rots_is_mended_before_the_other_does():
    for lost in (PATH, PATH + ".old"):
        RamFlash("/access")
        cards = SecureCards(KEY, NO_LIST)
        ask(cards, Silent(), True)
        for each in (lost, PATH, PATH + ".old"):
            with open(each, "wb") as file:
                file.write(b"rotten" * 12)
            assert marks(SecureCards(KEY, NO_LIST)) == marks(cards)


def test_a_secret_that_could_not_be_read_at_the_start_is_not_replaced():
    """All cards of the lock would be lost with it."""
    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)
    ask(cards, Silent(), True)

    class Unread(card_secret.Sealed):
        def load(self, record):
            return bytearray()

    sealed, card_secret.Sealed = card_secret.Sealed, Unread
    try:
        later = SecureCards(KEY, NO_LIST)
        assert marks(later) is None
    finally:
        card_secret.Sealed = sealed
    assert ask(later, Silent(), True) == "gone"
    assert marks(later) == marks(cards) == marks(SecureCards(KEY, NO_LIST))


def test_a_full_flash_makes_no_secret():
    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)

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
        cards = SecureCards(KEY, NO_LIST)
        knife.set(at)
        try:
            ask(cards, Silent(), True)
        except PowerCut:
            fell = True
        knife.set(0)
        mount(flash)
        found = SecureCards(KEY, NO_LIST)
        if marks(cards) is not None:  # a card may have keys of it
            assert marks(found) == marks(cards), at
        made = marks(found)
        ask(found, Silent(), True)
        assert marks(SecureCards(KEY, NO_LIST)) == made or marks(found), at
    assert at > 5


def test_a_stranger_s_card_is_none_of_this_lock_s():
    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)
    for adds in (True, False):
        assert ask(cards, Stranger(), adds) is None


def test_the_code_is_given_back():
    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)
    for name in loaded():  # the tests have loaded them, and these would stay
        sys.modules.pop(name)
    plenty, loader._IS_PLENTY = loader._IS_PLENTY, False
    try:
        for adds in (True, False):
            ask(cards, Silent(), adds)
            assert loaded() == set()
    finally:
        loader._IS_PLENTY = plenty


def test_after_a_lack_of_memory_it_is_collected_and_the_code_is_loaded_anew():
    class Full:
        """In place of the module: there is no room for it."""

        def __getattr__(self, name):
            raise MemoryError

    RamFlash("/access")
    cards = SecureCards(KEY, NO_LIST)
    collected, plenty = [], loader._IS_PLENTY
    loader._IS_PLENTY = False
    loader.gc = type("gc", (), {"collect": lambda: collected.append(1), "threshold": gc.threshold})
    sys.modules["readers.asking"] = Full()
    try:
        ask(cards, Silent(), True)
        raise AssertionError("where is the code?")
    except MemoryError:
        sys.modules.pop("readers.asking", None)
        assert collected
    finally:
        loader.gc, loader._IS_PLENTY = gc, plenty
    assert ask(cards, Silent(), True) == "gone"


class Calm:
    """A lock without PSRAM in which nobody needs memory; `loads` is how often the code was loaded."""

    def __init__(self, secret=True):
        RamFlash("/access")
        self.roll, self.loads, self.full = List(b"one"), 0, False
        self.cards = SecureCards(KEY, self.roll)
        if secret:
            ask(self.cards, Silent(), True)

    def __enter__(self):
        self._was = loader._IS_PLENTY, room.is_calm, room._load
        loader._IS_PLENTY, room.is_calm, room._load = False, lambda: not self.full, self._load
        return self

    def __exit__(self, *error):
        loader._IS_PLENTY, room.is_calm, room._load = self._was
        spare.clear()

    def _load(self, *parts):
        self.loads += 1
        return self._was[2](*parts)


def test_what_asks_cards_is_kept_and_each_card_finds_it():
    with Calm() as calm:
        for _ in range(3):
            calm.cards.keep()
        assert (calm.loads, len(spare)) == (1, 1)
        for _ in range(3):
            assert ask(calm.cards, Silent(), False) == "gone"
        assert calm.loads == 1


def test_where_there_is_no_card_to_be_asked_nothing_is_kept():
    with Calm(secret=False) as calm:
        calm.cards.keep()
        assert not spare
        calm.roll.hold(1)
        calm.roll.hash = b"two"
        calm.cards.keep()  # one thing in a step: the keys, and then the code
        assert not spare
        calm.cards.keep()
        assert spare


def test_while_memory_is_needed_it_is_lent_to_each_card():
    with Calm() as calm:
        calm.full = True
        for loads in (1, 2):
            calm.cards.keep()
            assert ask(calm.cards, Silent(), False) == "gone"
            assert (calm.loads, len(spare)) == (loads, 0)


def test_where_it_cannot_be_loaded_cards_are_asked_as_ever():
    with Calm() as calm:
        for error in MemoryError, ImportError, OSError:

            def fails(*parts, error=error):
                raise error

            loads, room._load = room._load, fails
            calm.cards.keep()
            room._load = loads
            assert not spare
            assert ask(calm.cards, Silent(), False) == "gone"


def test_another_list_brings_other_keys():
    with Calm() as calm:
        calm.cards.keep()
        calm.roll.hold(3)
        calm.roll.hash = b"two"
        assert ask(calm.cards, Silent(), False) == "gone"
        assert not spare
        calm.cards.keep()
        assert len(spare[0].every) == 2


def test_a_loan_in_the_middle_of_a_tap_takes_nothing_from_it():
    """A dialogue, a list or a release may begin between any two commands to the card."""

    class Beset(Stranger):
        async def ask(self, *parts):
            with loader.Loan():
                import door.relay

                assert door.relay
            await asyncio.sleep_ms(0)
            gc.collect()
            return await Stranger.ask(self, *parts)

    with Calm() as calm:
        calm.cards.keep()
        reader = Beset()
        assert ask(calm.cards, reader, False) is None
        assert reader.asked > 0
        assert not spare
        assert calm.loads == 1
        assert ask(calm.cards, Silent(), False) == "gone"
        calm.cards.keep()
        assert spare


def test_a_card_that_is_added_by_what_is_kept_makes_the_secret():
    with Calm(secret=False) as calm:
        calm.roll.hold(1)
        calm.roll.hash = b"two"
        calm.cards.keep()
        calm.cards.keep()
        assert spare
        assert ask(calm.cards, Stranger(), True) is None
        assert marks(calm.cards) == marks(SecureCards(KEY, NO_LIST))
        assert marks(calm.cards)


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
