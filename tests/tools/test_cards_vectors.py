"""The card models give what the manufacturer's own examples give: AN12196 and AN10922, in ntag424.json."""

import json
from pathlib import Path

import pytest

from menshen import card_crypto as crypto
from menshen.simulator.cards.files import DataFile
from menshen.simulator.cards.messaging import Session
from menshen.simulator.cards.ntag424 import Ntag424

VECTORS = json.loads((Path(__file__).parents[1] / "vectors" / "ntag424.json").read_text())
SELECT = bytes.fromhex("00a4040c07d276000085010100")


def vector(name: str) -> dict:
    """One example, hex as bytes."""

    def read(value: object) -> object:
        try:
            return bytes.fromhex(value) if isinstance(value, str) else value
        except ValueError:
            return value

    return {key: read(value) for key, value in VECTORS[name].items()}


def card(*said: bytes) -> Ntag424:
    """A fresh card in its application, whose dice give these numbers one after the other."""
    numbers = list(said)
    made = Ntag424("one", bytes.fromhex("04de5f1eacc040"), lambda size: numbers.pop(0))
    made.power(True)
    assert made.exchange(SELECT) == b"\x90\x00"
    return made


def test_authentication_is_the_examples() -> None:
    example = vector("authenticate_ev2_first")
    one = card(example["rnd_b"], example["ti"])
    assert one.exchange(example["part1_capdu"]) == example["part1_rapdu"]
    assert one.exchange(example["part2_capdu"]) == example["part2_rapdu"]
    keys = crypto.session_keys(example["key"], example["rnd_a"], example["rnd_b"])
    assert keys == (example["session_key_enc"], example["session_key_mac"])


def test_a_session_signs_as_in_the_example() -> None:
    example = vector("comm_mode_mac")
    one = card()
    one.session = Session(0, (bytes(16), example["session_key_mac"]), example["ti"])
    settings = example["rapdu"][:-10]
    one.files[2] = DataFile(one.files[2].mode, settings[2:4], bytes(256), settings[7:])
    assert one.exchange(example["capdu"]) == example["rapdu"]


def test_a_key_is_changed_as_in_the_example() -> None:
    example = vector("change_key_other_than_authenticated")
    one = card()
    keys = (example["session_key_enc"], example["session_key_mac"])
    one.session = Session(0, keys, example["ti"], int.from_bytes(example["cmd_ctr"], "little"))
    assert one.exchange(example["capdu"]) == example["rapdu"]
    slot = one.keys[example["key_no"]]
    assert (slot.key, bytes((slot.version,))) == (example["new_key"], example["new_key_version"])
    assert crypto.crc32(example["new_key"]) == example["crc32_new_key"]


@pytest.mark.parametrize("byte", range(6, 46))
def test_a_key_is_not_changed_where_one_bit_of_the_command_is_wrong(byte: int) -> None:
    example = vector("change_key_other_than_authenticated")
    one = card()
    keys = (example["session_key_enc"], example["session_key_mac"])
    one.session = Session(0, keys, example["ti"], int.from_bytes(example["cmd_ctr"], "little"))
    wrong = bytearray(example["capdu"])
    wrong[byte] ^= 0x10
    assert one.exchange(bytes(wrong)) == b"\x91\x1e"
    assert (one.keys[example["key_no"]].key, one.session) == (bytes(16), None)


def test_keys_are_diversified_as_in_the_example() -> None:
    example = vector("key_diversification_aes128")
    made = crypto.diversified(example["master_key"], example["diversification_input"])
    assert made == example["diversified_key"]


@pytest.mark.parametrize("size", [*range(16, 32)])
def test_from_a_block_of_input_on_diversification_is_plain_cmac(size: int) -> None:
    master, data = bytes(range(16)), bytes(range(size))
    assert crypto.diversified(master, data) == crypto.cmac(master, b"\x01" + data)


@pytest.mark.parametrize("size", [0, 32])
def test_diversification_takes_no_other_input(size: int) -> None:
    with pytest.raises(ValueError, match="1 to 31"):
        crypto.diversified(bytes(16), bytes(size))


def test_a_unique_message_is_signed_as_in_the_example() -> None:
    """Secure dynamic messaging is not modelled, but its numbers are CMAC and CBC like all others."""
    example = vector("secure_unique_nfc_message")
    picc_data = crypto.decrypt(example["meta_read_key"], example["picc_data_encrypted"])
    assert picc_data[1:11] == example["uid"] + example["read_counter"]
    derivation = bytes.fromhex("3cc300010080") + example["uid"] + example["read_counter"]
    assert crypto.cmac(example["file_read_key"], derivation) == example["session_key_mac"]
    assert crypto.short_mac(example["session_key_mac"], b"") == example["sdm_mac"]
