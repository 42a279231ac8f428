"""A program that a test starts, waits for until it is ready, and ends by its own id."""

import asyncio
import contextlib
from collections import deque
from collections.abc import Callable, Mapping, Sequence
from pathlib import Path
from typing import Protocol, TypeVar

from menshen.simulator.held_port import HeldPort
from tests import programs

LOCALHOST = "127.0.0.1"
_READY_S = 120
_END_S = 60
_STARTS = 5
_HELD_MAX = 60
_held: deque[HeldPort] = deque()


class BrokerFailed(Exception):
    """It ended instead of answering; the text is what it said."""


class Process:
    """One program; `ready` is a part of the line by which it says that it is at work."""

    def __init__(
        self, command: Sequence[str | Path], ready: str, env: Mapping[str, str] | None = None
    ) -> None:
        self.said: list[str] = []
        self._news = asyncio.Condition()
        self._command, self._ready, self._env = command, ready, env
        self._process: asyncio.subprocess.Process | None = None
        self._reading: asyncio.Task[None] | None = None

    @property
    def pid(self) -> int:
        """Of the program that runs; raises BrokerFailed if none does."""
        if self._process is None:
            raise BrokerFailed("it does not run")
        return self._process.pid

    async def start(self) -> None:
        """Return once it is ready; BrokerFailed if it ends before, as when somebody else has its port."""
        self.said.clear()
        process = self._process = await asyncio.create_subprocess_exec(
            *self._command,
            env=self._env,
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
        except BaseException:
            await self.stop()
            raise
        if self._reading.done():
            await self.stop()
            raise BrokerFailed("\n".join(self.said))

    async def says(self, part: str) -> None:
        """Wait until it has said this; raises TimeoutError."""
        async with asyncio.timeout(_READY_S), self._news:
            await self._news.wait_for(lambda: any(part in line for line in self.said))

    async def stop(self) -> None:
        """End it and what it has started, and wait until it is gone; nothing to do if it is."""
        process, self._process = self._process, None
        if process is None:
            return
        family = programs.family(process)
        try:
            with contextlib.suppress(ProcessLookupError):
                process.terminate()
            with contextlib.suppress(TimeoutError):
                async with asyncio.timeout(_END_S):
                    await process.wait()
        finally:
            programs.kill(family)
        assert self._reading
        try:
            async with asyncio.timeout(_END_S):  # what it has started may live on, and hold its output
                await self._reading
                await process.wait()
        except TimeoutError:
            raise BrokerFailed(f"something of {self._command[0]} goes on without it") from None

    async def _read(self, stream: asyncio.StreamReader, answers: asyncio.Event) -> None:
        """Keep what it says, to the end: a full pipe would stop it."""
        async for line in stream:
            self.said.append(line.decode(errors="replace").rstrip())
            if self._ready in self.said[-1]:
                answers.set()
            async with self._news:
                self._news.notify_all()
        answers.set()


def free_ports(count: int) -> list[int]:
    """Ports that nobody has, and that the system gives to nobody until some sixty more were asked for.

    A broker that names one may listen there, and again after a restart.
    """
    while len(_held) > _HELD_MAX:
        _held.popleft().close()
    for _ in range(count):
        _held.append(HeldPort())
    return [port.number for port in list(_held)[-count:]]


class Startable(Protocol):
    """Whatever takes its ports when it is made, and may find them gone when it is started."""

    async def start(self) -> None: ...


_S = TypeVar("_S", bound=Startable)


async def started(make: Callable[[], _S]) -> _S:
    """What `make` makes, started; made anew where somebody took its port between the choice and the use."""
    for _ in range(_STARTS - 1):
        made = make()
        with contextlib.suppress(BrokerFailed):
            await made.start()
            return made
    made = make()
    await made.start()
    return made
