"""A house to try: Mosquitto over TLS with the shipped rules, three locks provisioned like boards, and a file.

Everything is done with the commands that a landlord and an installer type; only the boards and their cables
are simulated. It begins anew each time.
"""

import asyncio
import contextlib
import datetime as dt
import json
import os
import pwd
import shutil
import socket
import sys
from collections.abc import AsyncIterator, Callable
from pathlib import Path
from typing import Any

from menshen import ending, mqtt, wiring
from menshen.board import console as cable
from menshen.board import provision as installer
from menshen.board import selftest
from menshen.console_lines import ARMED
from menshen.errors import MenshenError
from menshen.operator.certificates import Authority

from .held_port import HeldPort
from .outfit import Chip, Installed, Outfit, Services
from .programs import program
from .provision import BROKER_NAME
from .serial_port import SerialPort
from .server import Server
from .world import World

LOCKS = {"house-door": "House door", "flat-1": "Flat 1", "flat-2": "Flat 2"}
_LOCALHOST = "127.0.0.1"
_SHARED = "house-door"
_PATIENCE_S = 90
_AGAIN_S = 1.0
_STARTS = 3
_TAKEN = {"accepted", "held"}
_CLEANER = "cleaner"
_HOURS = "mon-fri 08:00-17:00, sat+holiday 9:00-12:00"

Say = Callable[[str], None]


class HouseError(MenshenError):
    """The house could not be begun; the message is what a command or the broker said."""


class Onlooker:
    """Hears the broker with the operator's certificate, as the page shows it, and publishes there.

    A lost connection is made anew, and the broker's retained messages are received again.
    """

    def __init__(self, address: str, tls: mqtt.Tls | None, heard: Callable[[str, bytes], None]) -> None:
        self._address, self._tls, self._heard = address, tls, heard
        self._ends = contextlib.AsyncExitStack()
        self._client: Any = None
        self._at_broker = asyncio.Event()

    async def start(self) -> None:
        """Connect, and hear everything from now on. Raises BrokerError."""
        listening = await self._ends.enter_async_context(ending.running(self._listen()))
        await ending.first(self._at_broker.wait(), asyncio.wait([listening]))
        if listening.done():
            listening.result()

    async def stop(self) -> None:
        """Disconnect."""
        await self._ends.aclose()

    async def publish(self, topic: str, payload: bytes, retain: bool = False) -> None:
        """Put something there, as the operator."""
        await self._at_broker.wait()
        await self._client.publish(topic, payload, qos=1, retain=retain)

    async def _listen(self) -> None:
        met = False
        while True:
            try:
                async with mqtt.connected(self._address, self._tls) as self._client:
                    await self._client.subscribe("menshen/#")
                    met = True
                    self._at_broker.set()
                    async for message in self._client.messages:
                        self._heard(str(message.topic), bytes(message.payload or b""))
            except mqtt.BrokerError:
                if not met:
                    raise
                self._at_broker.clear()
                await asyncio.sleep(_AGAIN_S)


class House:
    """`folder` gets all of it. `where` are the programs: mosquitto and micropython.

    `settings` change parts of those that each lock is provisioned with.
    """

    def __init__(
        self, folder: Path, app_dir: Path, where: Path, say: Say, settings: dict | None = None
    ) -> None:
        self.folder, self._app_dir, self._where, self._say = folder, app_dir, where, say
        self._settings = {"broker": {"tls": True}} | (settings or {})
        self.file, self.certificates = folder / "house.db", folder / "certificates"
        self.worlds: dict[str, World] = {}
        self.codes: dict[str, str] = {}
        self.port = 0
        self._ends = contextlib.AsyncExitStack()

    async def start(self, listeners: dict[str, socket.socket]) -> None:
        """Begin it; each lock has its page at its listener. Raises HouseError and MenshenError."""
        shutil.rmtree(self.folder, ignore_errors=True)
        self.folder.mkdir(parents=True, mode=0o700)
        async with contextlib.AsyncExitStack() as ends:
            self._say("The broker: Mosquitto over TLS, with the shipped rules")
            await self._broker(ends)
            for name, listener in listeners.items():
                self._say(f"{LOCKS[name]}: a new board is provisioned over its cable")
                await self._lock(ends, name, listener)
            self._say("Leases, staff, a holiday, and the lists that the locks take")
            await self._fill()
            self._ends = ends.pop_all()

    async def stop(self) -> None:
        """End the pages, the locks and the broker."""
        await self._ends.aclose()

    async def menshen(self, *arguments: str) -> str:
        """Run one command on the house's file; its standard output. Raises HouseError with its sentence."""
        line = [sys.executable, "-m", "menshen", "--file", str(self.file), *arguments]
        pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.PIPE}
        async with program(*line, **pipes) as process:
            said, wrong = await process.communicate()
        if process.returncode:
            raise HouseError(f"menshen {' '.join(arguments)}: {wrong.decode().strip()}")
        return said.decode()

    async def _broker(self, ends: contextlib.AsyncExitStack) -> None:
        held = HeldPort()
        ends.callback(held.close)
        self.port = held.number
        address = f"{_LOCALHOST}:{self.port}"
        await self.menshen("init", "--zone", "Europe/Berlin", "--broker", "none", "--seal", "key")
        for line in (("authority",), ("operator",)):
            await self.menshen("pki", *line, str(self.certificates))
        folder = self.folder / "mosquitto"
        await self.menshen(
            *("brokers", "mosquitto", str(folder), "--authority", str(self.certificates)),
            *("--host", BROKER_NAME, "--host", _LOCALHOST, "--listen", _LOCALHOST, "--port", str(self.port)),
            *("--user", pwd.getpwuid(os.geteuid()).pw_name),
        )
        await ends.enter_async_context(_running(self._where / "mosquitto", folder / "mosquitto.conf"))
        await self.menshen("broker", address, "--certificates", str(self.certificates))

    async def _lock(self, ends: contextlib.AsyncExitStack, name: str, listener: socket.socket) -> None:
        keys = self.folder / "settings"
        await self.board(ends, name, listener, self.folder / "boards" / name, keys)
        await self.menshen("lock", "add", name, "--key-file", str(keys / f"{name}.key"))
        await self.menshen("lock", "rename", name, LOCKS[name])

    async def board(
        self,
        ends: contextlib.AsyncExitStack,
        name: str,
        listener: socket.socket,
        folder: Path,
        keys: Path,
    ) -> None:
        """Provision a new board for this door; it lies in `folder`, its settings and key in `keys`."""
        names = ("ca.crt.pem", "operator.crt.pem", "operator.key.pem")
        tls = mqtt.Tls(*(self.certificates / file for file in names))
        address = f"{_LOCALHOST}:{self.port}"
        at = (_LOCALHOST, self.port)
        world = World(
            folder,
            self._app_dir,
            Chip(self._where / "micropython", self._app_dir.parent / "fakes"),
            Outfit(self._settings, installed=Installed(name, lambda heard: Onlooker(address, tls, heard))),
            Services(broker_address=at, tls_address=at, sntp=True),
        )
        self.worlds[name] = world
        server = Server(world)
        ends.push_async_callback(world.stop)
        await world.start(power=False)
        ends.push_async_callback(server.stop)
        await self._provision(world, keys / f"{name}.json")
        await server.start(listener)

    async def _provision(self, world: World, path: Path) -> None:
        """As `menshen board provision` does, but for the self-test, which wants a person's hands."""
        _write_settings(path, world.config)
        jumper = wiring.gpio(world.profile, "jumper")
        world.board.set_input(jumper, 0)
        with SerialPort(world.board.repl) as port:
            await world.power(True)
            await asyncio.to_thread(self._install, port.path, path)
        world.board.set_input(jumper, 1)
        await world.power(False)
        await world.power(True)
        await world.board.wait_line(ARMED, _PATIENCE_S)

    def _install(self, port: str, path: Path) -> None:
        lock = installer.prepare(installer.read_settings(path), Authority.load(self.certificates))
        with cable.Console.open(port) as console:
            installer.check_board(console, lock, force=False)
            installer.stash(lock, path.parent)
            installer.install(console, lock, lambda _path, _count: None)
            installer.put_in_place(lock, path.parent)
            selftest.seal(console)

    async def _fill(self) -> None:
        year = dt.date.today().year
        for flat in ("flat-1", "flat-2"):
            line = ("lease", "add", _SHARED, flat, "--until", f"{year + 1}-12-31")
            said = await self.menshen(*line, "--note", LOCKS[flat].lower())
            self.codes[flat] = said.partition("move-in code")[2].partition(": ")[2].splitlines()[0]
        card = self.worlds[_SHARED].cards[_CLEANER].uid.hex()
        await self.menshen("staff", "add", *LOCKS, "Cleaner", "--card", card, "--hours", _HOURS)
        await self.menshen("holiday", "add", f"{year}-12-25", "Christmas")
        await self.publish()
        for name, world in self.worlds.items():
            await self.say_anew(name, world)

    async def publish(self) -> None:
        """Give all locks their lists, until each has taken its own, however busy this computer is."""
        outcomes = {"waiting"}
        try:
            async with asyncio.timeout(_PATIENCE_S):
                while not outcomes <= _TAKEN:
                    said = await self.menshen("publish", "--all", "--json")
                    outcomes = {one["outcome"] for one in json.loads(said)}
        except TimeoutError:
            raise HouseError(f"not all locks take their lists: {', '.join(sorted(outcomes))}") from None

    async def say_anew(self, name: str, world: World) -> None:
        """Restart a lock: it says how it is when it connects, and then a quarter of an hour later.

        One that had a fault at that moment, as on a busy computer, is restarted again. Raises HouseError.
        """
        news = asyncio.Event()
        world.on_event(lambda event: news.set())
        says: dict = {}
        for _ in range(_STARTS):
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_PATIENCE_S):
                    await world.power(False)
                    await _until_online(world, news, False)
                    await world.power(True)
                    await world.board.wait_line(ARMED, _PATIENCE_S)
                    says = await _until_online(world, news, True)
                    if not says.get("faults"):
                        return
        raise HouseError(f"{name} does not come up well: {says.get('faults', 'it is not online')}")


async def _until_online(world: World, news: asyncio.Event, wanted: bool) -> dict:
    """What the lock says once it is online, or no longer."""
    while ((says := world.state()["lock"]).get("online") is True) != wanted:
        news.clear()
        await news.wait()
    return says


def _write_settings(path: Path, config: dict) -> None:
    """Write settings as an installer has them: without a key, and in the house's time zone."""
    path.parent.mkdir(exist_ok=True, mode=0o700)
    given = {key: value for key, value in config.items() if key != "key"}
    path.write_text(json.dumps(given | {"time": {"zone": "CET-1CEST,M3.5.0,M10.5.0/3"}}, indent=1), "utf-8")


@contextlib.asynccontextmanager
async def _running(mosquitto: Path, config: Path) -> AsyncIterator[None]:
    """Mosquitto, for as long as the block lasts. Raises HouseError if it does not start."""
    # In a session of its own: Ctrl-C is for us.
    options = {"stdout": asyncio.subprocess.DEVNULL, "stderr": asyncio.subprocess.PIPE}
    async with program(mosquitto, "-c", config, start_new_session=True, **options) as process:
        assert process.stderr is not None
        said = b""
        async with asyncio.timeout(_PATIENCE_S):
            while b" running" not in said:
                line = await process.stderr.readline()
                if not line:
                    raise HouseError(f"Mosquitto does not start: {said.decode().strip()}")
                said += line
        async with ending.running(_drained(process.stderr)):
            yield


async def _drained(stream: asyncio.StreamReader) -> None:
    while await stream.readline():
        pass
