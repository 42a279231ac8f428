"""The brokers' configurations as shipped: what a lock's certificate is good for, and what it is not.

Each rule is tried twice: as it is shipped, and loosened, where the same trial must find the hole.
"""

import asyncio
import contextlib
import ipaddress

import aiomqtt
import pytest
import pytest_asyncio

from menshen.brokers.locks import READS, WRITES
from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import KINDS, Broker
from tests.integration.helpers.rights import (
    ROOT,
    TOPICS,
    A,
    B,
    admitted,
    client,
    listener,
    readable,
    writable,
)

LOCKS = (A, B)
_MAY_WRITE = {f"{ROOT}/{A}/{leaf}" for leaf in WRITES}
_MAY_READ = {f"{ROOT}/{A}/{leaf}" for leaf in READS} | {
    t for t in TOPICS if "/release/" in t or "/blob/" in t
}

# By broker: what loosens a rule.
_LOOSE_RULES = {
    "mosquitto": {
        "write menshen/v1/%u/state": "write menshen/v1/+/state",
        "read menshen/v1/%u/list": "read menshen/v1/+/list",
    },
    "rabbitmq": {
        rf"\\.{A}\\.(state": r"\\.[a-z-]+\\.(state",
        rf"({A}\\.(list": r"([a-z-]+\\.(list",
    },
    "nats": {f"v1.{A}.state": "v1.*.state", f"v1.{A}.list": "v1.*.list"},
}
_LOOSE_ADMISSION = {
    "mosquitto": {
        "require_certificate true": "require_certificate false",
        "use_identity_as_username true": "",
        "allow_anonymous false": "allow_anonymous true",
    },
    "rabbitmq": {
        "fail_if_no_peer_cert = true": "fail_if_no_peer_cert = false",
        "anonymous_login_user = none": "anonymous_login_user = guest",
        "load_definitions": "# load_definitions",  # without them there is a guest
    },
    "nats": {"verify_and_map: true": "verify: false", "mqtt {": 'mqtt {\n  no_auth_user: "CN=operator"'},
}


@pytest_asyncio.fixture(params=KINDS)
async def broker(request: pytest.FixtureRequest, make_broker: MakeBroker) -> Broker:
    """Each broker in its turn, as shipped."""
    return await make_broker(request.param, LOCKS)


async def test_a_certificate_is_good_for_a_locks_own_topics_and_nobody_else_is_let_in(broker: Broker) -> None:
    """One broker for all that leaves it as it is: RabbitMQ takes long to start."""
    assert await writable(broker) == _MAY_WRITE, "a lock writes its own topics and no others"
    assert await readable(broker) == _MAY_READ, "a lock reads its own topics and what is for all"
    assert await admitted(broker) == {"the lock"}, "nobody is let in without a certificate of the operator's"
    beyond = [where for where in broker.listening() if not ipaddress.ip_address(where).is_loopback]
    assert beyond == [], "nothing listens beyond this computer"
    assert "127.0.0.1" in broker.listening()


async def test_what_is_retained_reaches_a_lock_that_comes_later_and_after_a_restart(broker: Broker) -> None:
    async with client(broker, broker.operator(), "operator-1") as operator:
        for topic in sorted(_MAY_READ):
            await operator.publish(topic, f"kept {topic}", qos=1, retain=True)
    for restart in (False, True):
        if restart:
            await broker.stop()
            await broker.start()
        async with listener(broker, broker.lock(A), A) as lock:
            for topic in sorted(_MAY_READ):
                await lock.client.subscribe(topic, qos=1)
            assert await lock.until(lambda heard: {topic for topic, _ in heard} == _MAY_READ)
            assert all(payload == f"kept {topic}" for topic, payload in lock.heard)


@pytest.mark.parametrize("kind", KINDS)
async def test_a_lost_lock_is_shut_out_as_the_readme_says(make_broker: MakeBroker, kind: str) -> None:
    denied = {"user operator": f"user {A}\ntopic deny {ROOT}/#\n\nuser operator"}
    left_out = [B] if kind != "mosquitto" else [A, B]
    broker = await make_broker(kind, left_out, denied if kind == "mosquitto" else None)
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        for lock in (A, B):
            with contextlib.suppress(aiomqtt.MqttError):
                async with listener(broker, broker.lock(lock), lock) as connected:
                    await connected.attempt(connected.client.publish(f"{ROOT}/{lock}/state", lock, qos=1))
        assert await operator.until_payload(B)
        assert operator.heard == [(f"{ROOT}/{B}/state", B)]


@pytest.mark.parametrize("kind", ["rabbitmq", "nats"])
async def test_a_new_lock_needs_no_restart(make_broker: MakeBroker, kind: str) -> None:
    broker = await make_broker(kind, [B])
    assert await admitted(broker) == set()
    await broker.add(A)
    async with asyncio.timeout(90):
        while await admitted(broker) != {"the lock"}:
            pass  # RabbitMQ says only that it has begun, and lets who is refused wait


@pytest.mark.parametrize("kind", KINDS)
async def test_the_trial_finds_loose_rules(make_broker: MakeBroker, kind: str) -> None:
    broker = await make_broker(kind, LOCKS, _LOOSE_RULES[kind])
    assert f"{ROOT}/{B}/state" in await writable(broker, [f"{ROOT}/{B}/state"])
    assert f"{ROOT}/{B}/list" in await readable(broker, [f"{ROOT}/{B}/list"])


@pytest.mark.parametrize("kind", KINDS)
async def test_the_trial_finds_an_open_door(make_broker: MakeBroker, kind: str) -> None:
    assert "no certificate" in await admitted(await make_broker(kind, LOCKS, _LOOSE_ADMISSION[kind]))


@pytest.mark.parametrize("kind", KINDS)
async def test_the_trial_finds_a_foreign_authority(make_broker: MakeBroker, kind: str) -> None:
    broker = await make_broker(kind, LOCKS, trust_the_stranger=True)
    assert await admitted(broker) == {"the lock", "another authority's"}
