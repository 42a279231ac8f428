"""The lock with the broker that houses really use: Mosquitto, on the loopback."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.conftest import TOP
from tools.simulator.provision import CARD, TENANT, Credential

_STARTS = 5
_READY_S = 10


class Mosquitto:
    """One broker on a port that the system chose; it can be ended and started again on the same one."""

    def __init__(self, folder: Path) -> None:
        with socket.create_server(("127.0.0.1", 0)) as probe:
            self.port = probe.getsockname()[1]
        self._config = folder / "mosquitto.conf"
        self._config.write_text(f"listener {self.port} 127.0.0.1\nallow_anonymous true\npersistence false\n")

    async def start(self) -> None:
        """Return once it answers; raises RuntimeError with what it said if it ends instead."""
        program = TOP / "build/toolchain/bin/mosquitto"
        self._process = await asyncio.create_subprocess_exec(
            program, "-c", self._config, stdout=asyncio.subprocess.PIPE, stderr=asyncio.subprocess.STDOUT
        )
        assert self._process.stdout
        said = b""
        async with asyncio.timeout(_READY_S):
            while b" running" not in said:
                line = await self._process.stdout.readline()
                if not line:
                    raise RuntimeError(said.decode())
                said += line

    async def stop(self) -> None:
        self._process.terminate()
        await self._process.communicate()


@pytest_asyncio.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    for attempt in range(_STARTS):  # somebody else may take the port in between
        broker = Mosquitto(tmp_path)
        try:
            await broker.start()
            break
        except RuntimeError:
            if attempt == _STARTS - 1:
                raise
    yield broker
    with contextlib.suppress(ProcessLookupError):
        await broker.stop()


async def test_the_lock_is_online_takes_a_list_and_is_missed_when_it_is_gone(
    make_lock, mosquitto: Mosquitto
) -> None:
    lock = await make_lock(broker_address=("127.0.0.1", mosquitto.port))
    await lock.wait_armed()
    state = await lock.wait_online()
    assert state["json"]["online"] is True
    assert state["retain"]
    give = lock.world.provision
    stranger = Credential(CARD, lock.world.cards["stranger"].uid, TENANT, lease=2)
    await lock.publish(
        "list", give.list_message(2, [*give.demo_credentials(lock.world.cards), stranger]), retain=True
    )
    assert (await lock.wait_message("ack"))["json"]["result"] == "accepted"
    async with lock.tap("stranger"):
        await lock.wait_unlocked()
    await lock.power(False)
    await lock.wait_event(lambda e: e["type"] == "operator" and e["payload"] == '{"online":false}')


async def test_forged_lists_are_refused(make_lock, mosquitto: Mosquitto) -> None:
    lock = await make_lock(broker_address=("127.0.0.1", mosquitto.port))
    await lock.wait_armed()
    await lock.wait_online()
    for payload in ("", "unlock", "x" * 20_000):
        await lock.publish("list", payload)
        if payload:
            assert (await lock.wait_message("ack"))["json"]["result"] == "refused"
    async with lock.tap("tenant"):
        await lock.wait_unlocked()
