"""Home Assistant at a lock's Mosquitto: what it is told, and what it is not."""

import json

import pytest

from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import Mosquitto
from tests.integration.helpers.rights import ROOT, client, listener

LOCK, OTHER = "demo", "back-door"
_TOPIC = f"homeassistant/sensor/{LOCK}/firmware/config"
_IN_FORCE = {"\n#pattern": "\npattern", "\n#user": "\nuser", "\n#topic": "\ntopic"}


@pytest.fixture
async def broker(make_broker: MakeBroker) -> Mosquitto:
    """With the lines for Home Assistant in force."""
    return await make_broker("mosquitto", [LOCK, OTHER], _IN_FORCE)


async def test_it_hears_of_the_lock_that_announces_itself(broker: Mosquitto, make_lock) -> None:
    own = broker.lock(LOCK)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": broker.authority.certificate_der,
    }
    settings = {"broker": {"tls": True}, "homeassistant": True}
    async with listener(broker, broker.client("homeassistant"), "home") as home:
        await home.client.subscribe("#", qos=1)
        lock = await make_lock(tls_address=(broker.host, broker.port), settings=settings, files=files)
        await lock.wait_armed()
        assert await home.until(lambda heard: len(_entities(heard)) == 7)
        assert await home.until(lambda heard: any(topic == f"{ROOT}/{LOCK}/state" for topic, _ in heard))
        for said in _entities(home.heard):
            assert said["stat_t"] in {f"{ROOT}/{LOCK}/state", f"{ROOT}/{LOCK}/alarm"}


async def test_staff_entries_and_commands_are_not_for_it_nor_can_it_speak(broker: Mosquitto) -> None:
    async with (
        listener(broker, broker.client("homeassistant"), "home") as home,
        listener(broker, broker.operator(), "operator-1") as operator,
        client(broker, broker.lock(LOCK), LOCK) as lock,
    ):
        await home.client.subscribe("#", qos=1)
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        await home.client.publish(f"{ROOT}/{LOCK}/command", "home", qos=1)
        for leaf in ("command", "list", "update"):
            await operator.client.publish(f"{ROOT}/{LOCK}/{leaf}", "operator", qos=1)
        for leaf in ("staff", "ack", "state"):
            await lock.publish(f"{ROOT}/{LOCK}/{leaf}", "lock", qos=1)
        assert await home.until(bool)
        assert await operator.until(lambda heard: (f"{ROOT}/{LOCK}/state", "lock") in heard)
        assert home.heard == [(f"{ROOT}/{LOCK}/state", "lock")]
        assert (f"{ROOT}/{LOCK}/command", "home") not in operator.heard


async def test_a_lock_announces_itself_and_no_other(broker: Mosquitto) -> None:
    async with (
        listener(broker, broker.client("homeassistant"), "home") as home,
        client(broker, broker.lock(OTHER), OTHER) as other,
        client(broker, broker.lock(LOCK), LOCK) as lock,
    ):
        await home.client.subscribe("homeassistant/#", qos=1)
        await other.publish(_TOPIC, "other", qos=1, retain=True)
        await lock.publish(_TOPIC, "own", qos=1, retain=True)
        assert await home.until(bool)
        assert home.heard == [(_TOPIC, "own")]


def _entities(heard: list[tuple[str, str]]) -> list[dict]:
    return [json.loads(payload) for topic, payload in heard if topic.startswith("homeassistant/")]
