"""A landlord with one file, one broker and one command line; and locks that answer as they are told to."""

import asyncio
import base64
import contextlib
import datetime as dt
import hashlib
import json
import ssl
from collections.abc import AsyncIterator, Sequence
from pathlib import Path

import aiomqtt
from click.testing import CliRunner, Result

from menshen import ending
from menshen.cli.main import main
from menshen.operator.certificates import Pair
from tests.integration.helpers.brokers import Broker
from tests.integration.helpers.rights import ROOT, client
from tests.tools.helpers.houses import new_house

LOCK = "demo"
STATE = {"firmware": "0.9.1", "list": 0, "clock": "network", "slot": "a", "faults": [], "signal": "good"}


class House:
    """A landlord with one file, one broker and one command line."""

    def __init__(self, folder: Path, broker: Broker) -> None:
        self.folder, self.broker = folder, broker

    async def operate(self, *arguments: str, fails: bool = False, file: str = "operator.db") -> Result:
        """Run one command beside everything else that goes on."""
        line = ["--file", str(self.folder / file), *arguments]
        result = await asyncio.to_thread(CliRunner(env={"COLUMNS": "200"}).invoke, main, line)
        assert bool(result.exit_code) == fails, (result.output, result.exception)
        return result

    async def begin(self, key: bytes) -> None:
        """The broker, and the lock LOCK."""
        (self.folder / "ca.crt.pem").write_bytes(self.broker.authority.certificate_pem)
        self.broker.operator().write(self.folder, "operator")
        (self.folder / "demo.key").write_text(key.hex())
        (self.folder / f"{LOCK}.json").write_text(json.dumps({"cards": {"plain_uid": True}}))
        address = f"{self.broker.host}:{self.broker.port}"
        new_house(self.folder / "operator.db")
        await self.operate("broker", address, "--certificates", str(self.folder))
        await self.operate("lock", "add", LOCK, "--key-file", str(self.folder / "demo.key"))

    async def add_lease(self) -> str:
        """A lease that has begun; its move-in code."""
        today = dt.datetime.now(dt.UTC).date()
        dates = ("--from", str(today), "--until", str(today + dt.timedelta(300)))
        said = (await self.operate("lease", "add", LOCK, *dates)).stdout
        return said.partition("move-in code: ")[2].splitlines()[0].replace(" ", "")


class Answering:
    """A lock that answers each list and command with what it was told to, and keeps them."""

    def __init__(self, connected: aiomqtt.Client) -> None:
        self._client = connected
        self.answer: dict = {"result": "accepted"}
        self.also: list[dict] = []
        """What another board under this name answers to each list, before this one does."""
        self.heads: list[dict] = []
        self.done: dict = {"result": "done"}
        self.commands: list[dict] = []

    async def say(self, leaf: str, retain: bool = False, **fields: object) -> None:
        await self._client.publish(f"{ROOT}/{LOCK}/{leaf}", json.dumps(fields), qos=1, retain=retain)

    async def listen(self) -> None:
        async for message in self._client.messages:
            assert isinstance(message.payload, bytes)
            said = read(message.payload)
            if "command" in said:
                self.commands.append(said)
                await self.say("ack", command=said["command"], nonce=said["nonce"], **self.done)
                continue
            self.heads.append(said)
            for other in self.also:
                await self.say("ack", **other)
            answer = {"list": self.heads[-1]["version"], "hash": self.named(-1), **self.answer}
            await self.say("ack", **answer)

    def named(self, place: int) -> str:
        """What names the list of a head."""
        return named(self.heads[place])


def read(message: bytes) -> dict:
    """What a signed message says."""
    return json.loads(base64.urlsafe_b64decode(message.split(b".")[1] + b"=="))


def named(head: dict) -> str:
    """What names the list of a head, in what a lock says."""
    delta = base64.urlsafe_b64decode(head["delta"] + "==")
    return hashlib.sha256(b"menshen hash v1" + bytes.fromhex(head["sha256"]) + delta).hexdigest()[:32]


@contextlib.asynccontextmanager
async def answering(broker: Broker) -> AsyncIterator[Answering]:
    """Online for as long as the block lasts."""
    async with client(broker, broker.lock(LOCK), "lock") as connected:
        lock = Answering(connected)
        await connected.subscribe([(f"{ROOT}/{LOCK}/{leaf}", 1) for leaf in ("list", "command")])
        await lock.say("state", True, online=True, **STATE)
        async with ending.running(lock.listen()):
            yield lock


@contextlib.asynccontextmanager
async def accepting(
    at: tuple[str, int], authority: Path, own: Pair, names: Sequence[str]
) -> AsyncIterator[None]:
    """Locks that are online and accept whatever they are sent; `authority` is the folder of ca.crt.pem."""
    context = ssl.create_default_context(cafile=authority / "ca.crt.pem")
    context.load_cert_chain(*reversed(own.write(authority, "locks")))
    async with aiomqtt.Client(*at, tls_context=context, identifier="locks", timeout=60) as connected:
        for name in names:
            state = json.dumps({"online": True, **STATE})
            await connected.publish(f"{ROOT}/{name}/state", state, qos=0, retain=True)
        await connected.subscribe(f"{ROOT}/+/list", qos=1)
        async with ending.running(_accept(connected)):
            yield


async def _accept(connected: aiomqtt.Client) -> None:
    async for message in connected.messages:
        assert isinstance(message.payload, bytes)
        head = read(message.payload)
        said = {"list": head["version"], "result": "accepted", "hash": named(head)}
        await connected.publish(str(message.topic).replace("/list", "/ack"), json.dumps(said), qos=0)
