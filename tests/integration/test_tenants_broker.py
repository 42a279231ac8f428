"""The door in a tenant's Home Assistant: on their own Mosquitto without TLS, which is believed nothing."""

import asyncio
import contextlib
import json
import os
import re
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import pytest
import pytest_asyncio

from menshen import ending
from menshen.simulator.network import Network
from menshen.simulator.provision import DEMO_PIN
from menshen.simulator.world import now_us
from tests.chip_heap import OURS, PORT, heap_for
from tests.integration.conftest import Mosquitto, running
from tests.integration.helpers.home_assistant import CodeRefusedError, HomeAssistant, home_assistant
from tests.simulated_lock import Event, Lock

_CODE = "Menshen home code of demo: "
_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}}
_PINGS = bool(os.environ.get("MENSHEN_NIGHTLY"))
_ON_BYTES = 8 * 1024
_LOOKS, _LOOK_S = 10, 0.25
_STOPPED_US = 1_000_000  # a step of the event loop that takes so long has waited for a server
_SLOT_US = 5_000_000  # of the half minute between pings


class House:
    """A lock, and the way from it to the tenant's broker; `packets` are all that went there and came."""

    lock: Lock

    def __init__(self, broker: tuple[str, int]) -> None:
        self.packets: list[Event] = []
        self.way = Network(broker, self._on_packet)
        self._news = asyncio.Event()

    def _on_packet(self, event: Event) -> None:
        self.packets.append({**event, "us": now_us()})
        self._news.set()

    @property
    def said(self) -> list[Event]:
        """What the lock has sent to the tenant's broker."""
        return [e for e in self.packets if e["direction"] == "out"]

    @property
    def told_the_operator(self) -> list[Event]:
        return [e for e in self.lock.events if e["type"] == "mqtt" and e["direction"] == "out"]

    async def switch(self, order: str = "6") -> str:
        """Turn it on at the keypad, and hold a phone there: the code. Or off."""
        lock = self.lock
        await lock.keys(DEMO_PIN + "#")
        await lock.wait_light("granted")
        await lock.wait_locked()
        await lock.keys(f"{DEMO_PIN}*{order}#")
        await lock.wait_light("kept" if order == "60" else "enrolling")
        if order == "60":
            return ""
        async with lock.tap("phone"):
            read = (await lock.wait_event(lambda e: e["type"] == "phone"))["read"]
        await lock.wait_event(
            lambda e: e["type"] == "led" and e["name"] == "idle" and e["us"] > lock.since_us
        )
        assert read.startswith(_CODE)
        return read.removeprefix(_CODE)

    def grants(self) -> int:
        return sum(e["type"] == "pin" and e["name"] == "relay" and e["level"] == 1 for e in self.lock.events)

    async def live_memory(self) -> int:
        """Bytes of the heap that are in use, without what the simulated chip takes.

        The least of some looks: the code that judges a command is loaded for a second.
        """
        boot = [e for e in self.lock.events if e["type"] == "boot"][-1]
        looks = []
        for _ in range(_LOOKS):
            looks.append((await self.lock.world.board.live_memory())["alloc"] - boot["heap"])
            await asyncio.sleep(_LOOK_S)  # how often to look; nothing is awaited by it
        return min(looks)

    async def opened_by(self, home: HomeAssistant, code: str) -> None:
        self.lock.since_us = now_us()
        await home.unlock(code)
        await self.lock.wait_unlocked()
        await self.lock.wait_locked()

    async def heard(self, home: HomeAssistant) -> None:
        """Wait until the lock has judged all that was sent: what comes last is refused."""
        self.lock.since_us = now_us()
        await home.send("the end")
        await self.lock.wait_event(
            lambda e: e["type"] == "console" and e["line"].endswith("home: refused: malformed")
        )

    async def until(self, wanted: Callable[[list[Event]], bool], timeout_s: float) -> None:
        """Wait for what the lock says to the tenant's broker."""
        async with asyncio.timeout(timeout_s):
            while not wanted(self.said):
                self._news.clear()
                await self._news.wait()


def _credentials(lock: Lock) -> list:
    return lock.world.provision.demo_credentials(lock.world.cards)


@contextlib.asynccontextmanager
async def a_house(make_lock: Callable, address: tuple[str, int], **options: object) -> AsyncIterator[House]:
    """A lock, online, whose settings know the tenant's broker at this address."""
    house = House(address)
    await house.way.start()
    try:
        home = {"host": "127.0.0.1", "port": house.way.broker_port}
        lock = house.lock = await make_lock(settings={**_SETTINGS, "home": home}, sntp=True, **options)
        await lock.wait_armed()
        assert (await lock.wait_online())["json"]["clock"] == "network"
        yield house
    finally:
        await house.way.stop()


@pytest_asyncio.fixture
async def house(make_lock: Callable, mosquitto: Mosquitto) -> AsyncIterator[House]:
    """The demo lock, and a tenant's Mosquitto beside the operator's broker."""
    async with a_house(make_lock, mosquitto.address) as house:
        yield house


@pytest_asyncio.fixture
async def small_house(
    make_lock: Callable, mosquitto: Mosquitto, monkeypatch: pytest.MonkeyPatch, tmp_path: Path, app_dir: Path
) -> AsyncIterator[House]:
    """The same in the heap of a chip without PSRAM."""
    monkeypatch.setattr("tests.simulated_lock.micropython", lambda: PORT)
    heapsize = await heap_for(OURS, tmp_path / "nothing", app_dir.parent / "fakes")
    async with a_house(make_lock, mosquitto.address, heapsize=heapsize, probe=False) as house:
        yield house


@pytest_asyncio.fixture
async def home(mosquitto: Mosquitto) -> AsyncIterator[HomeAssistant]:
    """The tenant's Home Assistant."""
    async with home_assistant(mosquitto.address) as home:
        yield home


async def test_a_tenant_opens_the_door_and_nobody_else_does(small_house: House, home: HomeAssistant) -> None:
    house = small_house
    assert home.heard == [], "it is off, and nobody was spoken with"
    off = await house.live_memory()
    code = await house.switch()
    await house.opened_by(home, code)
    await house.opened_by(home, code.upper().replace(" ", ""))
    [first, _] = home.sent
    # the broker replays, keeps and invents
    await home.send(first)
    await home.send(first, retain=True)
    await home.send(json.dumps({**json.loads(first), "time": json.loads(first)["time"] + 60_000}))
    await home.send("UNLOCK")
    await home.unlock("abcd efgh ijkm npqr stuv")
    await home.unlock(code, "LOCK")
    with pytest.raises(CodeRefusedError):
        await home.unlock("1234")
    await house.heard(home)
    assert house.grants() == 3, "the PIN, and twice from afar"
    # over a power cut the code is good, and what lay at the broker is not
    await house.lock.power(False)
    await house.lock.power(True)
    await house.lock.wait_armed()
    assert (await house.lock.wait_online())["json"]["clock"] == "network"
    await house.lock.wait_event(lambda e: e["type"] == "console" and "home: refused: retained" in e["line"])
    assert house.grants() == 3
    on = await house.live_memory()
    await house.opened_by(home, code)
    # nothing of all that was told to anybody
    operator = [e["topic"].rpartition("/")[2] for e in house.lock.events if e["type"] == "operator"]
    assert set(operator) == {"state"}
    root = "menshen/v1/demo/"
    said = {topic for topic, _, _ in home.heard} - {root + "door"}
    assert said == {root + "home", "homeassistant/lock/demo/door/config"}
    assert not [line for line in await house.lock.console() if code.replace(" ", "") in line or code in line]
    print(f"on it takes {on - off} bytes of {_ON_BYTES}, of a heap in which {off} are live while it is off")
    assert on - off <= _ON_BYTES
    lines = await house.lock.console()
    assert not [line for line in lines if "MemoryError" in line or "Traceback" in line or "or NVS" in line]
    assert not [e for e in house.packets if code in e["payload"] or code.replace(" ", "") in e["payload"]]


async def test_off_again_the_entity_is_gone_and_its_code_is_good_for_nothing(
    house: House, home: HomeAssistant
) -> None:
    code = await house.switch()
    entity = await home.entity()
    await house.switch("60")
    await home.no_entity()
    await house.until(lambda said: said[-1]["packet"] == "DISCONNECT", 20)
    assert [p["payload"] for p in house.said if p["topic"] == entity["avty_t"]] == ["online", ""]
    other = await house.switch()
    assert other != code
    await home.unlock(code)
    await house.heard(home)
    grants = house.grants()
    await house.opened_by(home, other)
    assert house.grants() == grants + 1
    # whoever moves out takes it along
    await house.lock.keys(DEMO_PIN + "*9#" + DEMO_PIN + "#")
    await house.lock.wait_light("kept")
    await home.no_entity()


async def test_beside_a_broker_that_is_dead_or_silent_the_door_opens_as_ever(
    house: House, home: HomeAssistant
) -> None:
    lock = house.lock
    code = await house.switch()
    await home.entity()
    await lock.world.board.longest_stop_us()
    for version, mode in ((2, "silent"), (3, "dead")):
        await house.way.set_broker(mode)
        await lock.keys(DEMO_PIN + "#")
        await lock.wait_unlocked()
        await lock.wait_locked()
        await lock.publish_list(version, _credentials(lock))
        assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"
    await lock.wait_event(lambda e: e["type"] == "console" and "home: offline" in e["line"])
    assert await lock.world.board.longest_stop_us() < _STOPPED_US
    await house.way.set_broker("ok")
    await house.until(lambda said: sum(p["packet"] == "SUBSCRIBE" for p in said) == 2, 60)
    await home.entity()
    await house.opened_by(home, code)


async def test_without_home_in_the_settings_the_key_is_refused(make_lock: Callable) -> None:
    lock = await make_lock(settings=_SETTINGS)
    await lock.wait_armed()
    for order in ("6", "60"):
        await lock.keys(f"{DEMO_PIN}*{order}#")
        await lock.wait_light("weak")


def _told(packets: list[Event]) -> list[Event]:
    """All of them; by day but pings, of which the first comes where this computer took half a minute."""
    return [p for p in packets if _PINGS or p["packet"] != "PINGREQ"]


def _is_puback(packet: Event) -> bool:
    """It may come before or behind a packet of the lock's own; the order of all else counts."""
    return packet["packet"] == "PUBACK"


def _shape(packet: Event) -> tuple:
    """All of a packet but its time: a report's is in it, too; and but the challenge, drawn for each state."""
    payload = packet["payload"]
    if packet["topic"].startswith("menshen/") and payload.startswith("{"):
        said = {**json.loads(payload), "time": None}
        assert re.fullmatch("[0-9a-f]{16}", said.pop("challenge", "0" * 16)), payload
        payload = json.dumps(said, sort_keys=True)
    return packet["packet"], packet["topic"], payload, packet["retain"], packet["size"]


async def _live(house: House, home: HomeAssistant, code: str) -> None:
    """A tenant comes from afar, by PIN and by card, and mistypes a PIN."""
    lock = house.lock
    for _ in range(2):
        await house.opened_by(home, code)
        await lock.keys("1357#")
        await lock.wait_light("denied")
        await lock.keys(DEMO_PIN + "#")
        await lock.wait_unlocked()
        await lock.wait_locked()
        await lock.tap_to_relay("tenant")
        await lock.open_leaf()
        await lock.close_leaf()
        await lock.wait_locked()


async def test_neither_broker_can_tell_who_comes_and_goes(make_lock: Callable, tmp_path: Path) -> None:
    """Two locks with the same key: the one lived in, from afar and at the door, says what the empty one says.

    To the operator and to the tenant's broker, up to a list that the operator sends; nightly up to pings.
    """
    async with contextlib.AsyncExitStack() as ends:
        both: list[House] = []
        homes: list[HomeAssistant] = []
        for name in ("lively", "empty"):
            folder = tmp_path / name
            folder.mkdir()
            (folder / "lock.key").write_bytes(bytes(range(32)))
            broker = await ends.enter_async_context(running(folder))
            homes.append(await ends.enter_async_context(home_assistant(broker.address)))
            house = a_house(make_lock, broker.address, workdir=folder)
            both.append(await ends.enter_async_context(house))
        lively, empty = both
        code, _ = await ending.together(lively.switch(), empty.switch())
        await homes[0].entity()
        await _live(lively, homes[0], code)
        for house in both if _PINGS else ():
            await house.until(lambda said: any(p["packet"] == "PINGREQ" for p in said), 60)
            house.lock.since_us = 0
            await house.lock.wait_event(lambda e: e["type"] == "mqtt" and e["packet"] == "PINGREQ", 60)
        for house in both:
            await house.lock.publish_list(2, _credentials(house.lock))
            await house.lock.wait_message("ack")
            await house.lock.wait_event(
                lambda e: e["type"] == "mqtt" and e["packet"] == "PUBACK" and e["direction"] == "out"
            )
        for what in (lambda house: house.said, lambda house: house.told_the_operator):
            left, right = (sorted(_told(what(house)), key=_is_puback) for house in both)
            assert [_shape(p) for p in left] == [_shape(p) for p in right]
            times = [[p["us"] - part[0]["us"] for p in part] for part in (left, right)]
            assert all(abs(a - b) < _SLOT_US for a, b in zip(*times, strict=True)), times
        wanted = ["CONNECT", "SUBSCRIBE", "PUBLISH", "PUBLISH", *(["PINGREQ"] if _PINGS else [])]
        assert [p["packet"] for p in _told(lively.said)] == wanted
        assert (lively.grants(), empty.grants()) == (7, 1)
