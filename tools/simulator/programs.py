"""Starts programs that end with the block that they run beside, however that ends."""

import asyncio
import contextlib
import os
from collections.abc import AsyncIterator

_PATIENCE_S = 10  # to end by itself, once it is told to


@contextlib.asynccontextmanager
async def program(*command: str | os.PathLike, **options) -> AsyncIterator[asyncio.subprocess.Process]:
    """A program that runs beside the block; at its end what is left of it is ended, and killed if need be."""
    process = await asyncio.create_subprocess_exec(*command, stdin=asyncio.subprocess.DEVNULL, **options)
    try:
        yield process
    finally:
        with contextlib.suppress(ProcessLookupError):
            if process.returncode is None:
                process.terminate()
        with contextlib.suppress(TimeoutError):
            async with asyncio.timeout(_PATIENCE_S):
                await process.communicate()
        if process.returncode is None:
            with contextlib.suppress(ProcessLookupError):
                process.kill()
            await process.communicate()
