"""What the reader's model takes does not grow with how late the computer is: delays do not add up."""

import pytest

from menshen.simulator.loop import JumpingLoop
from menshen.simulator.timeline import Timeline


def test_a_computer_that_is_late_each_time_is_late_once() -> None:
    loop, timeline = JumpingLoop(), Timeline()

    async def wait() -> float:
        timeline.start()
        for _ in range(10):
            await timeline.spend(0.010)
            loop._clock.now += 0.004  # the computer does something else
        await timeline.spend(0.010)
        return loop.time()

    assert loop.run_until_complete(wait()) == pytest.approx(0.110)
    assert timeline.now == pytest.approx(0.110)
    loop.close()


def test_what_has_waited_for_somebody_goes_on_from_then() -> None:
    loop, timeline = JumpingLoop(), Timeline()

    async def wait() -> float:
        timeline.start()
        loop._clock.now += 5  # until somebody came
        timeline.catch_up()
        await timeline.spend(0.010)
        return loop.time()

    assert loop.run_until_complete(wait()) == pytest.approx(5.010)
    loop.close()
