"""Ends tasks without fail.

A cancellation is a request, and one can get lost: `asyncio.wait_for` of Python before 3.12 drops it where
it comes in the same turn of the loop as the result, and goes on; so may any library that catches it.
Whoever asks once and then waits for the task waits for ever. Here a task is asked until it has ended.

The rest of tests/ and tools/ leaves `cancel`, `gather`, `wait_for` and `TaskGroup` alone, which ask once:
tests/static/test_ending.py.
"""

import asyncio
import contextlib
from collections.abc import AsyncIterator, Coroutine
from typing import Any, TypeVar

_ROUND_S = 10.0  # for a task to tidy up, before it is asked again
_ROUNDS = 6
_T = TypeVar("_T")


class NeverEndsError(Exception):
    """A task goes on however often it was cancelled; the text says where it stands."""


async def end(*tasks: asyncio.Future, round_s: float = _ROUND_S) -> None:
    """Cancel these tasks until all have ended. Each keeps its result or error."""
    going = {task for task in tasks if not task.done()}
    for _ in range(_ROUNDS):
        if not going:
            break
        for task in going:
            task.cancel()
        _, going = await asyncio.wait(going, timeout=round_s)
    for task in set(tasks) - going:
        if not task.cancelled():
            task.exception()  # looked at: the loop need not tell of it
    if going:
        raise NeverEndsError(f"cancelled {_ROUNDS} times, and goes on: {', '.join(map(repr, going))}")


def end_soon(task: asyncio.Future, round_s: float = _ROUND_S) -> None:
    """The same for callers that cannot wait: cancel it now, and again in each round until it has ended."""
    if not task.done():
        task.cancel()
        asyncio.get_running_loop().call_later(round_s, end_soon, task, round_s)


@contextlib.asynccontextmanager
async def running(work: Coroutine[Any, Any, _T]) -> AsyncIterator[asyncio.Task[_T]]:
    """A task that runs beside the block, and ends with it. Its errors are the block's to look at."""
    task = asyncio.ensure_future(work)
    try:
        yield task
    finally:
        await end(task)


async def within(seconds: float, work: Coroutine[Any, Any, _T]) -> _T:
    """Its result; raises TimeoutError where it takes longer, and it has ended by then.

    `asyncio.timeout` cancels only once, too: use it for work that is known to obey that.
    """
    async with running(work) as task:
        await asyncio.wait([task], timeout=seconds)
        if not task.done():
            raise TimeoutError
        return task.result()


async def first(*work: Coroutine[Any, Any, Any]) -> list[asyncio.Task[Any]]:
    """Wait until one of these is done, and end the others; the tasks, in this order."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        await asyncio.wait(tasks, return_when=asyncio.FIRST_COMPLETED)
    finally:
        await end(*tasks)
    return tasks


async def together(*work: Coroutine[Any, Any, Any]) -> list[Any]:
    """The results of all, in this order; once one fails the others are ended, and its error is raised."""
    tasks = [asyncio.ensure_future(each) for each in work]
    try:
        done, _ = await asyncio.wait(tasks, return_when=asyncio.FIRST_EXCEPTION)
        for task in done:
            task.result()
        return [task.result() for task in tasks]
    finally:
        await end(*tasks)
