"""The whole firmware, with its certificate, at each broker as the repository configures it."""

import json
from collections.abc import AsyncIterator
from dataclasses import dataclass

import pytest
import pytest_asyncio

from menshen.release import publish
from menshen.release.release import manifest_topic
from menshen.simulator.provision import CARD, TENANT, Credential
from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import KINDS, Broker
from tests.integration.helpers.rights import ROOT, Listener, client, listener
from tests.releases import Operator
from tests.simulated_lock import Lock

LOCK, OTHER = "demo", "back-door"
_SETTINGS = {
    "broker": {"tls": True, "backoff_cap_s": 1},
    "relay": {"seconds": 1},
    "update": {"trial_s": 1, "spread_s": 0},
}


@dataclass
class House:
    """One lock, its broker, and the operator's client there."""

    broker: Broker
    lock: Lock
    operator: Listener

    async def says(self, leaf: str, **wanted: object) -> dict:
        """Wait until the lock has said this on its topic `leaf`, since `forget`."""

        def fits(heard: tuple[str, str]) -> bool:
            topic, payload = heard
            return topic == f"{ROOT}/{LOCK}/{leaf}" and wanted.items() <= json.loads(payload).items()

        assert await self.operator.until(lambda heard: any(map(fits, heard))), self.operator.heard
        return json.loads(next(filter(fits, self.operator.heard))[1])

    def forget(self) -> None:
        """What has been said so far counts no more."""
        self.operator.heard.clear()

    async def publish_list(self, version: int, *cards: str, others: int = 0) -> None:
        """The demo's credentials, the cards of these names and `others`, as the operator's tools do."""
        give, world = self.lock.world.provision, self.lock.world
        more = [Credential(CARD, world.cards[name].uid, TENANT, lease=2) for name in cards]
        more += [Credential(CARD, n.to_bytes(7, "big"), TENANT, lease=3) for n in range(others)]
        for topic, payload in give.list_messages(version, [*give.demo_credentials(world.cards), *more]):
            await self.operator.client.publish(topic, payload, qos=1, retain=True)


@pytest_asyncio.fixture(params=KINDS)
async def house(request: pytest.FixtureRequest, make_broker: MakeBroker, make_lock) -> AsyncIterator[House]:
    """Each broker in its turn; the operator listens before the lock has power."""
    broker = await make_broker(request.param, [LOCK, OTHER])
    own = broker.lock(LOCK)
    files = {
        "/tls/lock.key.der": own.key_der,
        "/tls/lock.crt.der": own.certificate_der,
        "/tls/ca.crt.der": broker.authority.certificate_der,
    }
    lock = await make_lock(
        tls_address=(broker.host, broker.port), settings=_SETTINGS, files=files, power=False
    )
    async with listener(broker, broker.operator(), "operator-1") as operator:
        await operator.client.subscribe(f"{ROOT}/#", qos=1)
        await lock.power(True)
        await lock.wait_armed()
        yield House(broker, lock, operator)


async def test_the_lock_comes_online_takes_a_list_and_opens(house: House) -> None:
    await house.says("state", online=True, list=1)
    await house.publish_list(2, "stranger")
    assert (await house.says("ack", list=2))["result"] == "accepted"
    await house.lock.tap_to_relay("stranger")


async def test_a_list_in_many_chunks_is_fetched_and_opens(house: House) -> None:
    await house.says("state", online=True, list=1)
    await house.publish_list(2, "stranger", others=1000)  # 16 chunks
    assert (await house.says("ack", list=2))["result"] == "accepted"
    await house.lock.tap_to_relay("stranger")


async def test_a_list_that_was_published_meanwhile_is_taken_after_a_power_cut(house: House) -> None:
    await house.says("state", online=True)
    await house.lock.power(False)
    await house.says("state", online=False)  # its last will
    await house.publish_list(2, "stranger")
    house.forget()
    await house.lock.power(True)
    await house.says("ack", list=2, result="accepted")
    await house.lock.tap_to_relay("stranger")


async def test_a_release_is_fetched_tried_and_confirmed(house: House) -> None:
    releases, give = Operator(house.lock), house.lock.world.provision
    await house.lock.power(False)
    releases.trust()
    await house.lock.power(True)
    new = releases.release("0.2.0")
    chunks, manifest = list(new.chunks()), new.manifest(releases.key).encode()
    order = publish.head(give.lock, give.key, new.version, 1).encode()
    for topic, payload in (*chunks, (manifest_topic(new.version), manifest), (give.topic("update"), order)):
        await house.operator.client.publish(topic, payload, qos=1, retain=True)
    await house.says("ack", update="0.2.0", result="confirmed")
    await house.says("state", firmware="0.2.0")
    await house.lock.tap_to_relay("tenant")


async def test_staff_are_reported_and_tenants_are_not(house: House) -> None:
    await house.says("state", online=True)
    house.forget()
    await house.lock.tap_to_relay("tenant")
    await house.lock.open_leaf()
    await house.lock.close_leaf()
    await house.lock.wait_locked()
    await house.lock.tap_to_relay("cleaner")
    await house.operator.until(lambda heard: any(topic.endswith("/staff") for topic, _ in heard))
    assert [topic for topic, _ in house.operator.heard] == [f"{ROOT}/{LOCK}/staff"]


async def test_the_door_opens_while_the_broker_is_down_and_the_lock_comes_back(
    house: House, make_broker: MakeBroker
) -> None:
    await house.says("state", online=True)
    await house.broker.stop()
    await house.lock.tap_to_relay("tenant")
    await house.broker.start()
    async with listener(house.broker, house.broker.operator(), "operator-2") as operator:
        # The lock may be back already, and by a wildcard RabbitMQ tells nothing that it has kept.
        await operator.client.subscribe([(f"{ROOT}/{LOCK}/{leaf}", 1) for leaf in ("state", "ack")])
        again = House(house.broker, house.lock, operator)
        await again.says("state", online=True)
        await again.publish_list(2, "stranger")
        await again.says("ack", list=2, result="accepted")


async def test_another_lock_cannot_end_its_connection(house: House) -> None:
    """MQTT has a client give way to a newer one of the same identifier, whatever certificate that has."""
    await house.says("state", online=True)
    house.forget()
    async with client(house.broker, house.broker.lock(OTHER), LOCK):
        await house.publish_list(2, "stranger")
        await house.says("ack", list=2, result="accepted")
    assert [topic for topic, _ in house.operator.heard if topic.endswith("/state")] == []
