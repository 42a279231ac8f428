"""The model of DESFire EV2 and EV3 against a host that has it from the documents, too (card_host.py)."""

import os
import random

import pytest

from menshen.simulator.cards.desfire import Desfire
from tests.tools.helpers.card_host import ZERO_KEY, CardHost, place, status

UID = bytes.fromhex("04de5f1eacc040")
KEY, OTHER, OWNERS = bytes(range(16)), bytes(range(16, 32)), bytes(range(32, 48))
OURS, THEIRS = bytes.fromhex("4d4e48"), bytes.fromhex("010203")
SESSIONS = 10_000 if os.environ.get("MENSHEN_NIGHTLY") else 200


@pytest.fixture
def card() -> Desfire:
    """A fresh one, in the field."""
    return powered(Desfire("one", UID, dice=random.Random(3).randbytes))


@pytest.fixture
def host(card: Desfire) -> CardHost:
    return CardHost(card.exchange, random.Random(7).randbytes)


@pytest.fixture
def owner() -> CardHost:
    """At a card whose owner has set an AES master key and is proved."""
    owner = CardHost(powered(Desfire("one", UID, master_key=OWNERS)).exchange)
    owner.authenticate(0, OWNERS)
    return owner


def powered(card: Desfire) -> Desfire:
    card.power(True)
    return card


def create(host: CardHost, name: bytes = OURS, settings: int = 0x0B, keys: int = 2) -> None:
    host.native(0xCA, name + bytes((settings, 0x80 | keys)))


def select(host: CardHost, name: bytes = OURS) -> None:
    host.native(0x5A, name)


def test_whoever_comes_can_make_an_application_on_a_fresh_card(host: CardHost) -> None:
    assert status(host.authenticate, 0, ZERO_KEY) == 0x91AE  # its master key is a DES key
    assert host.native(0x45).hex() == "0f01"
    create(host)
    assert host.native(0x6A) == OURS
    select(host)
    host.authenticate(0, ZERO_KEY)
    assert host.uid() == UID
    assert host.signed(0x45).hex() == "0b82"


@pytest.mark.parametrize(
    ("version", "told"), [(2, "04010112001605" + "04010102011605"), (3, "04010133001605" + "04010103001605")]
)
def test_it_tells_its_version_in_three_frames(version: int, told: str) -> None:
    host = CardHost(powered(Desfire("one", UID, version)).exchange)
    said = host.native(0x60) + host.native(0xAF) + host.native(0xAF)
    assert said[:21].hex() == told + UID.hex()


@pytest.mark.parametrize(("uid", "format_of"), [(UID, ""), (UID[:4], "0004"), (UID + b"abc", "000a")])
def test_its_number_has_four_seven_or_ten_bytes(uid: bytes, format_of: str) -> None:
    card = powered(Desfire("one", uid))
    host = CardHost(card.exchange)
    create(host)
    select(host)
    host.authenticate(1, ZERO_KEY)
    assert host.uid() == bytes.fromhex(format_of) + uid
    assert card.shown_uid == uid


def test_each_door_has_an_application_of_its_own(card: Desfire, host: CardHost) -> None:
    for name in (OURS, THEIRS):
        create(host, name)
    assert status(create, host) == 0x91DE
    select(host)
    host.authenticate(0, ZERO_KEY)
    host.change_key(0, KEY, ZERO_KEY)
    select(host, THEIRS)
    host.authenticate(0, ZERO_KEY)
    select(host)
    assert status(host.authenticate, 0, ZERO_KEY) == 0x91AE
    host.authenticate(0, KEY)
    assert [slot.total_failures for slot in card.slots()] == [0, 0, 0, 0]


def test_what_is_not_there_cannot_be_selected(host: CardHost) -> None:
    assert status(select, host) == 0x91A0
    assert status(host.apdu, 0, 0xA4, 4, 0, 7, bytes.fromhex("d2760000850101")) == 0x6A82
    assert host.apdu(0, 0xA4, 4, 0, 7, bytes.fromhex("d2760000850100")) == b""


def test_a_selection_ends_the_session(host: CardHost) -> None:
    create(host)
    select(host)
    host.authenticate(0, ZERO_KEY)
    select(host)
    assert status(host.uid) == 0x91AE


def test_an_application_has_aes_keys_or_is_none_of_ours(host: CardHost) -> None:
    for number in (0x00, 0x02, 0x42, 0x80, 0x8F, 0xA2):
        assert status(host.native, 0xCA, OURS + bytes((0x0B, number))) == 0x919E
    assert status(host.native, 0xCA, OURS) == 0x917E
    create(host)
    select(host)
    assert status(create, host, THEIRS) == 0x919D  # only at the card


@pytest.mark.parametrize(
    ("settings", "changer", "changed", "wanted"),
    [
        (0x0B, 0, 1, 0),
        (0x0B, 1, 1, 0x91AE),
        (0x2B, 2, 1, 0),
        (0x2B, 0, 1, 0x91AE),
        (0xEB, 1, 1, 0),
        (0xEB, 0, 1, 0x91AE),
        (0xFB, 0, 1, 0x919D),
        (0xFB, 0, 0, 0),
        (0x0A, 0, 0, 0x919D),
        (0x0B, 1, 0, 0x91AE),
        (0x0B, 0, 5, 0x9140),
    ],
)
def test_the_settings_say_who_changes_keys(
    host: CardHost, settings: int, changer: int, changed: int, wanted: int
) -> None:
    create(host, settings=settings, keys=3)
    select(host)
    host.authenticate(changer, ZERO_KEY)
    if wanted:
        assert status(host.change_key, changed, KEY, ZERO_KEY) == wanted
        host.authenticate(1, ZERO_KEY)
        return
    host.change_key(changed, KEY, ZERO_KEY, version=77)
    host.authenticate(changed, KEY)
    assert host.key_version(changed) == 77


def test_settings_change_until_they_say_never_again(host: CardHost) -> None:
    create(host)
    select(host)
    host.authenticate(0, ZERO_KEY)
    host.sealed(0x54, b"", b"\x01")
    assert host.signed(0x45)[0] == 0x01
    assert status(host.sealed, 0x54, b"", b"\x0b") == 0x919D
    assert status(host.native, 0x45) == 0x91AE  # no listing without the master key any more
    assert status(host.native, 0x6F) == 0x91AE


def test_an_application_is_deleted_by_its_own_key_or_the_cards(card: Desfire, host: CardHost) -> None:
    create(host)
    create(host, THEIRS)
    assert status(host.native, 0xDA, OURS) == 0x91AE
    select(host, THEIRS)
    host.authenticate(0, ZERO_KEY)
    assert status(host.signed, 0xDA, OURS) == 0x919D
    select(host)
    host.authenticate(0, ZERO_KEY)
    host.native(0xDA, OURS + host._mac(b"\xda", OURS))
    assert list(card.applications) == [bytes(3), THEIRS]
    assert host.native(0x6A) == THEIRS


def test_only_the_cards_owner_formats_it(host: CardHost, owner: CardHost) -> None:
    create(host)
    assert status(host.native, 0xFC) == 0x91AE
    select(host)
    host.authenticate(0, ZERO_KEY)
    assert status(host.signed, 0xFC) == 0x919D
    owner.signed(0xCA, OURS + b"\x0b\x82")
    assert owner.signed(0x6A) == OURS
    owner.signed(0xFC)
    assert owner.signed(0x6A) == b""


def test_the_owner_can_keep_others_out(owner: CardHost) -> None:
    owner.sealed(0x54, b"", b"\x09")
    assert status(owner.native, 0xCA, OURS + b"\x0b\x82") == 0x911E  # without a MAC in a session
    assert status(owner.native, 0xCA, OURS + b"\x0b\x82") == 0x91AE
    assert status(owner.native, 0x6A) == 0x91AE
    owner.authenticate(0, OWNERS)
    owner.signed(0xCA, OURS + b"\x0b\x82")
    owner.change_key(0, KEY, OWNERS)
    owner.authenticate(0, KEY)


def test_the_owner_alone_makes_its_number_random() -> None:
    card = powered(Desfire("one", UID, master_key=OWNERS))
    host = CardHost(card.exchange)
    create(host)
    select(host)
    host.authenticate(0, ZERO_KEY)
    assert status(host.sealed, 0x5C, b"\0", b"\x02") == 0x919D
    select(host, bytes(3))
    host.authenticate(0, OWNERS)
    host.sealed(0x5C, b"\0", b"\x02")
    card.power(False)
    card.power(True)
    assert (card.shown_uid[0], len(card.shown_uid)) == (8, 4)
    select(host)
    host.authenticate(0, ZERO_KEY)
    assert host.uid() == UID


def test_files_are_made_used_and_deleted(host: CardHost) -> None:
    create(host)
    assert status(host.native, 0xCD, b"\x01\x03\x00\x10\x20\x00\x00") == 0x919D  # not at the card
    select(host)
    assert status(host.native, 0xCD, b"\x01\x03\x00\x10\x20\x00\x00") == 0x91AE
    host.authenticate(0, ZERO_KEY)
    host.signed(0xCD, b"\x01\x03\x00\x10\x20\x00\x00")
    assert status(host.signed, 0xCD, b"\x01\x03\x00\x10\x20\x00\x00") == 0x91DE
    host.authenticate(0, ZERO_KEY)
    assert (host.signed(0x6F), host.signed(0xF5, b"\x01").hex()) == (b"\x01", "00030010200000")
    host.sealed(0x8D, place(1, 0, 6), b"secret")
    host.authenticate(1, ZERO_KEY)
    assert host.sealed(0xAD, place(1, 0, 0)) == b"secret" + bytes(26)
    assert status(host.sealed, 0x8D, place(1, 0, 1), b"!") == 0x91AE
    host.authenticate(0, ZERO_KEY)
    host.signed(0xDF, b"\x01")
    assert status(host.signed, 0xF5, b"\x01") == 0x91F0


def test_the_card_has_room_for_so_much(host: CardHost) -> None:
    for number in range(1, 17):
        create(host, number.to_bytes(3, "little"))
    assert status(create, host) == 0x910E
    assert host.native(0x6E) == bytes(3)


def test_guessing_is_counted_for_each_key(card: Desfire, host: CardHost) -> None:
    create(host)
    select(host)
    for _ in range(50):
        assert status(host.authenticate, 0, KEY) == 0x91AE
    assert status(host.authenticate, 0, ZERO_KEY) == 0x91AD
    host.authenticate(1, ZERO_KEY)
    card.applications[OURS].keys[0].total_failures = 1000
    assert status(host.authenticate, 0, ZERO_KEY) == 0x919D


def test_random_sessions_agree() -> None:
    """Numbers of every length, applications, keys, modes and orders at random; no code in common."""
    dice = random.Random(20260423)
    for number in range(SESSIONS):
        uid = dice.randbytes(dice.choice((4, 7, 10)))
        card = powered(Desfire(str(number), uid, dice.choice((2, 3)), dice.randbytes))
        host = CardHost(card.exchange, dice.randbytes)
        count = dice.randint(2, 14)
        create(host, settings=0x0F, keys=count)
        select(host)
        keys = [ZERO_KEY] * count
        host.authenticate(0, ZERO_KEY)
        for changed in dice.sample(range(1, count), dice.randint(1, count - 1)):
            keys[changed] = dice.randbytes(16)
            host.change_key(changed, keys[changed], ZERO_KEY, version=dice.randrange(256))
        option, user = dice.choice((0, 1, 3)), dice.randrange(count)
        host.signed(0xCD, bytes((5, option, user << 4, user << 4 | user)) + b"\x40\x00\x00")
        host.authenticate(user, keys[user], first=dice.random() < 0.5)
        content = bytearray(64)
        for _ in range(dice.randint(1, 6)):
            size = dice.randint(1, 40)
            offset = dice.randint(0, 64 - size)
            content[offset : offset + size] = data = dice.randbytes(size)
            if option == 0:
                host.plain(0x8D, place(5, offset, size) + data)
                assert host.plain(0xAD, place(5, 0, 64)) == content
            else:
                carry = host.signed if option == 1 else host.sealed
                carry(0x8D, place(5, offset, size), data)
                assert carry(0xAD, place(5, 0, 64)) == content
            assert host.uid()[-len(uid) :] == uid
