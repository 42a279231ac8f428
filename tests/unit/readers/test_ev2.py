"""The manufacturer's vectors, in the Unix port and over the serial line, each in every chunking there is.

A frame of the chip comes whole, or a byte at a time; a card's answer in one InDataExchange, or chained, a
byte in each. Whole blocks of CBC are computed at once, or one by one.
"""

import json

from virtual_time import clock  # isort: skip (it comes before whatever imports time)
from scripted_pn532 import EXCHANGE, PATIENT, TENANT, Chip, drive

from readers import ev2
from readers.ev2 import CardRefusal, Session, cmac, decrypted, encrypted
from storage.hmac import hmac_sha256

_CHAINED = 0x40  # in the status: more follows
# RFC 4493, section 4
_KEY = bytes.fromhex("2b7e151628aed2a6abf7158809cf4f3c")
_MESSAGE = bytes.fromhex(
    "6bc1bee22e409f96e93d7e117393172aae2d8a571e03ac9c9eb76fac45af8e51"
    "30c81c46a35ce411e5fbc1191a0a52eff69f2445df4f9b17ad2b417be66c3710"
)
_CMACS = {
    0: "bb1d6929e95937287fa37d129b756746",
    16: "070a16b46b4d4144f79bdd9dd04a287c",
    40: "dfa66747de9ae63030ca32611497c827",
    64: "51f0bebf7e3b9d92fc49741779363cfe",
}


def _read():
    def of(value):
        try:
            return bytes.fromhex(value) if isinstance(value, str) else value
        except ValueError:
            return value

    with open("../../vectors/ntag424.json") as file:
        return {
            name: {key: of(value) for key, value in example.items()}
            for name, example in json.load(file).items()
            if name != "source"
        }


VECTORS = _read()


class _Card:
    """Gives these answers, and keeps what it was asked; with `chained`, a byte in each exchange."""

    def __init__(self, answers, chained):
        self.asked, self._answers, self._chained, self._left = [], list(answers), chained, b""

    def __call__(self, apdu):
        if apdu:
            self.asked.append(apdu)
            self._left = self._answers.pop(0)
            if not self._chained:
                return b"\0" + self._left
        part, self._left = self._left[:1], self._left[1:]
        return bytes((_CHAINED if self._left else 0,)) + part


def spoken(talk, answers):
    """Run talk(session) with a card of these answers in all four chunkings; each time, what it was asked."""
    read = Chip.readinto
    heard = []
    for size in (512, 1):
        for chained in (False, True):
            card = _Card(answers, chained)

            async def story(chip, driver, card=card):
                chip.says = card
                await driver.start()
                chip.put(TENANT)
                assert await driver.wait_target() == TENANT
                await talk(Session(driver))

            clock.begin()
            Chip.readinto = lambda chip, buffer, size=size: read(chip, memoryview(buffer)[:size])
            try:
                chip = drive(story, PATIENT)
            finally:
                Chip.readinto = read
            whole = len(answers)
            assert chip.commands.count(EXCHANGE) == (sum(map(len, answers)) if chained else whole)
            heard.append(card.asked)
    return heard


def _set(session, example):
    session._encryption, session._mac = example.get("session_key_enc", b""), example["session_key_mac"]
    session._identifier = example["ti"]
    session._counter = int.from_bytes(example["cmd_ctr"], "little")


def test_authentication_is_the_manufacturer_s_in_all_chunkings():
    example = VECTORS["authenticate_ev2_first"]
    keys = []

    async def talk(session):
        await session.authenticate(example["key_no"], example["key"])
        session.seal(0x51, b"", b"")
        keys.append((session._encryption, session._mac))
        assert session._identifier == example["ti"]

    random, ev2.urandom = ev2.urandom, lambda size: example["rnd_a"]
    try:
        heard = spoken(talk, [example["part1_rapdu"], example["part2_rapdu"]])
    finally:
        ev2.urandom = random
    assert heard == [[example["part1_capdu"], example["part2_capdu"]]] * 4
    assert keys == [(example["session_key_enc"], example["session_key_mac"])] * 4


def test_a_signed_command_and_its_answer_are_the_manufacturer_s_in_all_chunkings():
    example = VECTORS["comm_mode_mac"]

    async def talk(session):
        _set(session, example)
        answer = await session.native(
            example["cmd"][0], session.seal(example["cmd"][0], example["cmd_header"], b"")
        )
        session._counter += 1
        assert session._signature(b"\0", answer[:-8]) == answer[-8:] == example["response_mac_t"]

    assert spoken(talk, [example["rapdu"]]) == [[example["capdu"]]] * 4


def test_a_changed_key_is_the_manufacturer_s_in_all_chunkings():
    example = VECTORS["change_key_other_than_authenticated"]
    new = example["new_key"] + example["new_key_version"] + example["crc32_new_key"]

    async def talk(session):
        _set(session, example)
        assert session._iv(b"\xa5\x5a") == example["iv_encrypted"]
        assert await session.sealed(0xC4, bytes((example["key_no"],)), new) == b""

    assert spoken(talk, [example["rapdu"]]) == [[example["capdu"]]] * 4


def test_an_answer_of_which_one_bit_is_wrong_is_refused_in_all_chunkings():
    example = VECTORS["change_key_other_than_authenticated"]
    refused = []

    async def talk(session):
        _set(session, example)
        try:
            await session.sealed(0xC4, b"\2", example["new_key"])
        except CardRefusal:
            refused.append(1)

    wrong = bytes((example["rapdu"][0] ^ 1,)) + example["rapdu"][1:]
    spoken(talk, [wrong])
    assert len(refused) == 4


def test_keys_are_diversified_as_the_manufacturer_has_it():
    example = VECTORS["key_diversification_aes128"]
    data = example["diversification_input"]
    assert cmac(example["master_key"], b"\1" + data) == example["diversified_key"]


def test_a_unique_message_is_the_manufacturer_s():
    example = VECTORS["secure_unique_nfc_message"]
    told = decrypted(example["meta_read_key"], example["picc_data_encrypted"])
    assert told[1:11] == example["uid"] + example["read_counter"]
    derived = b"\x3c\xc3\x00\x01\x00\x80" + example["uid"] + example["read_counter"]
    assert cmac(example["file_read_key"], derived) == example["session_key_mac"]
    whole = cmac(example["session_key_mac"], b"")
    assert bytes([whole[place] for place in range(1, 16, 2)]) == example["sdm_mac"]


def test_the_rfc_s_cmacs_are_right():
    for size, mac in _CMACS.items():
        assert cmac(_KEY, _MESSAGE[:size]) == bytes.fromhex(mac), size


def test_blocks_that_are_chained_one_by_one_are_as_all_at_once():
    first, message = VECTORS["authenticate_ev2_first"], VECTORS["secure_unique_nfc_message"]
    for key, text in (
        (first["key"], first["part2_capdu"][5:37]),
        (first["key"], first["part2_rapdu"][:32]),
        (message["meta_read_key"], message["picc_data_encrypted"]),
    ):
        plain, iv, parts = decrypted(key, text), bytes(16), []
        for at in range(0, len(text), 16):
            parts.append(decrypted(key, text[at : at + 16], iv))
            assert encrypted(key, parts[-1], iv) == text[at : at + 16]
            iv = text[at : at + 16]
        assert b"".join(parts) == plain
        assert encrypted(key, plain) == text


def test_an_hmac_of_single_bytes_is_that_of_the_whole():
    """RFC 4231, case 2; the keys of the lock's own cards are such."""
    data = b"what do ya want for nothing?"
    whole = bytes.fromhex("5bdcc146bf60754e6a042426089575c75a003f089d2739839dec58b964ec3843")
    assert hmac_sha256(b"Jefe", data) == whole
    assert hmac_sha256(b"Jefe", *[data[at : at + 1] for at in range(len(data))]) == whole
