"""What is to end does end, also where a cancellation gets lost."""

import asyncio
import sys
from collections.abc import Iterator

import pytest

from menshen import ending

_ROUND_S = 0.01  # of a task that loses cancellations, which has nothing to tidy up


async def _for_ever() -> None:
    await asyncio.get_running_loop().create_future()


async def _wait_for(future: asyncio.Future) -> None:
    """As Python before 3.12 has it: a cancellation that meets the result is dropped."""
    try:
        await asyncio.shield(future)
    except asyncio.CancelledError:
        if not future.done():
            raise


async def _cancelled_at_its_result(wait_for) -> asyncio.Task[None]:
    """A task that goes on after its wait, as a listener does that has answered; cancelled, and given time."""
    future = asyncio.get_running_loop().create_future()

    async def listen() -> None:
        await wait_for(future)
        await _for_ever()

    task = asyncio.ensure_future(listen())
    await asyncio.sleep(0)
    future.set_result(None)
    task.cancel()
    for _ in range(100):
        await asyncio.sleep(0)
    return task


async def test_a_task_that_loses_a_cancellation_is_ended() -> None:
    task = await _cancelled_at_its_result(_wait_for)
    assert not task.done(), "who waits for it now waits for ever"
    await ending.end(task)
    assert task.cancelled()


async def test_this_python_loses_it_if_it_is_older_than_3_12() -> None:
    task = await _cancelled_at_its_result(lambda future: asyncio.wait_for(future, 60))
    assert task.done() == (sys.version_info >= (3, 12))
    await ending.end(task)
    assert task.cancelled()


class _Stubborn:
    """Loses so many cancellations, until it is let go."""

    def __init__(self, times: int) -> None:
        self.times, self.asked = times, 0
        self.gone = asyncio.Event()

    async def run(self) -> None:
        while not self.gone.is_set():
            try:
                await self.gone.wait()
            except asyncio.CancelledError:
                self.asked += 1
                if self.asked > self.times:
                    raise


@pytest.fixture
def stubborn(request: pytest.FixtureRequest) -> Iterator[_Stubborn]:
    """Loses three, or as many as the test says; it goes in any case when the test is over."""
    stubborn = _Stubborn(getattr(request, "param", 3))
    yield stubborn
    stubborn.gone.set()


async def _begun(stubborn: _Stubborn) -> asyncio.Task[None]:
    task = asyncio.ensure_future(stubborn.run())
    await asyncio.sleep(0)
    return task


async def test_it_is_asked_again_and_again(stubborn: _Stubborn) -> None:
    task = await _begun(stubborn)
    await ending.end(task, round_s=_ROUND_S)
    assert (task.cancelled(), stubborn.asked) == (True, 4)


async def test_who_cannot_wait_has_it_asked_again_too(stubborn: _Stubborn) -> None:
    task = await _begun(stubborn)
    ending.end_soon(task, round_s=_ROUND_S)
    await asyncio.wait([task], timeout=60)
    assert (task.cancelled(), stubborn.asked) == (True, 4)


@pytest.mark.parametrize("stubborn", [1_000_000], indirect=True)
async def test_a_task_that_never_ends_is_named_and_not_waited_for(stubborn: _Stubborn) -> None:
    task = await _begun(stubborn)
    with pytest.raises(ending.NeverEndsError, match=r"_Stubborn\.run"):
        await ending.end(task, round_s=_ROUND_S)
    assert not task.done()
    stubborn.gone.set()
    await task


async def test_a_task_may_tidy_up_in_peace() -> None:
    tidied = asyncio.Event()

    async def tidy() -> None:
        try:
            await _for_ever()
        finally:
            await asyncio.sleep(0.05)
            tidied.set()

    async with ending.running(tidy()):
        await asyncio.sleep(0)
    assert tidied.is_set()


async def test_what_runs_beside_a_block_ends_with_it_however_that_ends() -> None:
    with pytest.raises(ZeroDivisionError):
        async with ending.running(_for_ever()) as beside:
            raise ZeroDivisionError
    assert beside.cancelled()


async def test_what_takes_too_long_is_ended() -> None:
    stubborn = _Stubborn(0)
    with pytest.raises(TimeoutError):
        await ending.within(0.01, stubborn.run())
    assert stubborn.asked == 1
    assert await ending.within(60, _answer(7, 3)) == 7


async def _answer(number: int, turns: int) -> int:
    for _ in range(turns):
        await asyncio.sleep(0)
    return number


async def _fail() -> None:
    raise ZeroDivisionError


async def test_the_first_to_be_done_ends_the_others() -> None:
    other, quick = await ending.first(_for_ever(), _answer(7, 3))
    assert (other.cancelled(), quick.result()) == (True, 7)


async def test_the_results_of_all_come_in_their_order() -> None:
    assert await ending.together(_answer(1, 5), _answer(2, 1)) == [1, 2]


async def test_an_error_of_one_ends_the_others_and_is_raised() -> None:
    stubborn = _Stubborn(0)
    with pytest.raises(ZeroDivisionError):
        await ending.together(stubborn.run(), _fail())
    assert stubborn.asked == 1
