"""`menshen release order` at a real broker: a release and a lock that are there, and no others."""

import asyncio
import base64
import json
from pathlib import Path

import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from menshen.cli.main import main
from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import Broker
from tests.integration.helpers.rights import ROOT, client, listener

KEY = bytes(range(224, 256))


@pytest_asyncio.fixture
async def broker(make_broker: MakeBroker) -> Broker:
    """It holds the state of `front`, and release 1.4.0."""
    broker = await make_broker("mosquitto", ["front"])
    async with client(broker, broker.operator(), "operator-1") as operator:
        await operator.publish(f"{ROOT}/front/state", json.dumps({"order": 7}), qos=1, retain=True)
        await operator.publish(f"{ROOT}/release/1-4-0", "a manifest", qos=1, retain=True)
    return broker


async def order(broker: Broker, folder: Path, *more: str) -> Result:
    """With the key as provisioning writes it."""
    (folder / "front.key").write_bytes(KEY)
    certificate = broker.operator().write(folder, "operator")
    (folder / "ca.crt.pem").write_bytes(broker.authority.certificate_pem)
    line = ["release", "order", "--lock-key", str(folder / "front.key")]
    line += ["--broker", f"{broker.host}:{broker.port}", "--tls-authority", str(folder / "ca.crt.pem")]
    line += ["--tls-key", str(certificate[0]), "--tls-certificate", str(certificate[1]), *more]
    return await asyncio.to_thread(CliRunner().invoke, main, line)


async def _waiting(broker: Broker, lock: str) -> dict | None:
    """The order that the broker retains for this lock."""
    async with listener(broker, broker.operator(), "operator-2") as heard:
        await heard.client.subscribe([(f"{ROOT}/{lock}/update", 1), (f"{ROOT}/end", 1)])
        await heard.client.publish(f"{ROOT}/end", "end", qos=1)
        await heard.until_payload("end")
        found = [said for topic, said in heard.heard if topic.endswith("/update")]
    return json.loads(base64.urlsafe_b64decode(found[0].split(".")[1] + "==")) if found else None


async def test_an_order_for_what_is_there_waits_at_the_broker(broker: Broker, tmp_path: Path) -> None:
    for number in (8, 9):
        done = await order(broker, tmp_path, "--lock", "front", "--version", "1.4.0")
        assert f"front is told to run 1.4.0, order {number}" in done.output
        told = await _waiting(broker, "front")
        assert told
        assert (told["version"], told["order"]) == ("1.4.0", number)


@pytest.mark.parametrize(
    ("lock", "version", "said"),
    [
        ("front", "1.4.1", "release 1.4.1 is not at this broker"),
        ("frnt", "1.4.0", "no lock frnt was ever heard of"),
        ("frnt", "9.9.9", "release 9.9.9 is not at this broker"),
    ],
)
async def test_an_order_for_what_is_not_there_is_refused(
    broker: Broker, tmp_path: Path, lock: str, version: str, said: str
) -> None:
    done = await order(broker, tmp_path, "--lock", lock, "--version", version)
    assert (done.exit_code, said in done.output) == (1, True), done.output
    assert await _waiting(broker, lock) is None


async def test_a_lock_that_is_still_to_come_is_ordered_by_number(broker: Broker, tmp_path: Path) -> None:
    done = await order(broker, tmp_path, "--lock", "back", "--version", "1.4.0", "--number", "1")
    assert "back is told to run 1.4.0, order 1" in done.output
    assert await _waiting(broker, "back")
