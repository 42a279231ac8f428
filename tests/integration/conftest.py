"""A real Mosquitto for each test that asks for one, from the package that set-up has fetched."""

import asyncio
import contextlib
import socket
from collections.abc import AsyncIterator
from pathlib import Path

import pytest_asyncio

from tests.conftest import TOP

PROGRAM = TOP / "build/toolchain/bin/mosquitto"
_LOCALHOST = "127.0.0.1"
_STARTS = 5
_READY_S = 20


class BrokerFailed(Exception):
    """It ended instead of answering; the text is what it said."""


class Mosquitto:
    """One broker on a port that the system chose; it can be stopped and started again on the same one.

    `more` are lines of its configuration, in which {port} is that of a second listener, `tls_address`.
    """

    def __init__(self, folder: Path, more: str = "") -> None:
        with socket.create_server((_LOCALHOST, 0)) as probe, socket.create_server((_LOCALHOST, 0)) as second:
            self.address = probe.getsockname()[:2]
            self.tls_address = second.getsockname()[:2]
        self.said: list[str] = []
        self._config = folder / "mosquitto.conf"
        self._config.write_text(
            f"listener {self.address[1]} {_LOCALHOST}\nallow_anonymous true\npersistence false\n"
            + more.format(port=self.tls_address[1])
        )
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    async def start(self) -> None:
        """Return once it answers; BrokerFailed if somebody else has the port by now."""
        self.said.clear()
        process = self._process = await asyncio.create_subprocess_exec(
            PROGRAM,
            "-c",
            self._config,
            stdin=asyncio.subprocess.DEVNULL,
            stdout=asyncio.subprocess.PIPE,
            stderr=asyncio.subprocess.STDOUT,
        )
        assert process.stdout
        answers = asyncio.Event()
        self._reading = asyncio.ensure_future(self._read(process.stdout, answers))
        try:
            async with asyncio.timeout(_READY_S):
                await answers.wait()
        except TimeoutError:
            await self.stop()
            raise BrokerFailed("\n".join(self.said)) from None
        if self._reading.done():
            await self.stop()
            raise BrokerFailed("\n".join(self.said))

    async def stop(self) -> None:
        """End it, by its process id, and wait until it is gone; nothing to do if it is."""
        process, self._process = self._process, None
        if process is None:
            return
        with contextlib.suppress(ProcessLookupError):
            process.terminate()
        await process.wait()
        assert self._reading
        await self._reading

    async def _read(self, stream: asyncio.StreamReader, answers: asyncio.Event) -> None:
        """Keep what it says, to the end: a full pipe would stop it."""
        async for line in stream:
            self.said.append(line.decode(errors="replace").rstrip())
            if self.said[-1].endswith(" running"):
                answers.set()
        answers.set()


@pytest_asyncio.fixture
async def mosquitto(tmp_path: Path) -> AsyncIterator[Mosquitto]:
    """A running broker that knows nobody, remembers nothing over a restart, and ends with the test."""
    async with running(tmp_path) as broker:
        yield broker


@contextlib.asynccontextmanager
async def running(folder: Path, more: str = "") -> AsyncIterator[Mosquitto]:
    """A broker that runs for as long as the block lasts."""
    for left in reversed(range(_STARTS)):  # between the choice of a port and its use it may be taken
        broker = Mosquitto(folder, more)
        try:
            await broker.start()
            break
        except BrokerFailed:
            if not left:
                raise
    try:
        yield broker
    finally:
        await broker.stop()
