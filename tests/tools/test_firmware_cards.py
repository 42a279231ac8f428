"""The firmware's code for secure cards against the models, which share nothing with it but the documents."""

import os
import random
from collections.abc import Iterator

import pytest

from menshen import card_crypto as crypto
from menshen.simulator.cards.demo import CardSecret
from menshen.simulator.cards.desfire import Desfire
from menshen.simulator.cards.ev2 import Ev2Card
from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers.firmware_reader import FirmwareReader, firmware_reader
from tests.tools.test_cards_vectors import vector

SECRET, OTHER_SECRET = bytes(range(32)), bytes(range(1, 33))
UID = bytes.fromhex("04a1b2c3d4e5f6")
_MOST_WORK = {"personalise": 10, "identify": 6}
"""AES and SHA-256 begun in one step."""
_SESSIONS = 10_000 if os.getenv("MENSHEN_NIGHTLY") else 300


@pytest.fixture(scope="module")
def firmware() -> Iterator[FirmwareReader]:
    with firmware_reader() as reader:
        yield reader


def fresh(kind: str, uid: bytes = UID) -> Ev2Card:
    return Ntag424("one", uid) if kind == "ntag424" else Desfire("one", uid, int(kind[-1]))


def failures(card: Ev2Card) -> list[int]:
    return [slot.total_failures for slot in card.slots()]


KINDS = ["ntag424", "desfire2", "desfire3"]


# -- the manufacturer's examples


def test_cmac_is_the_library_s(firmware: FirmwareReader) -> None:
    dice = random.Random(1)
    for size in [*range(50), 64, 100, 255]:
        key, data = dice.randbytes(16), dice.randbytes(size)
        assert firmware.call("cmac", key, data) == crypto.cmac(key, data), size


def test_authentication_is_the_example_s(firmware: FirmwareReader) -> None:
    example = vector("authenticate_ev2_first")
    numbers = [example["rnd_b"], example["ti"]]
    card = Ntag424("one", UID, lambda size: numbers.pop(0))
    firmware.lay([card])
    card.exchange(bytes.fromhex("00a4040c07d276000085010100"))
    firmware.call("random", example["rnd_a"])
    firmware.call("authenticate", bytes((example["key_no"],)), example["key"], b"\x01")
    assert firmware.said == [example["part1_capdu"], example["part2_capdu"]]
    assert firmware.heard == [example["part1_rapdu"], example["part2_rapdu"]]
    assert firmware.call("seal", b"\x51", b"", b"")  # makes the session's keys
    assert card.session is not None


def test_a_command_is_signed_and_its_answer_checked_as_in_the_example(firmware: FirmwareReader) -> None:
    example = vector("comm_mode_mac")
    keys = (bytes(16), example["session_key_mac"])
    firmware.call("session", *keys, example["ti"], example["cmd_ctr"])
    data = firmware.call("seal", example["cmd"], example["cmd_header"], b"")
    assert data == example["cmd_header"] + example["mac_t"]


def test_a_key_is_sealed_as_in_the_example(firmware: FirmwareReader) -> None:
    example = vector("change_key_other_than_authenticated")
    firmware.call(
        "session",
        example["session_key_enc"],
        example["session_key_mac"],
        example["ti"],
        example["cmd_ctr"],
    )
    new = example["new_key"] + example["new_key_version"] + example["crc32_new_key"]
    data = firmware.call("seal", b"\xc4", bytes((example["key_no"],)), new)
    assert data == example["capdu"][5:-1]


# -- sessions


def _session(firmware: FirmwareReader, dice: random.Random) -> None:
    """Authenticate with a key, ask for the UID, write a key and a file, ask again with another key."""
    uid = dice.randbytes(dice.choice((4, 7, 10)))
    is_ntag = len(uid) == 7 and dice.random() < 0.5
    card: Ev2Card = (
        Ntag424("one", uid) if is_ntag else Desfire("one", uid, dice.choice((2, 3)), master_key=bytes(16))
    )
    firmware.lay([card])
    if is_ntag:
        card.exchange(bytes.fromhex("00a4040c07d276000085010100"))
    else:
        firmware.call("native", b"\xca", b"\x01\x02\x03\x0b\x85")
        firmware.call("native", b"\x5a", b"\x01\x02\x03")
    slots = card.keys if isinstance(card, Ntag424) else card.application.keys
    for slot in slots:
        slot.key = dice.randbytes(16)
    first, second = dice.sample(range(1, 5), 2)
    firmware.call("random", dice.randbytes(16))
    firmware.call("authenticate", bytes((first,)), slots[first].key, b"\x01")
    assert firmware.call("uid") == uid
    firmware.call("random", dice.randbytes(16))
    firmware.call("authenticate", b"\x00", slots[0].key, b"\x00")
    new = dice.randbytes(16)
    mixed = bytes(a ^ b for a, b in zip(new, slots[second].key, strict=True))
    firmware.call("sealed", b"\xc4", bytes((second,)), mixed + b"\x07" + crypto.crc32(new))
    assert (slots[second].key, slots[second].version) == (new, 7)
    assert firmware.call("sealed", b"\x51", b"", b"")
    assert failures(card) == [0] * len(failures(card))


def test_random_sessions_agree_with_the_models(firmware: FirmwareReader) -> None:
    """10,000 by night. Plain: versions, applications; MAC alone: the answer to a new key; full: UID, keys."""
    dice = random.Random(424)
    for _ in range(_SESSIONS):
        _session(firmware, dice)


# -- cards of this lock


@pytest.mark.parametrize("kind", KINDS)
def test_a_fresh_card_becomes_one_of_this_lock_and_is_known_again(
    firmware: FirmwareReader, kind: str
) -> None:
    card = fresh(kind)
    firmware.lay([card])
    assert firmware.call("personalise", SECRET) == UID
    shown = firmware.lay([card])
    assert shown
    assert (shown == UID) == (kind != "ntag424")
    assert firmware.call("identify", shown, SECRET) == UID
    assert firmware.call("identify", shown, OTHER_SECRET) is None
    assert failures(card) == [0] * len(failures(card))


@pytest.mark.parametrize("kind", KINDS)
def test_no_step_of_a_card_s_proof_or_making_begins_much_work(firmware: FirmwareReader, kind: str) -> None:
    """AES and SHA-256 begun between two exchanges, in counts: a step is to take less than 0.5 ms."""
    card = fresh(kind)
    shown = firmware.lay([card])
    assert shown
    longest = {}
    for what, arguments in (("personalise", [SECRET]), ("identify", [UID, SECRET])):
        if what == "identify":
            arguments[0] = firmware.lay([card]) or b""
        assert firmware.call(what, *arguments) == UID
        longest[what] = max(firmware.call("work") or b"")
    print(f"{kind}: {longest}")
    assert longest["personalise"] <= _MOST_WORK["personalise"]
    assert longest["identify"] <= _MOST_WORK["identify"]


@pytest.mark.parametrize("kind", KINDS)
def test_the_demo_s_cards_are_as_the_firmware_leaves_them(firmware: FirmwareReader, kind: str) -> None:
    secret = CardSecret(SECRET)
    made = secret.application + secret.marks + b"".join(secret.key(number, UID) for number in range(5))
    assert firmware.call("keys", SECRET, UID) == made
    card, other = fresh(kind), secret.enrol(fresh(kind))
    firmware.lay([card])
    assert firmware.call("personalise", SECRET) == UID
    assert [(slot.key, slot.version) for slot in card.slots()] == [
        (slot.key, slot.version) for slot in other.slots()
    ]
    if isinstance(card, Ntag424) and isinstance(other, Ntag424):
        assert (card.random_uid, card.files[2].rights) == (other.random_uid, other.files[2].rights)
    elif isinstance(card, Desfire) and isinstance(other, Desfire):
        assert {name: each.settings for name, each in card.applications.items()} == {
            name: each.settings for name, each in other.applications.items()
        }


def test_no_key_of_the_factory_is_left_in_an_ntag_424(firmware: FirmwareReader) -> None:
    card = fresh("ntag424")
    firmware.lay([card])
    firmware.call("personalise", SECRET)
    assert isinstance(card, Ntag424)
    keys = [slot.key for slot in card.keys]
    assert len({*keys, bytes(16)}) == 6
    assert card.random_uid
    assert card.files[2].rights == b"\x00\x00"


@pytest.mark.parametrize("kind", KINDS)
def test_a_card_of_another_lock_is_not_tried_and_not_overwritten(firmware: FirmwareReader, kind: str) -> None:
    card = fresh(kind)
    firmware.lay([card])
    assert firmware.call("personalise", OTHER_SECRET) == UID
    keys = [slot.key for slot in card.slots()]
    shown = firmware.lay([card])
    assert shown
    assert firmware.call("identify", shown, SECRET) is None
    found = firmware.call("personalise", SECRET)
    assert found == (b"" if kind == "ntag424" else UID)  # a DESFire has room for several doors
    assert [slot.key for slot in card.slots()][: len(keys)] == keys
    assert failures(card) == [0] * len(failures(card))
    shown = firmware.lay([card])
    assert shown
    assert firmware.call("identify", shown, OTHER_SECRET) == UID


@pytest.mark.parametrize("number", range(5))
def test_a_key_that_somebody_else_has_written_is_left_alone(firmware: FirmwareReader, number: int) -> None:
    """Whether they have told so by its version or not."""
    for version in (0, 1):
        card = fresh("ntag424")
        assert isinstance(card, Ntag424)
        card.keys[number].key, card.keys[number].version = b"somebody's own k", version
        before = [(slot.key, slot.version) for slot in card.keys]
        firmware.lay([card])
        assert not firmware.call("personalise", SECRET)
        assert [(slot.key, slot.version) for slot in card.keys] == before
        assert (card.random_uid, card.files[2].rights) == (False, b"\xe0\xee")


@pytest.mark.parametrize("uid", ["04a1b2c3", "04a1b2c3d4e5f6", "04a1b2c3d4e5f6071829"])
def test_numbers_of_every_length_are_known(firmware: FirmwareReader, uid: str) -> None:
    card = fresh("desfire3", bytes.fromhex(uid))
    firmware.lay([card])
    assert firmware.call("personalise", SECRET) == card.uid
    assert firmware.lay([card]) == card.uid
    assert firmware.call("identify", card.uid, SECRET) == card.uid
    card.random_uid = True
    shown = firmware.lay([card])
    assert shown
    assert firmware.call("identify", shown, SECRET) == card.uid


@pytest.mark.parametrize("ats", ["01", "0270", "0278", "0378ff", "0550778002", "067077ff02", "067077ea0280"])
@pytest.mark.parametrize("kind", KINDS)
def test_whatever_a_card_s_ats_says_it_is_added_and_known(
    firmware: FirmwareReader, kind: str, ats: str
) -> None:
    """No byte for rates, times or options, or one that is missing; frames of 16 bytes; 309 ms of rest."""
    card = fresh(kind)
    card.ats = bytes.fromhex(ats)
    for what in ("personalise", "identify"):
        shown = firmware.lay([card])
        assert shown
        assert firmware.call(what, *([shown] if what == "identify" else []), SECRET) == UID
