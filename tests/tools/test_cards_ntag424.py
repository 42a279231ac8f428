"""The model of NTAG 424 DNA against a host that has it from the data sheet, too (card_host.py)."""

import os
import random

import pytest

from menshen.simulator.cards.ntag424 import Ntag424
from tests.tools.helpers import ntag424
from tests.tools.helpers.card_host import ZERO_KEY, CardHost, place, status

KEY, OTHER = bytes(range(16)), bytes(range(16, 32))
SESSIONS = 10_000 if os.environ.get("MENSHEN_NIGHTLY") else 300


@pytest.fixture
def card() -> Ntag424:
    """A fresh one, in the field."""
    return ntag424.fresh()


@pytest.fixture
def host(card: Ntag424) -> CardHost:
    """In the card's application."""
    return ntag424.opened(card)


def test_a_fresh_card_has_keys_of_zeros_and_tells_its_number(host: CardHost) -> None:
    for number in range(5):
        host.authenticate(number, ZERO_KEY)
        assert host.uid() == ntag424.UID
        assert host.key_version(number) == 0
    assert status(host.authenticate, 5, ZERO_KEY) == 0x9140


def test_nothing_can_be_proved_outside_the_application(card: Ntag424) -> None:
    host = CardHost(card.exchange)
    assert status(host.authenticate, 0, ZERO_KEY) == 0x9140
    host.select()
    host.authenticate(0, ZERO_KEY)
    host.apdu(0, 0xA4, 0, 0x0C, 2, b"\x3f\x00")
    assert status(host.uid) == 0x91AE


def test_every_key_can_be_changed_by_whoever_knows_key_0(host: CardHost) -> None:
    host.authenticate(0, ZERO_KEY)
    for number in range(1, 5):
        host.change_key(number, bytes((number,)) * 16, ZERO_KEY, version=number)
    host.change_key(0, KEY, ZERO_KEY, version=9)
    assert status(host.uid) == 0x91AE  # its own key ended the session
    host.authenticate(0, KEY)
    assert [host.key_version(number) for number in range(5)] == [9, 1, 2, 3, 4]
    for number in range(1, 5):
        host.authenticate(number, bytes((number,)) * 16)


def test_no_other_key_changes_keys_and_no_wrong_old_one(card: Ntag424, host: CardHost) -> None:
    host.authenticate(1, ZERO_KEY)
    assert status(host.change_key, 1, KEY, ZERO_KEY) == 0x91AE
    host.authenticate(0, ZERO_KEY)
    assert status(host.change_key, 1, KEY, OTHER) == 0x911E  # CRC32NK
    assert [slot.key for slot in card.keys] == [ZERO_KEY] * 5


def test_a_session_goes_on_with_another_key(host: CardHost) -> None:
    assert status(host.authenticate, 0, ZERO_KEY, False) == 0x919D
    host.authenticate(0, ZERO_KEY)
    host.uid()
    identifier, counter = host.ti, host.counter
    host.authenticate(2, ZERO_KEY, first=False)
    assert (host.ti, host.counter) == (identifier, counter)
    assert host.uid() == ntag424.UID


def test_a_random_number_is_another_one_each_time_and_the_true_one_a_secret(
    card: Ntag424, host: CardHost
) -> None:
    host.authenticate(0, ZERO_KEY)
    assert host.sealed(0x5C, b"\x00", b"\x02") == b""  # SetConfiguration
    seen = set()
    for _ in range(20):
        card.power(False)
        card.power(True)
        seen.add(card.shown_uid)
        assert (len(card.shown_uid), card.shown_uid[0], card.sens_res) == (4, 8, b"\x03\x04")
    assert len(seen) == 20
    host.select()
    assert host.native(0x60) + host.native(0xAF) + host.native(0xAF)[:7] == (
        bytes.fromhex("0404023000110504040201021105") + bytes(7)
    )
    host.authenticate(3, ZERO_KEY)
    assert host.uid() == ntag424.UID


def test_only_key_0_configures_and_only_what_there_is(host: CardHost) -> None:
    assert status(host.native, 0x5C, b"\x00\x02") == 0x91AE
    for key, option, data, wanted in (
        (1, 0x00, b"\x02", 0x91AE),
        (0, 0x00, b"\x04", 0x919E),
        (0, 0x00, b"\x02\x02", 0x917E),
        (0, 0x07, b"\x02", 0x919E),
        (0, 0x0A, b"\x01\x00\x00\x0a\x00", 0x919E),
    ):
        host.authenticate(key, ZERO_KEY)
        assert status(host.sealed, 0x5C, bytes((option,)), data) == wanted


def test_files_travel_as_their_settings_say(card: Ntag424, host: CardHost) -> None:
    assert host.native(0xF5, b"\x01").hex() == "000000e0200000"
    assert host.native(0xF5, b"\x02").hex() == "0000e0ee000100"
    assert host.native(0xF5, b"\x03").hex() == "00033023800000"
    assert host.native(0xAD, place(1, 0, 15)).hex() == "001720010000ff0406e10401000000"[:30]
    assert status(host.native, 0xAD, place(3, 0, 4)) == 0x91AE
    host.authenticate(3, ZERO_KEY)
    assert host.sealed(0x8D, place(3, 2, 5), b"hello") == b""
    assert host.sealed(0xAD, place(3, 0, 8)) == b"\0\0hello\0"
    assert host.plain(0xAD, place(2, 0, 3)) == bytes(3)  # free: plain in a session, too
    host.authenticate(0, ZERO_KEY)
    for mode, carry in ((0, host.plain), (1, host.signed), (3, host.sealed)):
        host.sealed(0x5F, b"\x03", bytes((mode, 0x00, 0x00)))
        assert host.signed(0xF5, b"\x03")[:4] == bytes((0, mode, 0, 0))
        arguments = (place(3, 0, 4) + b"next",) if mode == 0 else (place(3, 0, 4), b"next")
        assert carry(0x8D, *arguments) == b""
        assert carry(0xAD, place(3, 0, 4)) == b"next"
    assert card.files[3].content[:8] == b"nextllo\0"


def test_what_anybody_may_read_goes_plain_to_whoever_has_no_key_for_it(host: CardHost) -> None:
    host.authenticate(0, ZERO_KEY)
    host.sealed(0x5F, b"\x02", b"\x01\x10\xe0")  # MAC mode; key 1 may all, anybody reads, key 0 writes
    host.authenticate(1, ZERO_KEY)
    assert host.signed(0xAD, place(2, 0, 4)) == bytes(4)
    host.authenticate(0, ZERO_KEY)
    assert host.plain(0xAD, place(2, 0, 4)) == bytes(4)
    assert host.signed(0x8D, place(2, 0, 4), b"text") == b""


def test_files_end_where_they_end(host: CardHost) -> None:
    host.authenticate(2, ZERO_KEY)
    for offset, size in ((128, 1), (0, 129), (127, 2)):
        assert status(host.sealed, 0xAD, place(3, offset, size)) == 0x91BE
        host.authenticate(2, ZERO_KEY)
    assert len(host.sealed(0xAD, place(3, 28, 0))) == 100
    assert status(host.sealed, 0xAD, place(4, 0, 1)) == 0x91F0


def test_who_may_not_change_a_file_does_not(host: CardHost) -> None:
    host.authenticate(1, ZERO_KEY)
    assert status(host.sealed, 0x5F, b"\x03", b"\x00\x00\x00") == 0x91AE
    host.authenticate(0, ZERO_KEY)
    assert status(host.sealed, 0x5F, b"\x03", b"\x00\x00\x50") == 0x919E  # there is no key 5
    host.authenticate(0, ZERO_KEY)
    host.sealed(0x5F, b"\x03", b"\x00\xff\xff")
    assert status(host.plain, 0xAD, place(3, 0, 1)) == 0x919D
    host.authenticate(0, ZERO_KEY)
    assert status(host.sealed, 0x5F, b"\x03", b"\x00\x00\x00") == 0x919D  # never again


def test_files_are_read_and_written_by_iso_commands_where_that_is_free(host: CardHost) -> None:
    host.apdu(0, 0xA4, 0, 0x0C, 2, b"\xe1\x04")
    host.apdu(0, 0xD6, 0, 3, 4, b"text")
    assert host.apdu(0, 0xB0, 0, 0, 8) == b"\0\0\0text\0"
    host.apdu(0, 0xA4, 0, 0x0C, 2, b"\xe1\x05")
    assert status(host.apdu, 0, 0xB0, 0, 0, 8) == 0x6982
    assert status(host.apdu, 0, 0xA4, 4, 0, 7, bytes(7)) == 0x6A82


@pytest.mark.parametrize("harm", ["mac", "counter", "identifier", "repeat"])
def test_a_command_that_was_tampered_with_ends_the_session(host: CardHost, harm: str) -> None:
    host.authenticate(0, ZERO_KEY)
    said = []
    carry = host._exchange
    host._exchange = lambda apdu: carry(said.append(apdu) or apdu)
    host.key_version(0)
    if harm == "repeat":
        assert carry(said[0]) == b"\x91\x1e"
    elif harm == "mac":
        assert carry(said[0][:-2] + b"\0\0") == b"\x91\x1e"
    else:
        host.counter += harm == "counter"
        host.ti = bytes(4) if harm == "identifier" else host.ti
        assert status(host.key_version, 0) == 0x911E
    assert status(host.uid) == 0x91AE


def test_another_command_in_the_middle_ends_an_authentication(host: CardHost) -> None:
    host.authenticate(0, ZERO_KEY)
    host.native(0x71, b"\x00\x00")
    assert status(host.native, 0x64, b"\x00") == 0x91CA
    assert status(host.native, 0xAF, bytes(32)) == 0x911C
    assert status(host.uid) == 0x91AE


def test_a_session_does_not_outlive_the_field(card: Ntag424, host: CardHost) -> None:
    host.authenticate(0, ZERO_KEY)
    card.power(False)
    card.power(True)
    assert status(host.uid) == 0x91AE


@pytest.mark.parametrize(
    ("apdu", "said"),
    [
        ("", "6e00"),
        ("80ca0000", "6e00"),
        ("0084000008", "6d00"),
        ("9099000000", "911c"),
        ("90710000020000", "91af"),
        ("9071000001", "917e"),
        ("907100000000", "917e"),
        ("90af000000", "911c"),
        ("900a0000010000", "911c"),
        ("90aa0000010000", "911c"),
        ("907100000300010000", "91af"),
    ],
)
def test_what_is_no_command_is_refused(host: CardHost, apdu: str, said: str) -> None:
    assert said in host._exchange(bytes.fromhex(apdu)).hex()


def test_random_sessions_agree() -> None:
    """Keys, lengths, modes and orders at random: card and host have no code in common."""
    dice = random.Random(20260424)
    for number in range(SESSIONS):
        card = Ntag424(str(number), b"\x04" + dice.randbytes(6), dice.randbytes)
        card.power(True)
        host = CardHost(card.exchange, dice.randbytes)
        host.select()
        keys = [ZERO_KEY] * 5
        host.authenticate(0, ZERO_KEY)
        for changed in dice.sample(range(1, 5), dice.randint(0, 4)):
            keys[changed] = dice.randbytes(16)
            host.change_key(changed, keys[changed], ZERO_KEY, version=dice.randrange(256))
        if dice.random() < 0.3:
            keys[0] = dice.randbytes(16)
            host.change_key(0, keys[0], ZERO_KEY)
        host.authenticate(3, keys[3])
        model = bytearray(128)
        for _ in range(dice.randint(1, 6)):
            size = dice.randint(1, 60)
            offset = dice.randint(0, 128 - size)
            if dice.random() < 0.5:
                model[offset : offset + size] = data = dice.randbytes(size)
                host.sealed(0x8D, place(3, offset, size), data)
            else:
                assert host.sealed(0xAD, place(3, offset, size)) == model[offset : offset + size]
            if dice.random() < 0.3:
                assert host.plain(0xAD, place(2, 0, size)) == bytes(size)
            if dice.random() < 0.3:
                host.authenticate(3, keys[3], first=False)
        assert host.uid() == card.uid
