"""`make house`: three doors at a broker over TLS, a file, and what it says to type next does what it says."""

import asyncio
import json
import re
import shlex
import signal
import sys
from pathlib import Path

import aiohttp
import pytest

from menshen import mqtt
from menshen.simulator.house import LOCKS, Onlooker
from tests import programs
from tests.conftest import TOP
from tests.integration.conftest import Mosquitto

_PATIENCE_S = 240
pytestmark = pytest.mark.slow


async def _said(process: asyncio.subprocess.Process, until: str) -> str:
    assert process.stdout
    said = ""
    async with asyncio.timeout(_PATIENCE_S):
        while until not in said:
            line = await process.stdout.readline()
            assert line, said
            said += line.decode()
    return said


async def _menshen(folder: Path, *arguments: str) -> tuple[int, str]:
    line = (sys.executable, "-m", "menshen", "--file", folder / "house.db", *arguments)
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    async with programs.program(*line, cwd=TOP, **pipes) as process, asyncio.timeout(_PATIENCE_S):
        assert process.stdout
        said = await process.stdout.read()
        return await process.wait(), said.decode()


async def test_a_house_is_begun_lived_in_and_left(tmp_path: Path) -> None:
    folder = tmp_path / "house"
    line = (sys.executable, "-m", "menshen", "house", "--port", "0", "--folder", folder)
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    async with programs.program(*line, cwd=TOP, stdin=asyncio.subprocess.DEVNULL, **pipes) as process:
        said = await _said(process, "Ctrl-C ends it")
        found = re.search(r"http://127\.0\.0\.1:\d+", said)
        code = re.search(r"([\d ]+) #, then a PIN twice", said)
        assert found
        assert code
        async with aiohttp.ClientSession() as session:
            page = await (await session.get(found[0])).text()
            assert (await session.get(found[0], headers={"Host": "evil.test"})).status == 403
            doors = re.findall(r'title="([^"]+)" src="(http://127\.0\.0\.1:\d+/)"', page)
            assert [name for name, _ in doors] == list(LOCKS.values())
            for _, door in doors:
                state = await (await session.get(door + "api/state")).json()
                assert (state["power"], state["door"]["strike"]) == (True, "locked")
                assert state["pin"] == ""  # nobody has moved in yet
                refused = await session.post(door + "api/start-over")
                assert refused.status == 409, "the lock would be nobody's after it"
            await _all_well(folder)
            for typed in re.findall(r"^    \.venv/bin/menshen (.+)$", said, re.MULTILINE):
                status, answer = await _menshen(folder, *shlex.split(typed))
                assert status == 0, (typed, answer)
            _, staff = await _menshen(folder, "staff", "list")
            assert "Cleaner" in staff
            flat = dict(doors)["Flat 1"]
            for keys in (code[1].replace(" ", "") + "#", "271828#", "271828#"):
                await session.post(flat + "api/keys", json={"keys": keys})
                await asyncio.sleep(0)
            await _until_open(session, flat)
        process.send_signal(signal.SIGINT)
        async with asyncio.timeout(_PATIENCE_S):
            assert process.stdout
            assert b"Traceback" not in await process.stdout.read()
            assert await process.wait() == 0
    everything = b"".join(path.read_bytes() for path in folder.rglob("*") if path.is_file())
    assert b"271828" not in everything, "a resident's PIN is nowhere in clear"


async def _all_well(folder: Path) -> None:
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            _, said = await _menshen(folder, "health", "--json")
            if [row["health"] for row in json.loads(said)["locks"]] == ["well"] * 3:
                return


async def _until_open(session: aiohttp.ClientSession, door: str) -> None:
    """The PIN opens, once it has been kept."""
    async with asyncio.timeout(_PATIENCE_S):
        while True:
            await session.post(door + "api/keys", json={"keys": "271828#"})
            for _ in range(20):
                state = await (await session.get(door + "api/state")).json()
                if state["door"]["strike"] == "released":
                    return
                await asyncio.sleep(0.05)


async def test_who_looks_on_hears_the_broker_again_after_it_was_away(mosquitto: Mosquitto) -> None:
    heard: asyncio.Queue[bytes] = asyncio.Queue()
    host, port = mosquitto.address
    onlooker = Onlooker(f"{host}:{port}", None, lambda _topic, payload: heard.put_nowait(payload))
    await onlooker.start()
    try:
        async with asyncio.timeout(_PATIENCE_S):
            await onlooker.publish("menshen/v1/flat-1/state", b"before")
            assert await heard.get() == b"before"
            await mosquitto.stop()
            await mosquitto.start()
            async with mqtt.connected(f"{host}:{port}") as another:
                await another.publish("menshen/v1/flat-1/state", b"after", qos=1, retain=True)
            assert await heard.get() == b"after"
    finally:
        await onlooker.stop()


async def test_who_looks_on_at_no_broker_is_told_so(mosquitto: Mosquitto) -> None:
    host, port = mosquitto.address
    await mosquitto.stop()
    onlooker = Onlooker(f"{host}:{port}", None, lambda _topic, _payload: None)
    with pytest.raises(mqtt.BrokerError, match=str(port)):
        await onlooker.start()
    await onlooker.stop()
