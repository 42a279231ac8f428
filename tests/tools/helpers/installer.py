"""An installer at a simulated board, fresh from make flash: runs commands, answers, and works the door."""

import asyncio
import json
import re
import sys
from collections.abc import AsyncIterator, Awaitable, Callable
from contextlib import asynccontextmanager
from pathlib import Path

from menshen.board import factory
from menshen.simulator.serial_port import SerialPort
from tests import programs
from tests.conftest import TOP
from tests.simulated_lock import Lock
from tests.tools.helpers import base_images as bases

JUMPER = 39
_LIMIT_S = 90
Hands = dict[str, Callable[[Lock], Awaitable[None]]]


async def _press_all_keys(lock: Lock) -> None:
    await lock.keys("123456789*0#")


async def _hold_a_card(lock: Lock) -> None:
    await lock.hold("tenant")


async def _move_the_leaf(lock: Lock) -> None:
    if (await lock.state())["door"]["leaf"] == "open":
        await lock.close_leaf()
    else:
        await lock.open_leaf(force=True)


async def _press_exit(lock: Lock) -> None:
    await lock.press_exit()


async def _lift_the_lid(lock: Lock) -> None:
    await lock.tamper(not lock.world._tampered)


HANDS: Hands = {
    "Press every key[^\n]*\n +now": _press_all_keys,
    "hold a card": _hold_a_card,
    "Open the door[^\n]*\n +now": _move_the_leaf,
    "Press the exit button[^\n]*\n +now": _press_exit,
    "Press the tamper switch[^\n]*\n +now": _lift_the_lid,
}
"""What a person does when the self-test says so: regular expressions of what it says."""


class Installer:
    """`lock` is the board with its door, `port` its USB cable, `said` what the last command has said."""

    def __init__(self, lock: Lock, port: SerialPort, folder: Path) -> None:
        self.lock, self.port, self.folder = lock, port, folder
        self.said = ""
        self.process: asyncio.subprocess.Process | None = None
        network = lock.world._network
        self.settings: dict = {
            "lock": "front",
            "relay": {"unlock_level": 1, "seconds": 5},
            "wifi": {"ssid": "menshen-demo", "password": "a secret of the house"},
            "network": {"dns": [f"127.0.0.1:{network.dns_port}"]},
            "broker": {"host": "broker.menshen.test", "port": network.broker_port, "tls": False},
        }

    @property
    def settings_path(self) -> Path:
        return self.folder / "front.json"

    async def run(self, *arguments: str, hands: Hands | None = None, answers: str = "y") -> int:
        """Run a command of tools.board on this board, with its prompts answered; gives its exit status.

        `answers` are given one after the other to the questions, the last one to all that follow.
        """
        board = programs.program(
            "env",
            "--default-signal=INT",  # what runs in the background ignores it, and whatever that starts
            sys.executable,
            "-m",
            "menshen",
            "board",
            *arguments,
            "--port",
            self.port.path,
            stdin=asyncio.subprocess.PIPE,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
            cwd=TOP,
        )
        todo, self.said, asked, left = dict(HANDS if hands is None else hands), "", 0, list(answers)
        async with board as self.process, asyncio.timeout(_LIMIT_S):
            assert self.process.stdin
            assert self.process.stdout
            while data := await self.process.stdout.read(4096):
                self.said += data.decode()
                for cue in [cue for cue in todo if re.search(cue, self.said)]:
                    await todo.pop(cue)(self.lock)
                while self.said.count("[y/n]: ") > asked:
                    asked += 1
                    answer = left.pop(0) if len(left) > 1 else left[0]
                    self.process.stdin.write(answer.encode() + b"\n")
            return await self.process.wait()

    async def provision(self, *arguments: str, hands: Hands | None = None, answers: str = "y") -> int:
        """make provision with `settings`."""
        self.settings_path.write_text(json.dumps(self.settings))
        command = ("provision", "--settings", str(self.settings_path), *arguments)
        return await self.run(*command, hands=hands, answers=answers)

    async def leave(self) -> None:
        """Close the door and the case, and take the card along."""
        await self.lock.close_leaf()
        await self.lock.tamper(False)
        await self.lock.take_away()

    async def file(self, path: str) -> bytes | None:
        """What lies in the flash of the board, whose power is cut for this look."""
        await self.lock.power(False)
        try:
            return self.lock.world.board.read_file(path)
        except FileNotFoundError:
            return None


@asynccontextmanager
async def at_a_new_board(lock: Lock, app_dir: Path, folder: Path) -> AsyncIterator[Installer]:
    """The lock's board, off until now, with a factory image's files in its flash and its jumper fitted."""
    built = factory.build(bases.base(bases.OTA), factory.application(app_dir))
    board = lock.world.board
    board.flash_path.write_bytes(built.image[built.files.offset : built.files.end])
    board.set_input(JUMPER, 0)
    with SerialPort(board.repl) as port:
        await lock.power(True)
        yield Installer(lock, port, folder)
