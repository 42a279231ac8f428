"""Programs that a test starts: each ends for certain, and so does what it has started."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator, Iterable
from typing import Any

import psutil

_PATIENCE_S = 60  # for what was killed


@contextlib.asynccontextmanager
async def program(*command: str | os.PathLike, **options: Any) -> AsyncIterator[asyncio.subprocess.Process]:
    """One that runs beside the block; what is left of it then is killed."""
    process = await asyncio.create_subprocess_exec(*command, **options)
    try:
        yield process
    finally:
        kill(family(process))
        # To the end of its output: before that Python 3.11 does not believe in its end.
        async with asyncio.timeout(_PATIENCE_S):
            await process.communicate()


def family(process: asyncio.subprocess.Process) -> list[psutil.Process]:
    """A program that runs, and what it has started; nobody if it has ended."""
    if process.returncode is None:
        with contextlib.suppress(psutil.NoSuchProcess):
            leader = psutil.Process(process.pid)
            return [leader, *leader.children(recursive=True)]
    return []


def kill(processes: Iterable[psutil.Process]) -> None:
    """Those of them that have not ended; each is known by its start too, not only by its number."""
    for process in processes:
        with contextlib.suppress(psutil.NoSuchProcess):
            process.kill()
