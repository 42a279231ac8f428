"""The world around the lock is as the data sheets have it: reader, radio, wire, provisioning, interface.

No firmware runs here. The reader is tried on a clock that jumps: an hour of silence takes no time.
"""

import asyncio
import base64
import hashlib
import hmac
import json
import selectors
import stat
import struct
from collections.abc import AsyncIterator, Callable, Coroutine
from pathlib import Path

import pytest

from tools.simulator import frames
from tools.simulator.broker import Broker, Operator
from tools.simulator.cards import demo_cards
from tools.simulator.network import Network, answer_dns
from tools.simulator.pn532 import BYTE_S, Pn532
from tools.simulator.provision import CARD, LIST_PATH, PIN, STAFF, TENANT, Credential, Provision, lock_key
from tools.simulator.sniffer import Sniffer

ACK = "0000ff00ff00"
WAKE = b"\x55" + bytes(15)  # 0x55 and the pause that the oscillator needs
SAM = "0000ff03fdd414011700"  # SAMConfiguration, normal mode: UM0701-02, 7.2.10
FIND = "0000ff04fcd44a0100e100"  # InListPassiveTarget, one card, 106 kbit/s type A: 7.3.5
VERSION = "0000ff02fed4022a00"  # GetFirmwareVersion: 7.2.2
VERSION_ANSWER = "0000ff06fad50332010607e800"
FOUND = "0000ff15ebd54b010103442007" + "04a1b2c3d4e5f6" + "067777710280" + "c000"
HOUR_S = 3600


class JumpingClock(selectors.SelectSelector):
    """Never waits: the time jumps to where the next timer is due."""

    now = 0.0

    def select(self, timeout: float | None = None) -> list:
        if timeout is None:
            raise RuntimeError("the test waits for what will never happen")
        self.now += max(0, timeout)
        return super().select(0)


class JumpingLoop(asyncio.SelectorEventLoop):
    def __init__(self) -> None:
        self._clock = JumpingClock()
        super().__init__(self._clock)

    def time(self) -> float:
        return self._clock.now


class Host:
    """The other end of the reader's line; `said` is what the reader sent, `irqs` the edges of its line."""

    def __init__(self) -> None:
        self.said, self.irqs, self.last_at = bytearray(), [], 0.0
        self.chip = Pn532(self._hear, self.irqs.append)
        self.chip.power(True)

    def _hear(self, data: bytes) -> None:
        self.said += data
        self.last_at = asyncio.get_running_loop().time()

    async def send(self, data: str | bytes, wait_s: float = 1.0) -> str:
        """Send, and give all that came back within `wait_s`."""
        self.said.clear()
        self.chip.feed(bytes.fromhex(data) if isinstance(data, str) else data)
        await asyncio.sleep(wait_s)
        return self.said.hex()

    async def begin(self) -> "Host":
        await asyncio.sleep(0.1)
        assert await self.send(WAKE + bytes.fromhex(SAM)) == ACK + "0000ff02fed5151600"
        return self


def on_jumping_clock(test: Callable[[], Coroutine]) -> Callable[[], None]:
    """Run an asynchronous test without ever waiting."""

    def run() -> None:
        with asyncio.Runner(loop_factory=JumpingLoop) as runner:
            runner.run(test())

    run.__name__, run.__doc__ = test.__name__, test.__doc__
    return run


# -- the reader


@on_jumping_clock
async def test_reader_is_deaf_until_it_is_woken_and_has_had_its_pause() -> None:
    host = Host()
    await asyncio.sleep(0.1)
    assert await host.send(VERSION) == ""
    assert await host.send(b"\x55" + bytes.fromhex(VERSION)) == ""
    assert await host.send(VERSION) == ACK + VERSION_ANSWER


@on_jumping_clock
async def test_reader_repeats_its_answer_after_a_nack() -> None:
    host = await Host().begin()
    assert await host.send(VERSION) == ACK + VERSION_ANSWER
    assert await host.send("0000ffff0000") == VERSION_ANSWER


@on_jumping_clock
async def test_reader_answers_the_error_frame_to_what_it_does_not_know() -> None:
    host = await Host().begin()
    for data in ("d499", "d414", "d44a0105", "d502"):
        assert await host.send(frames.build(bytes.fromhex(data))) == ACK + "0000ff01ff7f8100"


@on_jumping_clock
async def test_reader_says_nothing_to_a_frame_with_a_wrong_checksum() -> None:
    host = await Host().begin()
    for broken in ("0000ff02fdd4022a00", "0000ff02fed4022b00", "0000ffffff00ffffd40000"):
        assert await host.send(broken) == ""
    assert await host.send(VERSION) == ACK + VERSION_ANSWER


@on_jumping_clock
async def test_reader_takes_and_gives_extended_frames() -> None:
    host = await Host().begin()
    echo = frames.build(b"\xd4\x00\x00" + bytes(258))
    assert echo[3:8].hex() == "ffff0105fa"
    assert await host.send(echo) == ACK + frames.build(b"\xd5\x01\x00" + bytes(258)).hex()


@on_jumping_clock
async def test_card_is_told_byte_for_byte_after_the_time_that_radio_and_bus_take() -> None:
    host = await Host().begin()
    assert await host.send(FIND, HOUR_S) == ACK  # MxRtyPassiveActivation is 0xFF: it waits for ever
    card = demo_cards()["tenant"]
    entered = asyncio.get_running_loop().time()
    host.chip.present(card)
    await asyncio.sleep(1)
    assert host.said.hex() == ACK + FOUND
    assert host.last_at - entered == pytest.approx(card.activation_s() + len(FOUND) / 2 * BYTE_S)
    assert 0.004 < card.activation_s() < 0.010


@on_jumping_clock
async def test_card_that_is_gone_before_it_answered_is_not_found() -> None:
    host = await Host().begin()
    await host.send(FIND)
    host.chip.present(demo_cards()["tenant"])
    await asyncio.sleep(0.003)
    host.chip.present(None)
    assert await host.send(b"") == ""


@on_jumping_clock
async def test_reader_gives_up_after_the_tries_that_it_was_given() -> None:
    host = await Host().begin()
    await host.send(frames.build(bytes.fromhex("d4320500010a")))
    assert await host.send(FIND, 0.05) == ACK
    assert await host.send(b"", HOUR_S) == "0000ff03fdd54b00e000"


@on_jumping_clock
async def test_an_ack_of_the_host_ends_the_search() -> None:
    host = await Host().begin()
    await host.send(FIND)
    await host.send(ACK)
    host.chip.present(demo_cards()["tenant"])
    assert await host.send(b"", HOUR_S) == ""
    assert await host.send(VERSION) == ACK + VERSION_ANSWER


@on_jumping_clock
async def test_irq_is_low_while_an_answer_waits_if_the_host_asked_for_that() -> None:
    host = await Host().begin()
    host.irqs.clear()
    await host.send(VERSION)
    assert host.irqs == [0, 1, 0, 1]
    await host.send(frames.build(bytes.fromhex("d414010000")))
    host.irqs.clear()
    await host.send(VERSION)
    assert 0 not in host.irqs


@on_jumping_clock
async def test_only_the_reset_line_or_a_power_cut_mends_a_hung_reader() -> None:
    host = await Host().begin()
    for mend in (host.chip.reset_line, host.chip.power):
        host.chip.break_down("hung")
        assert await host.send(WAKE + bytes.fromhex(VERSION), HOUR_S) == ""
        assert host.chip.fault == "hung"
        mend(0)
        assert await host.send(WAKE + bytes.fromhex(VERSION)) == ""
        mend(1)
        assert host.chip.fault == "ok"
        await host.begin()


@on_jumping_clock
async def test_garbage_comes_unasked_and_ends_with_the_fault() -> None:
    host = await Host().begin()
    host.chip.break_down("garbage")
    assert len(await host.send(VERSION, 10)) > 2000
    host.chip.break_down("ok")
    await host.begin()
    assert await host.send(b"", HOUR_S) == ""


# -- the wire


def test_sniffer_reads_a_connect_with_its_will_in_pieces() -> None:
    packet = b"\x10\x27\x00\x04MQTT\x04\x26\x00\x3c" + b'\x00\x04demo\x00\x01t\x00\x12{"online":false}  '
    sniffer = Sniffer("out")
    events = [event for byte in packet for event in sniffer.feed(bytes((byte,)))]
    assert len(events) == 1
    assert (events[0]["packet"], events[0]["client"], events[0]["size"]) == ("CONNECT", "demo", len(packet))
    assert events[0]["will"] == {"topic": "t", "payload": '{"online":false}  ', "retain": True}


def test_sniffer_reads_publishes_one_after_the_other_and_survives_nonsense() -> None:
    long = b"\x31\x85\x01\x00\x03a/b" + b"x" * 128
    events = Sniffer("in").feed(long + b"\x32\x08\x00\x03a/b\x00\x07y" + b"\xc0\x00" + b"\x30\x01\x00")
    assert [(e["packet"], e["topic"], len(e["payload"]), e["retain"]) for e in events[:3]] == [
        ("PUBLISH", "a/b", 128, True), ("PUBLISH", "a/b", 1, False), ("PINGREQ", "", 0, False),
    ]  # fmt: skip
    assert events[3]["payload"] == "malformed"
    sniffer = Sniffer("in")
    assert sniffer.feed(b"\x30\xff\xff\xff\xff\xff") == []
    assert sniffer.feed(b"\xd0\x00")[0]["packet"] == "PINGRESP"


def dns_query(name: str, number: int = 7, kind: int = 1) -> bytes:
    labels = b"".join(bytes([len(part)]) + part.encode() for part in name.split("."))
    return struct.pack(">6H", number, 0x0100, 1, 0, 0, 0) + labels + b"\0" + struct.pack(">HH", kind, 1)


def test_resolver_knows_the_broker_and_nobody_else() -> None:
    query = dns_query("Broker.menshen.TEST")
    reply = answer_dns(query)
    assert reply[:12] == struct.pack(">6H", 7, 0x8180, 1, 1, 0, 0)
    assert reply[12:].startswith(query[12:])
    assert reply[-16:] == bytes.fromhex("c00c 0001 0001 0000003c 0004 7f000001")
    assert answer_dns(dns_query("broker.menshen.test", kind=28))[2:8] == bytes.fromhex("8180 0001 0000")
    assert answer_dns(dns_query("example.org"))[2:8] == bytes.fromhex("8183 0001 0000")


@pytest.fixture
async def wire() -> AsyncIterator[tuple[Network, list[dict]]]:
    """A network before a broker that sends everything back."""

    async def echo(reader: asyncio.StreamReader, writer: asyncio.StreamWriter) -> None:
        while data := await reader.read(100):
            writer.write(data)
        writer.close()

    broker = await asyncio.start_server(echo, "127.0.0.1", 0)
    told: list[dict] = []
    network = Network(broker.sockets[0].getsockname()[:2], told.append)
    await network.start()
    yield network, told
    await network.stop()
    broker.close()


async def test_silent_broker_and_pulled_cable_hold_back_what_a_mended_one_gives(wire: tuple) -> None:
    network, told = wire
    reader, writer = await asyncio.open_connection("127.0.0.1", network.broker_port)
    writer.write(b"\xc0\x00")
    assert await reader.readexactly(2) == b"\xc0\x00"
    assert [event["direction"] for event in told] == ["out", "in"]
    await network.set_broker("silent")
    writer.write(b"\xc0\x00")
    answer = asyncio.ensure_future(reader.readexactly(2))
    await _settle()
    assert not answer.done()
    assert [event["direction"] for event in told] == ["out", "in", "out"]
    network.plug(False)
    await network.set_broker("ok")
    await _settle()
    assert not answer.done()
    network.plug(True)
    assert await answer == b"\xc0\x00"
    writer.close()


async def test_dead_broker_closes_and_refuses_and_comes_back_at_its_port(wire: tuple) -> None:
    network, _ = wire
    reader, writer = await asyncio.open_connection("127.0.0.1", network.broker_port)
    await network.set_broker("dead")
    assert await reader.read() == b""
    writer.close()
    with pytest.raises(ConnectionRefusedError):
        await asyncio.open_connection("127.0.0.1", network.broker_port)
    await network.set_broker("ok")
    reader, writer = await asyncio.open_connection("127.0.0.1", network.broker_port)
    writer.write(b"\xc0\x00")
    assert await reader.readexactly(2) == b"\xc0\x00"
    writer.close()


async def test_silent_resolver_says_nothing(wire: tuple) -> None:
    network, _ = wire
    heard: asyncio.Queue[bytes] = asyncio.Queue()

    class Client(asyncio.DatagramProtocol):
        def datagram_received(self, data: bytes, addr: tuple) -> None:
            heard.put_nowait(data)

    udp, _ = await asyncio.get_running_loop().create_datagram_endpoint(
        Client, remote_addr=("127.0.0.1", network.dns_port)
    )
    network.set_dns("silent")
    udp.sendto(dns_query("broker.menshen.test", 1))
    await _settle()
    network.set_dns("ok")
    udp.sendto(b"\x00\x05")  # cut short
    udp.sendto(dns_query("broker.menshen.test", 2))
    assert (await heard.get())[:2] == b"\x00\x02"
    udp.close()


async def _settle() -> None:
    """Let everything run that can: the loopback delivers within the call that sends."""
    for _ in range(50):
        await asyncio.sleep(0)


async def test_broker_gives_retained_messages_to_whoever_subscribed_and_to_nobody_else() -> None:
    broker = Broker()
    await broker.start()
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    operator = Operator(broker.address, lambda *message: heard.put_nowait(message))
    await operator.start()
    await operator.publish("menshen/a", b"kept", retain=True)
    assert await heard.get() == ("menshen/a", b"kept")
    reader, writer = await asyncio.open_connection(*broker.address)
    writer.write(bytes.fromhex("100d 0004 4d515454 04 02 003c 0001 7a"))
    writer.write(bytes.fromhex("8206 0001 0001 62 00"))
    assert await reader.readexactly(9) == bytes.fromhex("20020000 9003000100")
    writer.write(bytes.fromhex("820e 0002 0009") + b"menshen/a\0")
    assert await reader.readexactly(5) == bytes.fromhex("9003000200")
    assert await reader.readexactly(17) == bytes.fromhex("310f 0009") + b"menshen/akept"
    writer.close()
    await operator.stop()
    await broker.stop()


# -- provisioning


KEY = bytes(range(32))


def mac(key: bytes, data: bytes) -> bytes:
    return hmac.new(key, data, hashlib.sha256).digest()


def test_list_file_is_laid_out_as_the_firmware_reads_it() -> None:
    provision = Provision(KEY)
    file = provision.list_file(3, provision.demo_credentials(demo_cards()))
    assert file[:16] == b"MNL1" + struct.pack("<III", 3, 3, 0)
    assert len(file) == 16 + 3 * 32 + 32
    assert file[-32:] == mac(mac(KEY, b"menshen store v1"), file[:-32])
    records = [file[at : at + 32] for at in (16, 48, 80)]
    assert records == sorted(records)
    pin = next(record for record in records if record[:16] == mac(KEY, b"\x01246810")[:16])
    assert pin[16:] == bytes((TENANT, PIN)) + b"\x01\x00" + bytes(12)
    cleaners = mac(KEY, b"\x02" + demo_cards()["cleaner"].uid)[:16]
    cleaner = next(record for record in records if record[:16] == cleaners)
    assert cleaner[16:18] == bytes((STAFF, CARD))


def test_record_holds_its_numbers_in_their_places() -> None:
    record = Credential(CARD, b"u", STAFF, 0x0201, 3, 4, 0x08070605, 0x0C0B0A09, 0x0E0D).record(KEY)
    assert record[16:] == bytes((STAFF, CARD)) + bytes(range(1, 15))


def test_list_message_is_a_jws_under_a_key_of_its_own() -> None:
    provision = Provision(KEY)
    credentials = provision.demo_credentials(demo_cards())
    header, payload, signature = (
        base64.urlsafe_b64decode(part + "==") for part in provision.list_message(4, credentials).split(".")
    )
    assert json.loads(header) == {"alg": "HS256", "kid": "demo"}
    assert json.loads(payload)["version"] == 4
    assert base64.urlsafe_b64decode(json.loads(payload)["records"] + "==") == provision.records(credentials)
    signed = provision.list_message(4, credentials).rpartition(".")[0]
    assert signature == mac(mac(KEY, b"menshen list v1"), signed.encode())


def test_lock_key_is_made_once_and_for_its_owner_alone(tmp_path: Path) -> None:
    key = lock_key(tmp_path / "new")
    assert len(key) == 32
    assert lock_key(tmp_path / "new") == key
    assert stat.S_IMODE((tmp_path / "new" / "lock.key").stat().st_mode) == 0o600
    (tmp_path / "lock.key").write_bytes(b"short")
    with pytest.raises(ValueError, match="32 bytes expected"):
        lock_key(tmp_path)


async def test_flash_holds_settings_and_list_and_the_next_run_brings_its_own_ports(
    make_lock: Callable,
) -> None:
    ports = []
    for _ in range(2):
        lock = await make_lock(power=False, settings={"door": {"held_open_s": 2}})
        config = json.loads(lock.world.board.read_file("/config.json"))
        assert (config["door"], config["relay"]["seconds"]) == ({"held_open_s": 2}, 5)
        assert config["key"] == lock.world.provision.key.hex()
        ports.append(config["broker"]["port"])
        assert lock.world.board.read_file(LIST_PATH).startswith(b"MNL1")
    assert ports[0] != ports[1]


# -- the interface


BAD_CALLS = [
    ("POST", "/api/keys", {"keys": "12a"}, "keys"),
    ("POST", "/api/keys", {"keys": ""}, "keys"),
    ("POST", "/api/keys", {"keys": "1" * 65}, "keys"),
    ("POST", "/api/keys", {"keys": 246810}, "keys"),
    ("POST", "/api/keys", {}, "keys"),
    ("POST", "/api/keys", {"keys": "1", "code": "1"}, "code"),
    ("POST", "/api/keys", b"{", "JSON"),
    ("POST", "/api/keys", b"[" * 100_000, "JSON"),
    ("POST", "/api/keys", b"\xff\xfe\xfa", "JSON"),
    ("POST", "/api/keys", ["1"], "object"),
    ("PUT", "/api/card", {"card": "nobody"}, "tenant, cleaner, stranger"),
    ("PUT", "/api/card", {"card": None}, "card"),
    ("DELETE", "/api/card", {"card": "tenant"}, "card"),
    ("POST", "/api/door", {"open": 1}, "true or false"),
    ("POST", "/api/door", {"open": True, "force": "yes"}, "force"),
    ("POST", "/api/exit", {"open": True}, "open"),
    ("POST", "/api/tamper", {"open": "no"}, "open"),
    ("POST", "/api/network", {"up": 0}, "up"),
    ("POST", "/api/power", {"on": None}, "on"),
    ("PUT", "/api/faults", {"broker": "slow"}, "ok, dead, silent"),
    ("PUT", "/api/faults", {"dns": "dead"}, "ok, silent"),
    ("PUT", "/api/faults", {"reader": ""}, "ok, hung, garbage, absent"),
    ("PUT", "/api/faults", {"cut_at": 0}, "cut_at"),
    ("PUT", "/api/faults", {"cut_at": True}, "cut_at"),
    ("PUT", "/api/faults", {"flash": "rotten"}, "flash"),
    ("POST", "/api/publish", {"topic": "menshen/#", "payload": ""}, "topic"),
    ("POST", "/api/publish", {"topic": "", "payload": ""}, "topic"),
    ("POST", "/api/publish", {"topic": "a", "payload": {}}, "payload"),
    ("GET", "/api/events?replay=all", None, "replay"),
]


async def test_every_bad_call_is_refused_with_the_name_of_what_is_wrong(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    before = await lock.state()
    for method, path, body, named in BAD_CALLS:
        status, answer = await lock.call(method, path, body)
        assert (status, list(answer)) == (400, ["error"]), (path, body, answer)
        assert named in answer["error"], (path, body, answer)
    assert await lock.state() == before
    assert (await lock.call("GET", "/api/nothing"))[0] == 404
    assert (await lock.call("GET", "/api/keys"))[0] == 405
    assert (await lock.call("POST", "/api/publish", b"x" * 600_000))[0] == 413


async def test_other_sites_are_turned_away(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    port = lock.url.rpartition(":")[2]
    for host in (f"localhost:{port}", "127.0.0.1", "LOCALHOST"):
        assert (await lock.call("GET", "/api/state", headers={"Host": host}))[0] == 200
    for host in (f"evil.test:{port}", "127.0.0.1.evil.test", f"192.168.1.2:{port}", "", "localhost:1:2"):
        status, answer = await lock.call("GET", "/api/state", headers={"Host": host})
        assert (status, list(answer)) == (403, ["error"])
    for origin, status in ((lock.url, 200), ("http://evil.test", 403), ("null", 403)):
        assert (await lock.call("DELETE", "/api/card", headers={"Origin": origin}))[0] == status


async def test_state_tells_what_people_do_and_nothing_is_cached(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    state = await lock.state()
    assert state["cards"] == ["tenant", "cleaner", "stranger"]
    assert (state["power"], state["network"], state["armed"], state["relay"]) == (False, True, False, 0)
    await lock.network(False)
    await lock.hold("cleaner")
    await lock.tamper(True)
    await lock.faults(broker="dead", dns="silent", reader="hung")
    state = await lock.state()
    assert (state["network"], state["card"], state["tamper"]) == (False, "cleaner", True)
    assert state["faults"] == {"broker": "dead", "dns": "silent", "reader": "hung"}
    await lock.take_away()
    assert (await lock.state())["card"] is None
    for path in ("/api/state", "/api/console", "/"):
        async with lock.session.get(lock.url + path) as response:
            assert response.headers["Cache-Control"] == "no-store"


async def test_locked_door_gives_way_to_force_alone_and_to_whoever_leaves(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    status, answer = await lock.call("POST", "/api/door", {"open": True})
    assert status == 409
    assert "the strike is locked" in answer["error"]
    await lock.open_leaf(force=True)
    assert (await lock.state())["door"] == {"leaf": "open", "strike": "locked"}
    await lock.close_leaf()
    await lock.press_exit()  # without power even: its contact is wired to the strike
    await lock.open_leaf()
    assert (await lock.state())["door"]["leaf"] == "open"


async def test_events_are_numbered_and_a_listener_goes_on_where_it_was(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    for up in (False, True):
        await lock.network(up)
    first = await _events(lock, 2)
    assert [(number, event["up"]) for number, event in first] == [(1, False), (2, True)]
    assert first[0][1]["us"] < first[1][1]["us"]
    assert await _events(lock, 1, headers={"Last-Event-ID": "1"}) == first[1:]
    assert await _events(lock, 1, query="?replay=1") == first[1:]
    async with lock.stream("?replay=0") as content:
        await content.readline()
        await lock.network(False)
        assert (await _read_events(content, 1))[0][0] == 3


async def test_publishing_reaches_whoever_listens_to_the_broker(make_lock: Callable) -> None:
    lock = await make_lock(power=False)
    await lock.publish("state", '{"online": true, "list": 7}')
    async with asyncio.timeout(20):
        while (await lock.state())["lock"] != {"online": True, "list": 7}:
            await _settle()


async def _events(lock, count: int, query: str = "", **options: object) -> list[tuple[int, dict]]:
    async with lock.stream(query, **options) as content:
        await content.readline()
        return await _read_events(content, count)


async def _read_events(content, count: int) -> list[tuple[int, dict]]:
    found = []
    while len(found) < count:
        line = (await content.readline()).decode()
        if line.startswith("id: "):
            number = int(line[4:])
        if line.startswith("data: "):
            found.append((number, json.loads(line[6:])))
    return found
