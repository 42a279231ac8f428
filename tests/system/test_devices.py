"""The world around the lock is as the data sheets have it: reader, wire, provisioning, interface.

No firmware runs here, and the reader's tests (those with `reader`) run on a clock that jumps.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import stat
import struct
import time
from collections.abc import Callable
from pathlib import Path

import pytest

from menshen.simulator import frames
from menshen.simulator.cards.plain import demo_cards
from menshen.simulator.network import answer_dns
from menshen.simulator.pn532_line import BYTE_S
from menshen.simulator.provision import CARD, HEAD_PATH, LIST_PATH, PIN, STAFF, TENANT, Provision, lock_key
from menshen.simulator.sniffer import Sniffer

ACK = "0000ff00ff00"  # UM0701-02, 6.2.1.3
ERROR = "0000ff01ff7f8100"  # 6.2.1.5
WAKE = "55" + 15 * "00"  # 0x55, and the pause that the oscillator needs
SAM, SAM_ANSWER = "0000ff03fdd414011700", "0000ff02fed5151600"  # SAMConfiguration, normal mode: 7.2.10
FIND = "0000ff04fcd44a0100e100"  # InListPassiveTarget, one card, 106 kbit/s type A: 7.3.5
FOUND = "0000ff15ebd54b010103442007" + "04a1b2c3d4e5f6" + "067777710280" + "c000"
NOT_FOUND = "0000ff03fdd54b00e000"
VERSION, VERSION_ANSWER = "0000ff02fed4022a00", "0000ff06fad50332010607e800"  # 7.2.2
HOUR_S = 3600
KEY = bytes(range(32))


async def begin(reader) -> None:
    await asyncio.sleep(0.1)
    assert await reader.send(WAKE + SAM) == ACK + SAM_ANSWER


async def test_reader_is_deaf_until_it_is_woken_and_has_had_its_pause(reader) -> None:
    await asyncio.sleep(0.1)
    assert await reader.send("55" + VERSION) == ""
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER


async def test_five_rising_edges_wake_the_reader_whatever_they_spell(reader) -> None:
    for wakes in ("0000000000", "0101ff", VERSION):
        reader.chip.power(False)
        reader.chip.power(True)
        await asyncio.sleep(0.1)
        assert await reader.send("00000000") == ""
        assert await reader.send(wakes) == ""
        assert await reader.send(VERSION) == ACK + VERSION_ANSWER


async def test_reader_repeats_its_answer_after_a_nack(reader) -> None:
    await begin(reader)
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER
    assert await reader.send("0000ffff0000") == VERSION_ANSWER


async def test_reader_answers_the_error_frame_to_what_it_does_not_know(reader) -> None:
    await begin(reader)
    for data in ("d499", "d414", "d44a0105", "d502"):
        assert await reader.send(frames.build(bytes.fromhex(data))) == ACK + ERROR


async def test_reader_says_nothing_to_a_frame_with_a_wrong_checksum(reader) -> None:
    await begin(reader)
    for broken in ("0000ff02fdd4022a00", "0000ff02fed4022b00", "0000ffffff00ffffd40000"):
        assert await reader.send(broken) == ""
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER


async def test_reader_takes_and_gives_extended_frames(reader) -> None:
    await begin(reader)
    echo = frames.build(b"\xd4\x00\x00" + bytes(258))
    assert echo[3:8].hex() == "ffff0105fa"
    assert await reader.send(echo) == ACK + frames.build(b"\xd5\x01\x00" + bytes(258)).hex()


async def test_card_is_told_byte_for_byte_after_the_time_that_radio_and_bus_take(reader) -> None:
    await begin(reader)
    assert await reader.send(FIND, HOUR_S) == ACK  # MxRtyPassiveActivation is 0xFF: it waits for ever
    card = demo_cards()["tenant"]
    entered = asyncio.get_running_loop().time()
    reader.chip.present(card)
    assert await reader.send() == FOUND
    bus_s = len(bytes.fromhex(FOUND)) * BYTE_S
    assert reader.last_byte_at - entered == pytest.approx(card.activation_s() + bus_s)
    assert 0.004 < card.activation_s() < 0.010


async def test_card_that_is_gone_before_it_answered_is_not_found(reader) -> None:
    await begin(reader)
    await reader.send(FIND)
    reader.chip.present(demo_cards()["tenant"])
    await asyncio.sleep(0.003)
    reader.chip.present(None)
    assert await reader.send(wait_s=HOUR_S) == ""


async def test_reader_gives_up_after_the_tries_that_it_was_given(reader) -> None:
    await begin(reader)
    await reader.send(frames.build(bytes.fromhex("d4320500010a")))  # RFConfiguration, item 5: 7.3.1
    assert await reader.send(FIND, 0.05) == ACK
    assert await reader.send(wait_s=HOUR_S) == NOT_FOUND


async def test_an_ack_of_the_host_ends_the_search(reader) -> None:
    await begin(reader)
    await reader.send(FIND)
    await reader.send(ACK)
    reader.chip.present(demo_cards()["tenant"])
    assert await reader.send(wait_s=HOUR_S) == ""
    assert await reader.send(VERSION) == ACK + VERSION_ANSWER


async def test_irq_is_low_while_an_answer_waits_if_the_host_asked_for_that(reader) -> None:
    for asked, edges in (("d4140100", [0, 1, 0, 1]), ("d414010000", [1, 1])):
        reader.chip.reset_line(0)
        reader.chip.reset_line(1)
        await asyncio.sleep(0.1)
        await reader.send(bytes.fromhex(WAKE) + frames.build(bytes.fromhex(asked)))
        reader.irqs.clear()
        assert await reader.send(VERSION) == ACK + VERSION_ANSWER
        assert reader.irqs == edges


async def test_only_the_reset_line_or_a_power_cut_mends_a_hung_reader(reader) -> None:
    await begin(reader)
    for mend in (reader.chip.reset_line, reader.chip.power):
        reader.chip.break_down("hung")
        assert await reader.send(WAKE + VERSION, HOUR_S) == ""
        assert reader.chip.fault == "hung"
        mend(0)
        assert await reader.send(WAKE + VERSION) == ""
        mend(1)
        await begin(reader)
        assert reader.chip.fault == "ok"


async def test_garbage_comes_unasked_and_ends_with_the_fault(reader) -> None:
    await begin(reader)
    reader.chip.break_down("garbage")
    assert len(await reader.send(VERSION, 10)) > 2000
    reader.chip.break_down("ok")
    await begin(reader)
    assert await reader.send(wait_s=HOUR_S) == ""


def test_sniffer_reads_a_connect_with_its_will_in_pieces() -> None:
    packet = b"\x10\x27\x00\x04MQTT\x04\x26\x00\x3c" + b'\x00\x04demo\x00\x01t\x00\x12{"online":false}  '
    sniffer = Sniffer("out")
    (event,) = [event for byte in packet for event in sniffer.feed(bytes((byte,)))]
    assert (event["packet"], event["client"], event["size"]) == ("CONNECT", "demo", len(packet))
    assert event["will"] == {"topic": "t", "payload": '{"online":false}  ', "retain": True}


def test_sniffer_reads_packets_one_after_the_other_and_survives_nonsense() -> None:
    long = b"\x31\x85\x01\x00\x03a/b" + b"x" * 128
    events = Sniffer("in").feed(long + b"\x32\x08\x00\x03a/b\x00\x07y" + b"\xc0\x00" + b"\x30\x01\x00")
    assert [event["packet"] for event in events] == ["PUBLISH", "PUBLISH", "PINGREQ", "PUBLISH"]
    assert [event["retain"] for event in events[:2]] == [True, False]
    assert [event["payload"] for event in events] == ["x" * 128, "y", "", "malformed"]
    sniffer = Sniffer("in")
    assert sniffer.feed(b"\x30\xff\xff\xff\xff\xff") == []
    assert sniffer.feed(b"\xd0\x00")[0]["packet"] == "PINGRESP"


def test_resolver_knows_the_broker_and_nobody_else() -> None:
    def query(name: str, kind: int) -> bytes:
        labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
        return bytes.fromhex("0007 0100 0001 0000 0000 0000") + labels + struct.pack(">xHH", kind, 1)

    asked = query("Broker.menshen.TEST", 1)
    answer = bytes.fromhex("c00c 0001 0001 0000003c 0004 c0000201")
    assert answer_dns(asked) == bytes.fromhex("0007 8180 0001 0001 0000 0000") + asked[12:] + answer
    assert answer_dns(query("broker.menshen.test", 28))[2:8] == bytes.fromhex("8180 0001 0000")
    assert answer_dns(query("example.org", 1))[2:8] == bytes.fromhex("8183 0001 0000")


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def test_list_file_is_laid_out_as_the_firmware_reads_it() -> None:
    provision = Provision(KEY)
    files = provision.list_files(3, provision.demo_credentials(demo_cards()))
    head, file = files[HEAD_PATH], files[LIST_PATH]
    assert head[:16] == b"MNH2" + struct.pack("<III", 3, 3, len(file))
    assert head[16:48] == hashlib.sha256(file).digest()
    assert head[48:92] == bytes(44)
    assert head[92:] == mac(mac(KEY, b"menshen store v1"), head[:92])
    assert file[:16] == b"MNL2" + struct.pack("<III", 3, 0, 0)
    records = [file[at : at + 32] for at in (16, 48, 80)]
    assert records == sorted(records)
    pin, tenant, cleaner = (
        next(record[16:] for record in records if record[:16] == mac(KEY, value)[:16])
        for value in (b"\x01246810", b"\x02\x04\xa1\xb2\xc3\xd4\xe5\xf6", b"\x02\x04\x11\x22\x33\x44\x55\x66")
    )
    assert pin == bytes((TENANT, PIN, 1, 0)) + bytes(12)
    assert tenant == bytes((TENANT, CARD, 1, 0)) + bytes(12)
    assert cleaner == bytes((STAFF, CARD)) + bytes(14)


def test_list_message_is_a_jws_under_a_key_of_its_own() -> None:
    provision = Provision(KEY)
    credentials = provision.demo_credentials(demo_cards())
    message = provision.list_message(4, credentials)
    header, payload, signature = (base64.urlsafe_b64decode(part + "==") for part in message.split("."))
    snapshot = provision.snapshot(credentials)
    assert header == b'{"alg":"HS256","kid":"demo"}'
    assert abs(json.loads(payload).pop("time") - time.time()) < 60
    assert {**json.loads(payload), "time": 0} == {
        "lock": "demo",
        "time": 0,
        "version": 4,
        "base": 4,
        "delta": "",
        "sha256": hashlib.sha256(snapshot).hexdigest(),
        "size": len(snapshot),
    }
    assert signature == mac(mac(KEY, b"menshen list v1"), message.rpartition(".")[0].encode())


def test_lock_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = lock_key(tmp_path / "new")
    assert len(key) == 32
    assert lock_key(tmp_path / "new") == key
    assert stat.S_IMODE((tmp_path / "new" / "lock.key").stat().st_mode) == 0o600
    (tmp_path / "lock.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="32 bytes expected"):
        lock_key(tmp_path)


async def test_flash_holds_settings_and_list_and_the_next_run_brings_its_ports(make_lock: Callable) -> None:
    ports = []
    for _ in range(2):
        lock = await make_lock(power=False, settings={"door": {"held_open_s": 2}})
        config = json.loads(lock.world.board.read_file("/config.json"))
        assert (config["door"], config["relay"]["seconds"]) == ({"held_open_s": 2}, 5)
        assert config["key"] == lock.world.provision.key.hex()
        assert lock.world.board.read_file(LIST_PATH).startswith(b"MNL2")
        ports.append(config["broker"]["port"])
    assert ports[0] != ports[1]
