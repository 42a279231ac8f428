"""The lock with the broker that houses really use: Mosquitto, on the loopback."""

import asyncio
import contextlib
import json
import os
from collections.abc import AsyncIterator

import pytest
import pytest_asyncio

from menshen.simulator.broker import Operator
from menshen.simulator.provision import CARD, TENANT, Credential, Provision
from menshen.simulator.world import now_us
from tests.integration.conftest import Mosquitto
from tests.simulated_lock import Event, Lock

_WILL = '{"online":false,"order":0}'
_PINGS = 4 if os.environ.get("MENSHEN_NIGHTLY") else 1  # after three, 90 s, Mosquitto drops who is silent


@pytest_asyncio.fixture
async def lock(make_lock, mosquitto: Mosquitto) -> Lock:
    """The demo lock, online at Mosquitto."""
    lock = await make_lock(broker_address=mosquitto.address)
    await lock.wait_armed()
    await lock.wait_online()
    return lock


@contextlib.asynccontextmanager
async def newcomer(mosquitto: Mosquitto) -> AsyncIterator[asyncio.Queue[tuple[str, bytes]]]:
    """What somebody hears who connects only now: what is retained comes first."""
    heard: asyncio.Queue[tuple[str, bytes]] = asyncio.Queue()
    operator = Operator(mosquitto.address, lambda topic, payload: heard.put_nowait((topic, payload)))
    await operator.start()
    try:
        yield heard
    finally:
        await operator.stop()


async def _retained_state(lock: Lock, mosquitto: Mosquitto) -> dict:
    async with newcomer(mosquitto) as heard, asyncio.timeout(90):
        while True:
            topic, payload = await heard.get()
            if topic == lock.world.provision.topic("state"):
                return json.loads(payload)


def _packets(lock: Lock, name: str) -> list[Event]:
    return [e for e in lock.events if e["type"] == "mqtt" and e["packet"] == name]


def _credentials(lock: Lock, *more: Credential) -> list[Credential]:
    return [*lock.world.provision.demo_credentials(lock.world.cards), *more]


def _stranger(lock: Lock) -> Credential:
    return Credential(CARD, lock.world.cards["stranger"].uid, TENANT, lease=2)


async def _answer(lock: Lock, message: str, retain: bool = False) -> dict:
    await lock.publish("list", message, retain)
    return (await lock.wait_message("ack"))["json"]


async def _take(lock: Lock, version: int, credentials: list[Credential]) -> dict:
    await lock.publish_list(version, credentials, retain=True)
    return (await lock.wait_message("ack"))["json"]


async def _opens(lock: Lock, card: str) -> None:
    await lock.tap_to_relay(card)
    await lock.open_leaf()
    await lock.close_leaf()
    await lock.wait_locked()


async def test_whoever_comes_later_reads_that_the_lock_is_online(lock: Lock, mosquitto: Mosquitto) -> None:
    state = await _retained_state(lock, mosquitto)
    assert (state["online"], state["list"], state["faults"]) == (True, 1, [])
    (connect,) = _packets(lock, "CONNECT")
    topic = lock.world.provision.topic("state")
    assert connect["will"] == {"topic": topic, "payload": _WILL, "retain": True}


async def test_a_lock_that_loses_its_power_is_offline_for_all_and_for_those_to_come(
    lock: Lock, mosquitto: Mosquitto
) -> None:
    await lock.power(False)
    await lock.wait_event(lambda e: e["type"] == "operator" and e["payload"] == _WILL)
    assert await _retained_state(lock, mosquitto) == {"online": False, "order": 0}
    await lock.power(True)
    await lock.wait_online()
    await lock.wait_event(lambda e: e["type"] == "operator" and '"online": true' in e["payload"])
    assert (await _retained_state(lock, mosquitto))["online"] is True


async def test_a_signed_list_is_taken_and_its_new_tenant_opens(lock: Lock) -> None:
    answer = await _take(lock, 2, _credentials(lock, _stranger(lock)))
    assert (answer["list"], answer["result"]) == (2, "accepted")
    for card in ("stranger", "tenant"):
        await _opens(lock, card)


async def test_a_list_of_many_chunks_is_taken_whole(lock: Lock) -> None:
    others = [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(500)]
    assert (await _take(lock, 2, _credentials(lock, *others, _stranger(lock))))["result"] == "accepted"
    for card in ("stranger", "tenant"):
        await _opens(lock, card)


async def test_forged_lists_are_refused_and_change_nothing(lock: Lock) -> None:
    give = lock.world.provision
    credentials = _credentials(lock, _stranger(lock))
    good = give.list_message(2, credentials)
    refusals = {
        "unlock": "malformed",
        "x" * 2500: "malformed",
        "x" * 20_000: "too large",
        good[:-4] + ("AAAA" if good[-4:] != "AAAA" else "BBBB"): "bad signature",
        Provision(bytes(32), give.lock).list_message(2, credentials): "bad signature",
        Provision(give.key, "other").list_message(2, credentials): "wrong lock",
    }
    for message, reason in refusals.items():
        answer = await _answer(lock, message)
        assert (answer["result"], answer["reason"]) == ("refused", reason)
    async with lock.tap("stranger"):
        await lock.wait_light("denied")
    await _opens(lock, "tenant")
    assert len(_packets(lock, "CONNECT")) == 1  # none of them cost the connection


async def test_the_lock_survives_a_restart_of_the_broker(lock: Lock, mosquitto: Mosquitto) -> None:
    lock.since_us = now_us()
    await mosquitto.stop()
    await lock.wait_event(lambda e: e["type"] == "console" and "link: offline" in e["line"])
    await _opens(lock, "tenant")
    lock.since_us = now_us()
    await mosquitto.start()
    await lock.wait_online(60)
    assert (await _retained_state(lock, mosquitto))["online"] is True  # this broker had forgotten it
    assert (await _take(lock, 2, _credentials(lock)))["result"] == "accepted"


async def test_the_connection_is_kept_alive(lock: Lock) -> None:
    lock.since_us = now_us()
    for _ in range(_PINGS):
        ping = await lock.wait_event(lambda e: e["type"] == "mqtt" and e["packet"] == "PINGREQ")
        lock.since_us = ping["us"] + 1
        await lock.wait_event(lambda e: e["type"] == "mqtt" and e["packet"] == "PINGRESP")
    assert len(_packets(lock, "CONNECT")) == 1


@pytest.mark.parametrize("leaf", ["list", "command", "update", "state"])
async def test_hostile_retained_messages_neither_open_nor_shut_out(lock: Lock, leaf: str) -> None:
    """Each is there, again and again, whenever the lock comes back."""
    give = lock.world.provision
    forged = Provision(bytes(32), give.lock).list_message(9, _credentials(lock, _stranger(lock)))
    for payload in (forged, "x" * 20_000, "\0" * 3000):
        await lock.power(False)
        since = lock.since_us
        await lock.publish(leaf, payload, retain=True)
        await lock.power(True)
        await lock.wait_armed()
        await lock.wait_online()
        if leaf == "list":
            assert (await lock.wait_message("ack"))["json"]["result"] == "refused"
        pins = [e for e in lock.events if e["us"] > since and e["type"] == "pin" and e["name"] == "relay"]
        assert 1 not in [e["level"] for e in pins]
        await _opens(lock, "tenant")
    async with lock.tap("stranger"):
        await lock.wait_light("denied")
