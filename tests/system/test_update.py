"""A lock is brought to another release by its operator, and goes back by itself if that is bad."""

import os

import pytest

from tests.releases import Edits, Made, choose_pin, updatable

__all__ = ["updatable"]
CHOSEN = "902817"


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


_ALARM = '                    self._reports.alarm("tamper")\n'
_START = "    async def start(self) -> None:\n"
BAD: dict[str, Edits] = {
    "crashes at import": {"app.py": ("import asyncio\n", "import asyncio\nraise ValueError\n")},
    "crashes after a while": {"door/doorkeeper.py": (_ALARM, "                    raise ValueError\n")},
    "hangs the loop": {
        "door/doorkeeper.py": (_ALARM, "                    while True:\n                        pass\n")
    },
    "has a reader driver that fails": {
        "readers/pn532.py": (_START, _START + '        raise ReaderError("a mistake")\n')
    },
    "cannot read what residents set": {
        "storage/purposes.py": ('b"menshen people v1"', 'b"menshen people v2"')
    },
}
_TOUCHED = ("crashes after a while", "hangs the loop")
"""They go wrong when somebody opens the case, so that the tenant has been in before."""


_CAUSES = {"hangs the loop": "WDT_RESET", "cannot read what residents set": "HARD_RESET"}
"""By day one that the watchdog ends and one that goes back by its faults. test_update_paths.py has one that
crashes at import, integration/test_poisoned_release.py one whose reader fails, unit/update/test_slots.py all.
"""
if os.environ.get("MENSHEN_NIGHTLY"):
    _CAUSES |= {what: "HARD_RESET" for what in BAD if what not in _CAUSES}


@pytest.mark.slow
@pytest.mark.parametrize(("what", "cause"), _CAUSES.items())
async def test_a_release_that_is_bad_goes_back_by_itself(updatable: Made, what: str, cause: str) -> None:
    """The tenant gets in meanwhile, where it is not over at once, and after it."""
    operator = await updatable(trial_s=600 if what in _TOUCHED else 1)
    lock = operator.lock
    await choose_pin(lock, CHOSEN)
    new = operator.release("0.2.0", BAD[what])
    await operator.publish(new)
    await operator.order("0.2.0")
    await operator.wait_update("fetched", "0.2.0")
    trial = await lock.wait_event(lambda e: e["type"] == "reset")
    await operator.withdraw()  # else it is tried again, at once
    lock.since_us = trial["us"] + 1
    if what in _TOUCHED:
        await lock.wait_event(lambda e: e["type"] == "console" and "app: armed" in e["line"])
        await lock.keys("246810#")
        await lock.wait_unlocked()
        await lock.wait_locked()
        assert not [e for e in lock.events if e["type"] == "reset" and e["us"] > trial["us"]]
        await lock.tamper(True)
    back = await lock.wait_event(lambda e: e["type"] == "reset")
    assert back["name"] == cause
    lock.since_us = back["us"]
    await operator.wait_update("went back", "0.2.0")
    await lock.power(False)
    lock.world.network(False)
    await lock.power(True)
    await lock.wait_armed()
    await lock.tap_to_relay("tenant")
    await lock.wait_locked()
    await lock.keys(CHOSEN + "#")  # what residents set has outlived it all
    await lock.wait_unlocked()
    assert lock.world.board.nvs_path.read_text().count('"choice": 0') == 1


_DEAF: Edits = {
    "link/link.py": (
        "        await self._timekeeper.prepare()\n",
        '        raise OSError("this release cannot speak to the broker")\n',
    ),
    "update/manager.py": ("hour_ms = 3_600_000", "hour_ms = 50"),
}


@pytest.mark.slow
async def test_a_release_that_does_not_reach_the_broker_goes_back_after_72_hours(updatable: Made) -> None:
    """Hours of a twentieth of a second. It was confirmed, since the door is well; the door never notices."""
    operator = await updatable()
    lock = operator.lock
    new = operator.release("0.2.0", _DEAF)
    await operator.publish(new)
    await operator.order("0.2.0")
    await operator.wait_update("fetched", "0.2.0")
    await lock.wait_event(lambda e: e["type"] == "reset")
    await operator.wait_update("went back", "0.2.0")
    await operator.wait_update("confirmed", "0.1.0")
    state = (await lock.state())["lock"]
    assert (state["slot"], state["firmware"], state["online"]) == ("a", "0.1.0", True)
    console = [event["line"] for event in lock.events if event["type"] == "console"]
    assert any("0.2.0 confirmed" in line for line in console), "the network has no say in the trial"
    await lock.tap_to_relay("tenant")


async def test_one_that_raises_the_security_version_stays_though_it_reaches_no_broker(
    updatable: Made,
) -> None:
    operator = await updatable()
    lock = operator.lock
    await operator.publish(operator.release("0.2.0", _DEAF, security=2))
    await operator.order("0.2.0")
    await operator.wait_update("fetched", "0.2.0")
    await lock.wait_event(lambda e: e["type"] == "console" and "0.2.0 confirmed" in e["line"])
    lock.since_us = lock.events[-1]["us"]
    for _ in range(100):  # of its hours
        await lock.world.board.turn()
    await lock.tap_to_relay("tenant")
    assert "before" not in lock.world.board.nvs_path.read_text()
