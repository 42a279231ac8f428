"""What tests start ends for certain."""

import asyncio
import signal

import psutil

from tests import programs

_STUBBORN = "trap '' TERM; sleep 600 & echo $!; wait"


async def test_a_program_ends_with_its_block_and_so_does_what_it_started() -> None:
    """That holds its output, for whose end Python 3.11 waits; neither hears SIGTERM."""
    async with programs.program("sh", "-c", _STUBBORN, stdout=asyncio.subprocess.PIPE) as process:
        assert process.stdout
        child = psutil.Process(int(await process.stdout.readline()))
        assert child.is_running()
    try:
        assert process.returncode == -signal.SIGKILL
        async with asyncio.timeout(60):
            while _runs(child):  # noqa: ASYNC110 (another process's end has no event)
                await asyncio.sleep(0.01)
    finally:
        programs.kill([child])


def _runs(process: psutil.Process) -> bool:
    try:
        return process.status() != psutil.STATUS_ZOMBIE
    except psutil.NoSuchProcess:
        return False
