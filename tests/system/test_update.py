"""A lock is brought to another release by its operator, and goes back by itself if that is bad."""

from collections.abc import Awaitable, Callable
from pathlib import Path

import pytest

from tests.releases import Operator
from tests.simulated_lock import Lock

_SETTINGS = {"relay": {"unlock_level": 1, "seconds": 1}, "update": {"trial_s": 1, "spread_s": 0}}

Made = Callable[..., Awaitable[Operator]]


@pytest.fixture
def updatable(make_lock: Callable[..., Awaitable[Lock]], app_dir: Path) -> Made:
    """Makes a lock that trusts the release key of this run, online."""

    async def make(**options: object) -> Operator:
        lock = await make_lock(power=False, settings=_SETTINGS, **options)
        operator = Operator(lock, app_dir)
        operator.trust()
        await lock.power(True)
        await lock.wait_armed()
        await lock.wait_online()
        return operator

    return make


async def test_a_release_is_fetched_tried_and_confirmed(updatable: Made) -> None:
    operator = await updatable()
    lock = operator.lock
    new = operator.release("0.2.0")
    await operator.publish(new)
    await operator.order("0.2.0")
    for step in ("accepted", "fetched", "trial", "confirmed"):
        await operator.wait_update(step, "0.2.0")
    state = (await lock.state())["lock"]
    assert (state["slot"], state["firmware"]) == ("b", "0.2.0")
    await lock.tap_to_relay("tenant")
    await lock.power(False)
    assert lock.world.board.read_file("/slots/b.pack") == new.slot


async def _goes_back(operator: Operator, changes: dict[str, bytes], trial_s: int = 1) -> list[str]:
    """Update to a release with these changes, and wait until the lock says that it went back from it."""
    lock = operator.lock
    new = operator.release("0.2.0", changes)
    await operator.publish(new)
    await operator.order("0.2.0")
    await operator.wait_update("fetched", "0.2.0")
    await operator.wait_update("went back", "0.2.0", 90)
    state = (await lock.state())["lock"]
    assert (state["slot"], state["firmware"]) == ("a", VERSION)
    return [e["name"] for e in lock.since() if e["type"] == "reset"]


@pytest.mark.parametrize(
    ("what", "cause"),
    [
        ("crashes at import", "HARD_RESET"),
        ("crashes after a while", "HARD_RESET"),
        ("hangs the loop", "WDT_RESET"),
        ("has a reader driver that fails", "HARD_RESET"),
        ("cannot read what residents set", "HARD_RESET"),
    ],
)
async def test_a_release_that_is_bad_goes_back_by_itself(updatable: Made, what: str, cause: str) -> None:
    """The tenant gets in by card or code, whichever is left; and after it as before."""
    operator = await updatable(trial_s=20 if "while" in what or "hangs" in what else 1)
    lock = operator.lock
    await _choose_pin(lock)
    getting_in = asyncio.ensure_future(_get_in_now_and_then(lock))
    resets = await _goes_back(operator, BAD[what])
    assert cause in resets
    getting_in.cancel()
    await asyncio.gather(getting_in, return_exceptions=True)
    await lock.power(False)
    lock.world.network(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(PIN + "#")  # what residents set has outlived it all
    await lock.wait_unlocked()
"""
