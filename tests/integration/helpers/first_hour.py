"""A landlord's house with its doors and its people, for a story: real programs, and days that pass."""

import asyncio
import contextlib
import json
import re
import shutil
import sys
from collections.abc import AsyncIterator
from pathlib import Path

import aiohttp

from menshen import build_app, ending
from menshen.release import keys, output
from menshen.simulator.house import LOCKS, House
from menshen.simulator.server import listen_on
from menshen.wiring import BOARDS
from tests import programs, releases
from tests.simulated_lock import Event, Lock, Test

_PATIENCE_S = 240
_DAY_S = 86_400
_WAIT_S = 1.0  # of a person before the keypad, to whom the light was orange
_TOOLCHAIN = build_app.TOP / "build" / "toolchain" / "bin"
_SETTINGS = {
    "broker": {"tls": True, "backoff_cap_s": 1},
    "relay": {"seconds": 1},
    "update": {"trial_s": 1, "spread_s": 0},
}
# The same command on a computer whose calendar is ahead.
_LATER = """
import time
now = time.time
time.time = lambda: now() + {}
from menshen.cli.main import main
main()
"""


class Door(Lock):
    """One of the house's doors, and whoever stands before it."""

    async def talk(self, *entries: tuple[str, str]) -> None:
        """Type each, and see the light that answers; whoever typed something wrong before has to wait."""
        for typed, light in entries:
            await self._type(typed, lambda e, light=light: e["type"] == "led" and e["name"] == light)

    async def _type(self, typed: str, answer: Test) -> None:
        def answered(event: Event) -> bool:
            return answer(event) or (event["type"] == "led" and event["name"] == "throttled")

        while True:
            await self.keys(typed)
            if answer(await self.wait_event(answered)):
                return
            await asyncio.sleep(_WAIT_S)

    async def move_in(self, code: str, pin: str) -> None:
        await self.talk((code + "#", "enrolling"), (pin + "#", "enrolling"), (pin + "#", "kept"))
        await self.opens(pin)

    async def opens(self, pin: str) -> None:
        await self._type(pin + "#", lambda e: e["type"] == "pin" and (e["name"], e["level"]) == ("relay", 1))
        await self.wait_locked()

    async def stays_shut(self, pin: str) -> None:
        await self.talk((pin + "#", "denied"))
        assert not [e for e in self.since() if e["type"] == "pin" and e["name"] == "relay" and e["level"]]

    async def shuts_out(self, card: str) -> None:
        async with self.tap(card):
            await self.wait_light("denied")

    async def wait_state(self, **fields: object) -> None:
        """The broker hears from it that this is so."""

        def wanted(event: Event) -> bool:
            if event["type"] != "operator" or not event["topic"].endswith("/state"):
                return False
            said = json.loads(event["payload"] or "{}")
            return all(said.get(name) == value for name, value in fields.items())

        await self.wait_event(wanted, _PATIENCE_S)


async def typed(*arguments: str, status: int = 0, patience_s: float = _PATIENCE_S) -> str:
    """Run this Python program, a command that ends with `status`; what it prints on both."""
    pipes = {"stdout": asyncio.subprocess.PIPE, "stderr": asyncio.subprocess.STDOUT}
    async with programs.program(sys.executable, *arguments, **pipes) as process:
        async with asyncio.timeout(patience_s):
            assert process.stdout
            said = (await process.stdout.read()).decode()
            assert await process.wait() == status, said
    return said


class Hour:
    """`house` runs; `doors` by the names of its locks. `file` is the landlord's, `days` have passed."""

    def __init__(self, house: House, session: aiohttp.ClientSession, ends: contextlib.AsyncExitStack) -> None:
        self.house, self._session, self._ends = house, session, ends
        self.doors: dict[str, Door] = {}
        self.file, self.days = house.file, 0

    async def menshen(self, *arguments: str, status: int = 0) -> str:
        """Type a command; what it prints on both."""
        python = ["-c", _LATER.format(self.days * _DAY_S)] if self.days else ["-m", "menshen"]
        return await typed(*python, "--file", str(self.file), *arguments, status=status)

    async def publish(self, status: int = 0) -> str:
        return await self.menshen("publish", "--all", status=status)

    def code(self, said: str) -> str:
        """The move-in code that a command has shown."""
        found = re.search(r"move-in code[^:]*: (\d{4}) (\d{4})", said)
        assert found, said
        return found[1] + found[2]

    async def stand_at(self, name: str, url: str) -> None:
        """Be at this door from now on."""
        door = self.doors[name] = Door(self.house.worlds[name], url, self._session)
        heard = asyncio.Event()
        await self._ends.enter_async_context(ending.running(door.listen(heard)))
        async with asyncio.timeout(_PATIENCE_S):
            await heard.wait()

    async def replace_board(self, name: str, keys_folder: Path) -> None:
        """The board of this door dies, and the installer puts another in its place."""
        await self.doors[name].power(False)
        listener = listen_on(0)
        folder = self.house.folder / "boards" / f"{name}-new"
        await self.house.board(self._ends, name, listener, folder, keys_folder)
        self.house.worlds[name].network_time_ahead(self.days * _DAY_S)
        await self.stand_at(name, f"http://127.0.0.1:{listener.getsockname()[1]}")

    async def pass_days(self, days: int, *names: str, calendar: bool = False) -> None:
        """Days under power go by at these doors; by the calendar of the whole world, too, if that is said."""
        if calendar:
            self.days += days
            for world in self.house.worlds.values():
                world.network_time_ahead(self.days * _DAY_S)
        for name in names:
            door = self.doors[name]
            await door.power(False)
            path = door.world.board.nvs_path
            numbers = json.loads(path.read_text())
            numbers["menshen"]["lived"] = numbers["menshen"].get("lived", 0) + 24 * days
            numbers["menshen"]["wrong_codes"] = 0  # it has faded long before
            path.write_text(json.dumps(numbers))
            await door.power(True)
            await door.wait_state(online=True)


@contextlib.asynccontextmanager
async def first_hour(folder: Path) -> AsyncIterator[Hour]:
    """A house as `make house` begins it, whose locks trust the release key of this run."""
    app = folder / "app"
    shutil.copytree(build_app.build(), app)
    trusted = app / "slots/a/update/keys"
    trusted.parent.mkdir(parents=True, exist_ok=True)
    trusted.write_bytes(keys.trusted([releases.key().public_key()]))
    fakes = app.parent / "fakes"
    shutil.copytree(build_app.APP.parent / "fakes", fakes)
    house = House(folder / "house", app, _TOOLCHAIN, print, _SETTINGS)
    listeners = {name: listen_on(0) for name in LOCKS}
    async with contextlib.AsyncExitStack() as ends, aiohttp.ClientSession() as session:
        await house.start(listeners)
        ends.push_async_callback(house.stop)
        hour = Hour(house, session, ends)
        for name, listener in listeners.items():
            await hour.stand_at(name, f"http://127.0.0.1:{listener.getsockname()[1]}")
        yield hour


def release(folder: Path, version: str, edits: releases.Edits | None = None) -> Path:
    """The application in another version, with these edits, signed for all boards."""
    key = releases.key()
    texts = [("version.py", 'VERSION = ".*"', f'VERSION = "{version}"')]
    texts += [(name, re.escape(old), new) for name, (old, new) in (edits or {}).items()]
    made = releases._built(tuple(texts), keys.trusted([key.public_key()]))
    return output.write(made, {board: made.manifest(key, board) for board in BOARDS}, folder).path
