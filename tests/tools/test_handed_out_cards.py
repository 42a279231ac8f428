"""Cards that the operator hands out: the desk's code against the models, and the lock's against both.

The models count as cards, and the firmware as a lock; the desk only sees a function that carries APDUs.
"""

import itertools
from collections.abc import Callable, Iterator

import pytest

from menshen import card_crypto as crypto
from menshen.desk import house_keys
from menshen.desk.house_keys import HouseKeys
from menshen.desk.personalise import hand_out
from menshen.desk.talk import CardError
from menshen.simulator.cards.card import Card
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card, Mode
from menshen.simulator.cards.files import DataFile
from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.firmware_reader import FirmwareReader, firmware_reader
from tests.tools.test_cards_vectors import vector

HOUSE, OTHER_HOUSE = bytes(range(16)), bytes(range(16, 32))
SECRET = bytes(range(32))
UID = bytes.fromhex("04a1b2c3d4e5f6")
KINDS = ["ntag424", "desfire2", "desfire3"]


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


def fresh(kind: str, uid: bytes = UID) -> Ev2Card:
    return Ntag424("one", uid) if kind == "ntag424" else Desfire("one", uid, int(kind[-1]))


def laid(card: Card) -> Callable[[bytes], bytes]:
    """The card on the desk's reader, in a field that was off."""
    card.power(False)
    card.power(True)
    return card.exchange


def known(firmware: FirmwareReader, card: Card, *secrets: bytes) -> bytes | None:
    """What a lock with these secrets says of it."""
    shown = firmware.lay([card])
    assert shown
    return firmware.call("identify", shown, *secrets)


def state(card: Ev2Card) -> list[tuple[bytes, int]]:
    return [(slot.key, slot.version) for slot in card.slots()]


def failures(card: Ev2Card) -> int:
    return sum(slot.total_failures for slot in card.slots())


def test_keys_are_diversified_as_in_the_manufacturer_s_example(firmware: FirmwareReader) -> None:
    example = vector("key_diversification_aes128")
    wanted = example["diversified_key"]
    assert crypto.diversified(example["master_key"], example["diversification_input"]) == wanted
    assert firmware.call("cmac", example["master_key"], b"\1" + example["diversification_input"]) == wanted


@pytest.mark.parametrize("size", [4, 7, 10])
def test_desk_and_lock_make_the_same_keys(firmware: FirmwareReader, size: int) -> None:
    keys, uid = HouseKeys(HOUSE), bytes(range(4, 4 + size))
    made = keys.application + keys.marks + b"".join(keys.key(number, uid) for number in range(5))
    assert firmware.call("keys", b"\3" + HOUSE, uid) == made


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_was_handed_out_proves_itself_at_the_locks_of_its_house(
    firmware: FirmwareReader, kind: str
) -> None:
    card = fresh(kind)
    assert hand_out(laid(card), HouseKeys(HOUSE)) == UID
    for at_this_lock in (b"\1", b"\4"):  # the reference may be another at each door
        assert known(firmware, card, at_this_lock + HOUSE) == at_this_lock + UID
        assert known(firmware, card, SECRET, b"\2" + OTHER_HOUSE, at_this_lock + HOUSE) == at_this_lock + UID
    assert known(firmware, card, SECRET, b"\1" + OTHER_HOUSE) is None
    assert failures(card) == 0


@pytest.mark.parametrize("kind", KINDS)
def test_a_lock_s_own_cards_open_beside_those_that_were_handed_out(
    firmware: FirmwareReader, kind: str
) -> None:
    card = CardSecret(SECRET).enrol(fresh(kind))
    assert known(firmware, card, SECRET, b"\1" + HOUSE) == UID
    assert failures(card) == 0


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6071829"])
def test_numbers_of_every_length_are_handed_out(firmware: FirmwareReader, uid: str) -> None:
    card = fresh("desfire3", bytes.fromhex(uid))
    assert hand_out(laid(card), HouseKeys(HOUSE)) == card.uid
    assert known(firmware, card, b"\1" + HOUSE) == b"\1" + card.uid


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_is_handed_out_once_more_without_a_change(kind: str) -> None:
    card = fresh(kind)
    hand_out(laid(card), HouseKeys(HOUSE))
    before = state(card)
    assert hand_out(laid(card), HouseKeys(HOUSE)) == UID
    assert (state(card), failures(card)) == (before, 0)


def test_no_key_of_the_factory_is_left_and_no_stranger_s_reader_knows_its_owner() -> None:
    card = fresh("ntag424")
    hand_out(laid(card), HouseKeys(HOUSE))
    assert isinstance(card, Ntag424)
    assert len({bytes(16), *(slot.key for slot in card.keys)}) == 6
    assert (card.random_uid, card.files[2].rights) == (True, b"\x00\x00")


@pytest.mark.parametrize("version", [0, 9])
@pytest.mark.parametrize("number", range(5))
def test_a_card_in_which_somebody_has_written_is_left_as_it_is(number: int, version: int) -> None:
    card = fresh("ntag424")
    assert isinstance(card, Ntag424)
    card.keys[number].key, card.keys[number].version = b"somebody's own k", version
    before = state(card)
    with pytest.raises(CardError, match="not factory-fresh"):
        hand_out(laid(card), HouseKeys(HOUSE))
    assert (state(card), card.random_uid, card.files[2].rights) == (before, False, b"\xe0\xee")


def test_a_card_of_a_lock_or_of_another_house_is_left_as_it_is() -> None:
    other = fresh("ntag424")
    hand_out(laid(other), HouseKeys(OTHER_HOUSE))
    for card in CardSecret(SECRET).enrol(fresh("ntag424")), other:
        before = state(card)
        with pytest.raises(CardError, match="not factory-fresh"):
            hand_out(laid(card), HouseKeys(HOUSE))
        assert (state(card), failures(card)) == (before, 0)


def test_a_desfire_is_of_a_lock_and_of_its_house_at_once(firmware: FirmwareReader) -> None:
    card = CardSecret(SECRET).enrol(fresh("desfire3"))
    assert hand_out(laid(card), HouseKeys(HOUSE)) == UID
    assert known(firmware, card, SECRET) == UID
    assert known(firmware, card, b"\1" + HOUSE) == b"\1" + UID


@pytest.mark.parametrize("right", [*range(1, 16)])
def test_an_ntag_whose_file_is_somebody_s_already_is_left_as_it_is(right: int) -> None:
    """Its keys are the factory's, but its NDEF file may be changed by another key, nobody, or everybody."""
    card = fresh("ntag424")
    assert isinstance(card, Ntag424)
    card.files[2].rights = bytes((0xE0 | right, 0xEE))
    before = state(card)
    for _ in range(2):
        with pytest.raises(CardError, match="not factory-fresh"):
            hand_out(laid(card), HouseKeys(HOUSE))
    assert (state(card), card.random_uid, failures(card)) == (before, False, 0)


@pytest.mark.parametrize("how", ["full", "closed"])
def test_a_desfire_that_lets_no_application_be_made_is_told_as_that(how: str) -> None:
    card = fresh("desfire3")
    assert isinstance(card, Desfire)
    if how == "full":
        CardSecret(SECRET).enrol(card)
        made = next(each for each in card.applications.values() if not each.is_card)
        made.files[1] = DataFile(Mode.PLAIN, b"\xee\xee", bytes(3600))
    else:
        card.applications[b"\0\0\0"].settings &= ~0x04
    before = state(card)
    with pytest.raises(CardError, match="no space"):
        hand_out(laid(card), HouseKeys(HOUSE))
    assert state(card) == before


@pytest.mark.parametrize(("kind", "number"), [("ntag424", 1), ("ntag424", 2), ("desfire3", 2)])
def test_a_card_on_which_somebody_has_tried_keys_is_waited_for(kind: str, number: int) -> None:
    card = fresh(kind)
    hand_out(laid(card), HouseKeys(HOUSE))
    slot = card.slots()[number if kind == "ntag424" else number - 3]
    for _ in range(300):
        slot.failed()
    assert hand_out(laid(card), HouseKeys(HOUSE)) == UID
    assert slot.failures_in_a_row == 0


def test_a_card_that_cannot_prove_itself_is_not_handed_out() -> None:
    with pytest.raises(CardError, match="cannot prove itself"):
        hand_out(laid(Card("old", UID)), HouseKeys(HOUSE))


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_that_is_taken_away_at_any_command_is_mended_the_next_time(
    firmware: FirmwareReader, kind: str
) -> None:
    for after in itertools.count():
        card, left = fresh(kind), itertools.count(-after)
        exchange = laid(card)

        def transmit(apdu: bytes, exchange=exchange, left=left) -> bytes:
            if not next(left):
                raise CardError("taken away")
            return exchange(apdu)

        try:
            hand_out(transmit, HouseKeys(HOUSE))
        except CardError:
            assert hand_out(laid(card), HouseKeys(HOUSE)) == UID
            assert known(firmware, card, b"\1" + HOUSE) == b"\1" + UID
            assert failures(card) == 0
        else:
            assert after > 20
            break


def test_a_card_that_lies_about_its_keys_is_refused() -> None:
    card = fresh("ntag424")
    hand_out(laid(card), HouseKeys(HOUSE))
    assert isinstance(card, Ntag424)
    card.keys[house_keys.PROVING].key = bytes(16)
    with pytest.raises(CardError):
        hand_out(laid(card), HouseKeys(HOUSE))


def test_a_lock_unwraps_the_house_keys_of_its_list_and_no_other_lock_does(firmware: FirmwareReader) -> None:
    key, other = bytes(range(32)), bytes(range(1, 33))
    listed = b"".join(
        record
        for reference, house in ((1, HOUSE), (3, OTHER_HOUSE))
        for record in house_keys.records(reference, house_keys.wrapped(house, key, reference))
    )
    assert firmware.call("houses", key, listed) == b"\1" + HOUSE + b"\3" + OTHER_HOUSE
    found = firmware.call("houses", other, listed)
    assert found
    assert HOUSE not in found
    assert HOUSE not in listed
    assert firmware.call("houses", key, listed[:32]) == b""  # a half alone is no key


def test_the_same_key_lies_in_two_lists_as_two_texts() -> None:
    one, other = bytes(range(32)), bytes(range(1, 33))
    texts = {house_keys.wrapped(HOUSE, key, reference) for key in (one, other) for reference in (1, 2)}
    assert len(texts) == 4
