"""A release goes to sixty simulated answers group by group, and stops by itself where it is poisoned."""

import asyncio
import base64
import contextlib
import json
import sys
from collections import Counter
from collections.abc import AsyncIterator, Callable
from pathlib import Path

import aiomqtt
import pytest
import pytest_asyncio
from click.testing import CliRunner, Result

from menshen import ending
from menshen.cli.main import main
from menshen.operator.opening import opened
from menshen.release import fleet, keys, output, release
from menshen.release.roll_out import RollOut
from menshen.wiring import BOARDS
from tests import programs
from tests.integration.conftest import MakeBroker
from tests.integration.helpers.brokers import Broker
from tests.integration.helpers.rights import ROOT, client
from tests.releases import key

NAMES = [f"flat-{n}" for n in range(1, 61)]
VERSION = "7.0.0"
_FAST = ("--wait", "0", "--patience", "0.5")
Answer = Callable[[str], str]


@pytest.fixture(scope="module")
def folder(tmp_path_factory: pytest.TempPathFactory) -> Path:
    """A signed release, small."""
    made = release.Release(VERSION, 1, {"app.mpy": b"M\x06" * 100})
    written = output.write(
        made, {board: made.manifest(key(), board) for board in BOARDS}, tmp_path_factory.mktemp("r")
    )
    return written.path


class House:
    """An operator's file with sixty locks, and the locks' answers."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder, self.broker = folder, broker
        self.told: Counter[str] = Counter()
        self.runs: dict[str, str] = {}

    async def operate(self, *arguments: str, status: int = 0) -> Result:
        """Run one command beside everything else that goes on."""
        line = ["--file", str(self.folder / "house.db"), *arguments]
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, main, line)
        assert result.exit_code == status, (result.output, result.exception)
        return result

    async def begin(self) -> None:
        """The file, with a lock for each name."""
        (self.folder / "ca.crt.pem").write_bytes(self.broker.authority.certificate_pem)
        self.broker.operator().write(self.folder, "operator")
        await self.operate("init", "--zone", "UTC", "--broker", "none", "--seal", "key")
        await self.operate(
            "broker", f"{self.broker.host}:{self.broker.port}", "--certificates", str(self.folder)
        )
        rows = []
        for n, name in enumerate(NAMES):
            (self.folder / f"{name}.key").write_bytes(bytes([n]) * 32)
            rows.append(name)
        for name in rows:
            await self.operate("lock", "add", name, "--key-file", str(self.folder / f"{name}.key"))

    async def state(self, connected: aiomqtt.Client, name: str, **more: object) -> None:
        """What a lock says of itself."""
        trusts = [keys.key_id(key().public_key())]
        fields = {
            "online": True,
            "firmware": self.runs.get(name, "6.0.0"),
            "order": self.told[name],
            "trusts": trusts,
        }
        said = json.dumps({**fields, "board": "devkit", **more})
        await connected.publish(f"{ROOT}/{name}/state", said, qos=1, retain=True)

    @contextlib.asynccontextmanager
    async def answering(self, answer: Answer, **more: object) -> AsyncIterator[None]:
        """All locks are online, and answer an order by what `answer` says for their name."""
        async with client(self.broker, self.broker.operator(), "all-locks") as connected:
            for name in NAMES:
                await self.state(connected, name, **more)
            await connected.subscribe(f"{ROOT}/+/update", qos=1)
            async with ending.running(self._answer(connected, answer)):
                yield

    async def _answer(self, connected: aiomqtt.Client, answer: Answer) -> None:
        async for message in connected.messages:
            name = str(message.topic).split("/")[2]
            if not message.payload or message.retain:
                continue
            assert isinstance(message.payload, bytes)
            order = json.loads(base64.urlsafe_b64decode(message.payload.split(b".")[1] + b"=="))
            self.told[name] += 1
            for result in ("accepted", "fetched", "trial", answer(name)):
                said = {"update": order["version"], "result": result}
                if result == "refused":
                    said["reason"] = "bad hash"
                if result:
                    await connected.publish(f"{ROOT}/{name}/ack", json.dumps(said), qos=1)
            if answer(name) == "confirmed":
                self.runs[name] = order["version"]
                await self.state(connected, name)


@pytest_asyncio.fixture
async def house(tmp_path: Path, make_broker: MakeBroker) -> House:
    house = House(tmp_path, await make_broker("mosquitto", NAMES))
    await house.begin()
    return house


async def test_a_good_release_reaches_all_group_by_group(house: House, folder: Path) -> None:
    async with house.answering(lambda name: "confirmed"):
        said = (await house.operate("release", "roll-out", "--release", str(folder), *_FAST)).output
    assert f"feature {VERSION}: done" in said
    assert [
        said.count(f"group {n} of 4: {count} locks") for n, count in ((1, 1), (2, 5), (3, 24), (4, 30))
    ] == [1] * 4
    assert dict(house.told) == dict.fromkeys(NAMES, 1)
    status = json.loads((await house.operate("release", "status", "--json")).stdout)
    assert (status["state"], set(status["results"].values())) == ("done", {"confirmed"})


async def test_a_poisoned_release_stops_itself_at_its_canary(house: House, folder: Path) -> None:
    async with house.answering(lambda name: "went back"):
        said = (await house.operate("release", "roll-out", "--release", str(folder), *_FAST, status=1)).output
    print("\n" + said)
    assert "paused, group 1: 1 of 1 failed, and the threshold is 10 %" in said
    assert sum(house.told.values()) == 1


async def test_one_that_is_bad_for_some_stops_within_the_group(house: House, folder: Path) -> None:
    """A third of the locks have the reader that it breaks; the canary has not."""
    first = _canary()
    bad = set([name for name in NAMES if name != first][::3])
    async with house.answering(lambda name: "refused" if name in bad else "confirmed"):
        said = (await house.operate("release", "roll-out", "--release", str(folder), *_FAST, status=1)).output
        print("\n" + said)
        assert "refused: bad hash" in said
        status = json.loads((await house.operate("release", "status", "--json")).stdout)
        assert status["state"] == "paused"
        reached = len(house.told)
        assert 1 < reached <= 30
        failed = [name for name, result in status["results"].items() if result != "confirmed"]
        assert set(failed) <= bad
    assert len(house.told) == reached, "nobody is told after the stop"


async def test_it_goes_on_after_a_pause_where_it_was(house: House, folder: Path) -> None:
    first = _canary()
    bad = {"now": {first}}
    async with house.answering(lambda name: "went back" if name in bad["now"] else "confirmed"):
        await house.operate("release", "roll-out", "--release", str(folder), *_FAST, status=1)
        bad["now"] = set()
        said = (await house.operate("release", "roll-out", "--release", str(folder), *_FAST)).output
    assert f"feature {VERSION}: done" in said
    assert f"{first}: went back" in said, "what has failed is told to the end"
    assert dict(house.told) == dict.fromkeys(NAMES, 1), "nobody is told twice"


async def test_locks_that_cannot_take_it_are_named_before_anything_is_sent(
    house: House, folder: Path
) -> None:
    for wrong, said in (
        ({"trusts": ["0011223344556677"]}, "trusts 0011223344556677; this release is signed by"),
        ({"trusts": []}, "takes no release at all"),
        ({"board": "c3"}, "is a c3, for which this release has no manifest"),
    ):
        async with house.answering(lambda name: "confirmed", **wrong):
            done = await house.operate("release", "roll-out", "--release", str(folder), *_FAST, status=1)
        assert said in done.output
        assert "and 57 more" in done.output
    assert not house.told


async def test_security_goes_before_features(house: House, folder: Path) -> None:
    store = opened(str(house.folder / "house.db"))
    for kind, other in (("feature", "security"), ("security", "feature")):
        fleet.save(store, RollOut("6.9.0", other, [["flat-1"], ["flat-2"]], 10, 0, 1))
        line = ("release", "roll-out", "--release", str(folder), "--kind", kind, *_FAST)
        async with house.answering(lambda name: "confirmed"):
            if kind == "feature":
                said = (await house.operate(*line, status=1)).output
                assert "the security release 6.9.0 is being rolled out: 7.0.0 waits for its end" in said
                await house.operate("release", "pause", "--kind", "security")
            else:
                await house.operate(*line)
        found = fleet.saved(store, other)
        assert found
        why = {"security": "paused by hand", "feature": "security release 7.0.0 goes first"}
        assert (found.state, found.why) == ("paused", why[other])
    store.close()


async def test_a_pause_is_heard_by_the_command_that_rolls_out(house: House, folder: Path) -> None:
    line = (sys.executable, "-m", "menshen", "--file", house.folder / "house.db", "release", "roll-out")
    async with house.answering(lambda name: "confirmed" if name == _canary() else ""):
        rolling = programs.program(*line, "--release", folder, *_FAST, stdout=asyncio.subprocess.PIPE)
        async with rolling as process, asyncio.timeout(90):
            assert process.stdout
            said = b""
            while b"group 2 of 4" not in said:
                said += await process.stdout.read(4096)
            await house.operate("release", "pause")
            while more := await process.stdout.read(4096):
                said += more
            assert await process.wait() == 1
    assert b"paused, paused by hand" in said
    told = sum(house.told.values()) - 1  # the pause may come between two orders
    assert said.count(b"the order is taken back") == told


def _canary() -> str:
    from menshen.release.roll_out import split

    return split(NAMES, "1,100%", VERSION)[0][0]
