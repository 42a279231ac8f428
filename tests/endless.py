"""Ends a test that does not end by itself, and tells where it and each of its asyncio tasks stood.

A limit of the threads alone, as plugins have it, would tell that the event loop waits, and not for whom.
"""

import asyncio
import gc
import inspect
import os
import signal
from collections.abc import AsyncIterator, Iterator
from types import FrameType

import pytest
import pytest_asyncio

from menshen import ending

_LIMIT_S = 0 if os.environ.get("MENSHEN_NIGHTLY") else 900  # of one test; 0 for none
_AGAIN_S = 60  # for each step of its tidying up that does not end either


class Endless(Exception):
    """What the test's tasks were waiting for."""


@pytest.fixture(autouse=True)
def nothing_goes_on(request: pytest.FixtureRequest) -> None:
    """The loop of a test is closed when all its tasks have ended, and closing it would ask them only once."""
    if asyncio.iscoroutinefunction(getattr(request, "function", None)):
        request.getfixturevalue("tasks_left")


@pytest_asyncio.fixture
async def tasks_left() -> AsyncIterator[None]:
    """End what the test and its other fixtures have left, since this one is the first of all."""
    yield
    await ending.end(*asyncio.all_tasks() - {asyncio.current_task()})


@pytest.hookimpl(wrapper=True, tryfirst=True)
def pytest_runtest_protocol(item: pytest.Item) -> Iterator[None]:
    """Limit the test with its fixtures."""
    before = signal.signal(signal.SIGALRM, _end)
    signal.alarm(_LIMIT_S)
    try:
        return (yield)
    finally:
        signal.alarm(0)
        signal.signal(signal.SIGALRM, before)


def _end(number: int, frame: FrameType | None) -> None:
    signal.alarm(_AGAIN_S)
    try:
        tasks = asyncio.all_tasks()
    except RuntimeError:  # no loop runs
        tasks = set()
    places = "".join(f"\n{task!r}{''.join(map(_line, _frames(task.get_coro())))}" for task in tasks)
    raise Endless(f"no end after {_LIMIT_S} s; its tasks:{places}")


def _line(frame: FrameType) -> str:
    code = frame.f_code
    return f"\n  {code.co_filename}:{frame.f_lineno} {code.co_qualname}"


def _frames(awaited: object) -> Iterator[FrameType]:
    """Of a suspended coroutine and of all that it awaits, the outermost first."""
    while awaited is not None:
        for kind, onward in (("cr", "await"), ("gi", "yieldfrom"), ("ag", "await")):
            if frame := getattr(awaited, f"{kind}_frame", None):
                yield frame
                awaited = getattr(awaited, f"{kind}_{onward}")
                break
        else:  # the step of an asynchronous generator does not tell whose it is
            awaited = next(filter(inspect.isasyncgen, gc.get_referents(awaited)), None)
