"""The phones' listener of each broker, and the proxy before it, as shipped: what anybody can do there.

A door is opened at NATS by day, at each with MENSHEN_NIGHTLY=1, and at Mosquitto in page/test_phone_day.py.
"""

import contextlib
import os
import time
from collections.abc import AsyncIterator, Awaitable, Callable
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio

from menshen import ending
from tests.integration.helpers.phones import PHONES_AT, WithPhones, guest_key, opening
from tests.integration.helpers.process import started
from tests.integration.helpers.rights import ROOT, TOPICS, A, B, Listener, listener
from tests.simulated_lock import Lock

_NAMES = [
    {"username": name, "password": password}
    for name in ("operator", "CN=operator", "CN=phones", A, "guest", "phones")
    for password in (None, "", "x", "guest", "phones")
]
_WISHES = ("#", f"{ROOT}/#", f"{ROOT}/{A}/tenant", f"{ROOT}/{A}/state", "$SYS/#", "$MQTT/sub/#", "_INBOX/#")
_ODD = [f"{ROOT}/{A}/tenant/x", f"{ROOT}/tenant", "tenant", f"{ROOT}/{A}/state".replace("/", "."), "$SYS/x"]
_LONGEST = {"mosquitto": 65536, "rabbitmq": 1024}  # NATS 2.10 does not hold MQTT to its max_payload
_SETTINGS = {
    "broker": {"tls": True, "backoff_cap_s": 1},
    "relay": {"unlock_level": 1, "seconds": 1},
    "phone": {"remote": True},
}

Make = Callable[..., Awaitable[WithPhones]]


@pytest_asyncio.fixture
async def make(tmp_path: Path) -> AsyncIterator[Make]:
    """Starts a broker with its listener for phones; all end with the test."""
    running: list[WithPhones] = []

    async def start(kind: str, *known: str, changes: dict[str, str] | None = None) -> WithPhones:
        if reason := PHONES_AT[kind].missing():
            pytest.skip(reason)
        running.append(await started(lambda: PHONES_AT[kind](tmp_path, known, changes)))
        return running[-1]

    try:
        yield start
    finally:
        for broker in running:
            await broker.stop()


async def _wrote(broker: WithPhones) -> set[str]:
    """The topics on which the lock or the operator hears what somebody without a certificate sends."""

    async def attempt(topic: str, said: str = "", **name: str | None) -> None:
        with contextlib.suppress(aiomqtt.MqttError):
            async with broker.phone(by_proxy=False, **name) as phone:
                hears = Listener(phone)
                async with ending.running(hears.listen()):
                    await hears.attempt(phone.publish(topic, said or topic, qos=1))

    async with (
        listener(broker, broker.operator(), "operator-1") as operator,
        listener(broker, broker.lock(A), A) as lock,
    ):
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        await lock.client.subscribe(f"{ROOT}/{A}/tenant", qos=0)
        for topic in (*TOPICS, *_ODD):
            await attempt(topic)
        if broker.name in _LONGEST:
            await attempt(f"{ROOT}/{A}/tenant", "x" * (_LONGEST[broker.name] + 1))
        # Together, since RabbitMQ lets wrong passwords wait.
        await ending.together(*(attempt(f"{ROOT}/{B}/state", **name) for name in _NAMES))
        await ending.together(*(attempt(f"{ROOT}/{A}/list", **name) for name in _NAMES))
        async with broker.phone(by_proxy=False) as phone:
            await phone.publish(f"{ROOT}/{A}/tenant", "the end", qos=0)
            assert await lock.until_payload("the end")
        await lock.client.publish(f"{ROOT}/{A}/ack", "the end", qos=1)
        assert await operator.until(lambda heard: (f"{ROOT}/{A}/ack", "the end") in heard)
        assert not [said for _, said in lock.heard if said.startswith("x")], "longer than the page says"
        return {topic for topic, said in (*operator.heard, *lock.heard) if said != "the end"}


async def _read(broker: WithPhones) -> list[tuple[str, str]]:
    """What somebody without a certificate hears of all that is said, whatever they ask for."""
    async with (
        listener(broker, broker.operator(), "operator-1") as operator,
        listener(broker, broker.lock(A), A) as lock,
    ):
        for topic in TOPICS:
            await operator.client.publish(topic, "kept", qos=1, retain=True)
        heard = []
        for wish in _WISHES:
            with contextlib.suppress(aiomqtt.MqttError):
                async with broker.phone(by_proxy=False) as phone:
                    hears = Listener(phone)
                    async with ending.running(hears.listen()):
                        await hears.attempt(phone.subscribe(wish))
                        await lock.client.publish(f"{ROOT}/{A}/state", "now", qos=1)
                        # NATS and Mosquitto answer in order; RabbitMQ has ended the connection.
                        await hears.attempt(phone.publish(f"{ROOT}/{A}/tenant", "x", qos=1))
                    heard += hears.heard
        return heard


@pytest.mark.parametrize("kind", PHONES_AT)
async def test_anybody_may_write_to_residents_topics_and_do_nothing_else(make: Make, kind: str) -> None:
    broker = await make(kind, A, B)
    wrote = await _wrote(broker)
    assert f"{ROOT}/{A}/tenant" in wrote
    assert wrote <= {f"{ROOT}/{A}/tenant", f"{ROOT}/{B}/tenant"}
    assert await _read(broker) == []


@pytest.mark.parametrize("kind", PHONES_AT if os.environ.get("MENSHEN_NIGHTLY") else ["nats"])
async def test_a_resident_opens_by_it_through_the_proxy(make: Make, kind: str, make_lock) -> None:
    broker = await make(kind, "demo")
    own = broker.lock("demo")
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": broker.authority.certificate_der,
    }
    address = (broker.host, broker.port)
    lock: Lock = await make_lock(tls_address=address, settings=_SETTINGS, files=files, sntp=True, power=False)
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        await lock.power(True)
        await lock.wait_armed()
        assert await operator.until(lambda heard: any('"clock": "network"' in text for _, text in heard))
    good = opening(await guest_key(lock), int(time.time()))
    async with broker.phone() as phone:
        await phone.publish(f"{ROOT}/demo/tenant", good, qos=0)
        await lock.wait_unlocked()
        await lock.wait_locked()


async def test_the_trial_finds_a_name_that_is_enough_to_be_the_operator(make: Make) -> None:
    loose = {"password_file": "# password_file"}
    assert f"{ROOT}/{B}/state" in await _wrote(await make("mosquitto", A, B, changes=loose))


async def test_the_proxy_bounds_how_many_and_how_fast_one_address_may_send(make: Make) -> None:
    broker, topic = await make("mosquitto", A), f"{ROOT}/{A}/tenant"
    async with contextlib.AsyncExitStack() as connected:
        phones = [await connected.enter_async_context(broker.phone()) for _ in range(5)]
        with pytest.raises(aiomqtt.MqttError):
            async with broker.phone():
                pass
        began = time.monotonic()
        for _ in range(3):
            await phones[0].publish(topic, bytes(2000), qos=0)
        await phones[0].publish(topic, "the end", qos=1)
        assert time.monotonic() - began > 2, "6 KB at 2 KB a second"
    for _ in range(30):
        with contextlib.suppress(aiomqtt.MqttError):
            async with broker.phone():
                pass
    with pytest.raises(aiomqtt.MqttError):
        async with broker.phone():
            pass
