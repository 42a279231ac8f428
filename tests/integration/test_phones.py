"""A resident opens from afar by Mosquitto's listener for phones, as shipped; a flood there opens nothing."""

import json
import os
import random
import re
import time
from collections.abc import AsyncIterator
from pathlib import Path

import aiomqtt
import pytest_asyncio

from menshen import ending
from menshen.brokers import house
from menshen.brokers.locks import WRITES
from tests.conftest import TOP
from tests.integration.helpers.brokers import Mosquitto
from tests.integration.helpers.phones import guest_key, opening
from tests.integration.helpers.process import free_ports, started
from tests.integration.helpers.rights import ROOT, TOPICS, Listener, listener
from tests.simulated_lock import Lock

_SHIPPED = TOP / "tools/brokers/mosquitto"
_FLOOD = 100_000 if os.environ.get("MENSHEN_NIGHTLY") else 4000
_TAPS = 3
_MOST_TAPS = 20
_SLOWER = 1.1  # the door comes first: 10 % at most
_SETTINGS = {
    "broker": {"tls": True, "backoff_cap_s": 1},
    "relay": {"unlock_level": 1, "seconds": 1},
    "phone": {"remote": True},
}


class WithPhones(Mosquitto):
    """With the listener for phones behind the other; its certificate is of the same authority here."""

    def __init__(self, folder: Path) -> None:
        super().__init__(folder, ["demo"])
        (self.phones,) = free_ports(1)
        text = (_SHIPPED / "phones.conf").read_text()
        for old, new in {
            "listener 8884 0.0.0.0": f"listener {self.phones} {self.host}",
            "/etc/menshen/phones.crt.pem": str(self.folder / "broker.crt.pem"),
            "/etc/menshen/phones.key.pem": str(self.folder / "broker.key.pem"),
            "/etc/menshen/phones.passwd": str(self.folder / house.NAMES),
        }.items():
            assert old in text
            text = text.replace(old, new)
        with (self.folder / "mosquitto.conf").open("a") as file:
            file.write(text)

    def phone(self, identifier: str = "") -> aiomqtt.Client:
        """Somebody's browser."""
        return aiomqtt.Client(
            self.host,
            self.phones,
            transport="websockets",
            tls_context=self.tls(None),
            identifier=identifier,
            protocol=aiomqtt.ProtocolVersion.V311,
        )


@pytest_asyncio.fixture
async def broker(tmp_path: Path) -> AsyncIterator[WithPhones]:
    broker = await started(lambda: WithPhones(tmp_path))
    try:
        yield broker
    finally:
        await broker.stop()


@pytest_asyncio.fixture
async def lock(broker: WithPhones, make_lock) -> Lock:
    """Online over TLS, with the time from the network."""
    own = broker.lock("demo")
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": broker.authority.certificate_der,
    }
    address = (broker.host, broker.port)
    return await make_lock(tls_address=address, settings=_SETTINGS, files=files, sntp=True, power=False)


async def test_a_phone_writes_to_a_locks_residents_topic_and_does_nothing_else(broker: WithPhones) -> None:
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        async with broker.phone("a-phone") as phone:
            hears = Listener(phone)
            for topic in (*TOPICS, f"{ROOT}/demo/tenant", f"{ROOT}/demo/tenant/x", "tenant"):
                await phone.publish(topic, topic, qos=0)
            for wish in ("#", f"{ROOT}/#", f"{ROOT}/demo/tenant", f"{ROOT}/demo/state", "$SYS/#"):
                await phone.subscribe(wish)
            async with ending.running(hears.listen()):
                await operator.client.publish(f"{ROOT}/demo/state", "secret", qos=1)
                await phone.publish(f"{ROOT}/demo/tenant", "the end", qos=1)
                assert await operator.until_payload("the end")
    tenants = {topic for topic in TOPICS if topic.endswith("/tenant")} | {f"{ROOT}/demo/tenant"}
    assert {topic for topic, payload in operator.heard if payload not in ("secret", "the end")} == tenants
    assert hears.heard == []


async def _flood(phone: aiomqtt.Client, key: bytes, good: bytes) -> None:
    """Repeated, late, forged and far too long, as fast as the broker takes them."""
    random_ = random.Random(14)
    for n in range(_FLOOD):
        late = opening(key, int(time.time()) - 100 - n)
        bad = random_.choice((good, late, random_.randbytes(24), b"x" * 5000))
        await phone.publish(f"{ROOT}/demo/tenant", bad, qos=0)


async def _take_list(operator: Listener, lock: Lock, version: int) -> None:
    """The lock gets the demo's list once more, under this number, and says that it took it."""
    give = lock.world.provision
    for message in give.list_messages(version, give.demo_credentials(lock.world.cards)):
        await operator.client.publish(*message, qos=1, retain=True)
    wanted = {"list": version, "result": "accepted"}.items()

    def took(topic: str, said: str) -> bool:
        return topic.endswith("/ack") and wanted <= json.loads(said).items()

    assert await operator.until(lambda heard: any(took(*message) for message in heard))


async def _tapped(lock: Lock) -> int:
    """From card to relay, in us; the bolt is held again when this returns."""
    took = await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    return took


async def test_a_residents_message_opens_once_and_a_flood_opens_nothing_and_starves_nothing(
    broker: WithPhones, lock: Lock, make_lock, tmp_path: Path
) -> None:
    """The door is compared with another lock's, tapped in the same instants, which nobody writes to."""
    quiet = await make_lock(workdir=tmp_path / "quiet", settings={"relay": _SETTINGS["relay"]})
    taps, slower = 0, 0
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        await lock.power(True)
        await lock.wait_armed()
        assert await operator.until(lambda heard: any('"clock": "network"' in text for _, text in heard))
        key = await guest_key(lock)
        async with broker.phone() as phone:
            good = opening(key, int(time.time()))
            await phone.publish(f"{ROOT}/demo/tenant", good, qos=0)
            await lock.wait_unlocked()
            await lock.wait_locked()
            began = len(lock.events)
            for _ in range(2):
                await phone.publish(f"{ROOT}/demo/tenant", good, qos=1)
            await _take_list(operator, lock, 2)  # by then they have been judged
            assert not [e for e in lock.events[began:] if e["type"] == "pin" and e["name"] == "relay"]
            async with ending.running(_flood(phone, key, good)) as flood:
                while taps < _TAPS or (slower == taps and taps < _MOST_TAPS):
                    one, other = await ending.together(_tapped(lock), _tapped(quiet))
                    taps, slower = taps + 1, slower + (one > _SLOWER * other)
                await _take_list(operator, lock, 3)
                await flood
            assert await operator.until(lambda heard: any('"list": 3' in text for _, text in heard))
        told = {topic.rpartition("/")[2] for topic, _ in operator.heard}
    events = lock.events[began:]
    relay = [e["level"] for e in events if e["type"] == "pin" and e["name"] == "relay"]
    assert relay.count(1) == taps, "the card's, and no other"
    assert slower < taps, "slower by a tenth than the lock to which nobody writes, each time"
    assert [e for e in events if e["type"] == "reset"] == []
    assert told & set(WRITES) == {"state", "ack"}, "the lock says nothing of it"
    await broker.stop()
    stored = b"".join(path.read_bytes() for path in broker.folder.rglob("*") if path.is_file())
    assert not [secret for secret in (key, key.hex().encode(), good) if secret in stored]
    assert not [line for line in await lock.console() if re.search(r"Traceback|MemoryError", line)]
